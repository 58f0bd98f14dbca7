// The environment of a container (contract docker.md 3.2). Pure.
#pragma once

#include "servers/settings.hpp"

#include <string>
#include <vector>

namespace pinion::core {

// `value` as the environment shows it: text as it is, whole numbers without decimals, true/false. Empty for null, lists
// and objects: `shown` is false then.
std::string environmentValue(const std::string &json, bool &shown);

struct EnvironmentRules {
  std::string timezone;
  std::string local_address; // stands for 127.0.0.1 in SERVER_IP; empty: as it is
};
// "KEY=value" in order: TZ, STARTUP, SERVER_MEMORY, SERVER_IP, SERVER_PORT, then the settings' own, sorted; the first
// of a name wins. Keys whose value cannot be shown are added to `unclear`.
std::vector<std::string> environmentList(const Settings &settings, const EnvironmentRules &rules,
                                         std::vector<std::string> &unclear);

} // namespace pinion::core
