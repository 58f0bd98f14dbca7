// Where the shipped plugins are.
#pragma once

#include <string>
#include <vector>

namespace pinion::core {

// The first that is a folder: `configured` (alone, when it is given), then ../lib/pinion/plugins beside the program's
// own folder, then where it was installed to. The last candidate when none is, so that an error can name it.
std::string findPluginFolder(const std::string &configured, const std::string &program, const std::string &installed);

// The running program's own path.
std::string programPath();

} // namespace pinion::core
