// The console session: a terminal on one side, the daemon's websocket on the other, one poll() between them.
#pragma once

#include "console/console.hpp"
#include "console/node.hpp"

#include <ostream>

namespace pinion::core {

struct TerminalEnds {
  int input = 0;           // a descriptor; lines
  std::ostream &out, &err; // the server's lines; the client's own
  bool ansi = false;       // escape sequences pass
};

// As runConsole(), with the ends given. [main]
int runTerminal(const ConsoleOptions &options, const TerminalEnds &ends);

} // namespace pinion::core
