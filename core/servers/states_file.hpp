// states.json: what the servers did when the daemon last looked, so that a boot can bring them back (contract config.md
// 8). The same file as Wings': one object, UUID -> state name.
#pragma once

#include "base/result.hpp"
#include "servers/registry.hpp"

#include <map>
#include <string>

namespace pinion::core {

// The file's text; an absent file is made, empty, with mode 0644. The error names the file.
Result<std::string> readStates(const std::string &path);
// Entries that are no server or no state are left out; no text at all means no states.
Result<std::map<ServerId, State>> decodeStates(const std::string &text);
std::string encodeStates(const std::map<ServerId, State> &states);
// Atomic: written beside it, synced, renamed.
Result<void> writeStates(const std::string &path, const std::string &text);

} // namespace pinion::core
