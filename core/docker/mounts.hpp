// What is bound into a container (contract docker.md 3.4).
#pragma once

#include "config/config.hpp"
#include "servers/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

struct Mount {
  std::string source, target;
  bool read_only = false;
};

// `path` without ".", "..", double and trailing slashes, as Go's filepath.Clean gives it; pure.
std::string cleanPath(std::string_view path);
// Whether the clean `path` is `folder` or below it, component by component; pure.
bool isWithin(std::string_view path, std::string_view folder);

// The mounts of a server's container: its files, the node's passwd, group and machine-id where they exist, and the
// custom ones that the node allows. Sources are resolved, so that neither ".." nor a link leads out of what is allowed.
// What is left out and why is added to `warnings`.
std::vector<Mount> serverMounts(const Settings &settings, const Config &config, const std::string &data_path,
                                std::vector<std::string> &warnings);

void appendMounts(std::string &out, const std::vector<Mount> &mounts); // the JSON list

} // namespace pinion::core
