// A server as the Panel (or a standalone definition) describes it. Shapes: contract panel.md 4; strictness as Go
// decodes: wrong types refuse the document, unknown keys are ignored, null leaves the default, an empty list stands for
// an empty map.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pinion::core {

// One value of the environment, kept as its JSON text ("\"x\"", "5", "true", "null") so that it is echoed as it came.
using EnvironmentValues = std::map<std::string, std::string>; // key -> JSON text, sorted by key

struct Allocation {
  std::string ip;
  int port = 0;
};

struct Build {
  std::int64_t memory_limit = 0; // MB, 0 = none
  std::int64_t swap = 0;         // MB, -1 = none
  std::uint16_t io_weight = 500;
  std::int64_t cpu_limit = 0;  // percent of one core, 0 = none
  std::int64_t disk_space = 0; // MiB, 0 = none
  std::string threads;         // cpuset syntax
  bool oom_disabled = false;   // also fed by the newer key oom_killer (its inverse)
};

struct CustomMount {
  std::string source, target;
  bool read_only = false;
};

struct Settings {
  ServerId id;
  std::string name, description;
  bool suspended = false;
  std::string invocation;
  bool skip_egg_scripts = false;
  EnvironmentValues environment;
  std::optional<std::map<std::string, std::string>> labels;
  bool force_outgoing_ip = false;
  Allocation default_allocation;
  std::map<std::string, std::vector<int>> mappings;
  Build build;
  bool crash_detection_enabled = true;
  std::vector<CustomMount> mounts;
  std::string egg_id;
  std::vector<std::string> file_denylist;
  std::string image;
  // Whether the document had it. Wings echoes what was null or missing as null; read the members above as empty then.
  bool has_environment = false, has_mappings = false, has_mounts = false, has_file_denylist = false;

  // The "configuration" object of GET /api/servers/:server, fields in contract order (http.md 4).
  [[nodiscard]] std::string toJson() const;
};

// Settings and the process configuration, which is kept as JSON text and parsed where it is used.
struct Definition {
  Settings settings;
  std::string process_configuration; // JSON object text
};
using DefinitionPtr = std::shared_ptr<const Definition>;

struct SettingsDefaults {
  bool crash_detection_enabled = true; // node's system.crash_detection.enabled
};

// `document`: {"settings":{...},"process_configuration":{...}} (a list entry with "uuid" beside is fine too).
// The error names the key that is wrong.
Result<DefinitionPtr> parseDefinition(const std::string &document, const SettingsDefaults &defaults);

} // namespace pinion::core
