// One server definition in YAML, as docs/guide/standalone.md describes it.
#pragma once

#include "base/result.hpp"
#include "servers/settings.hpp"

#include <string>

namespace pinion::core {

struct InstallScript {
  std::string image, entrypoint = "sh", script; // an empty script: there is nothing to install
};

struct DefinitionFile {
  DefinitionPtr definition;
  InstallScript install;
};

// The UUID of a definition that gives none: from the file's name, so that it stays the same on every machine.
ServerId derivedId(const std::string &file_name);

// `file` is how errors call it ("servers/demo.yml"); its last part without ".yml" derives the UUID and the name.
Result<DefinitionFile> parseDefinitionFile(const std::string &text, const std::string &file,
                                           const SettingsDefaults &defaults);

} // namespace pinion::core
