// What a ConfigStore keeps beside the snapshot, and the steps between file, snapshot and facts.
#pragma once

#include "base/guarded.hpp"
#include "config/config.hpp"
#include "config/value.hpp"

#include <map>
#include <memory>
#include <string>

namespace pinion::core {

// What the file held: unknown keys are written back from it, and so is how it spells the credentials.
struct Origin {
  Value document;
  std::string token_id, token;
};

struct LoadedConfig {
  Config config;
  Origin origin;
};

struct ConfigStore::Impl {
  Guarded<Origin> origin; // also held while a change is made, so that changes and writes come one after another
  Guarded<ConfigPtr> current;
  struct Facts {
    ConfigPtr of; // the snapshot they were made from
    std::shared_ptr<const Value> tree;
    std::map<std::string, Value> extra;
  };
  Guarded<Facts> facts;
};

// read.cpp
Result<LoadedConfig> readConfig(const std::string &text, const std::string &name);
// Environment variable `override_name`, else `raw` with $VAR, ${VAR} and file:// resolved. The error names neither
// value.
Result<std::string> resolveCredential(const std::string &raw, const char *override_name);
Result<std::string> readSmallFile(const std::string &path, std::size_t limit);

// write.cpp
std::string configText(const Config &config, const Origin &origin);
Result<void> replaceFile(const std::string &path, const std::string &text);

// update.cpp: applies a pushed document to copies. Code::invalid: neither may be used.
Result<void> applyPush(const std::string &json, Config &config, Origin &origin);

// facts.cpp
Value factsOf(const Config &config);
bool isSecretPointer(std::string_view pointer);

} // namespace pinion::core
