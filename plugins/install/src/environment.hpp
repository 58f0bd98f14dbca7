// The variables that a server's containers get, for the head of the installation log (contract docker.md 3.2).
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <string>
#include <vector>

namespace install {

// "KEY=value" in order: what the daemon says, then the server's own, keys in capitals, none twice.
std::vector<std::string> environmentList(const pinion::Json &configuration, const std::string &timezone);

} // namespace install
