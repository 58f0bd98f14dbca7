// `pinion configure`: fetches a node's configuration from its Panel and writes it (contract config.md 5, panel.md 9).
#pragma once

#include "app/command_line.hpp"

namespace pinion::core {

// Asks on the terminal for what was not given. The process' exit code.
int runConfigure(const CommandLine &line);

} // namespace pinion::core
