#include "console/console.hpp"

#include "console/terminal.hpp"

#include <unistd.h>

#include <csignal>
#include <iostream>

namespace pinion::core {

int runConsole(const ConsoleOptions &options) {
  std::signal(SIGPIPE, SIG_IGN); // a reader or daemon that goes is an error of a write, not the end of us
  return runTerminal(options, {STDIN_FILENO, std::cout, std::cerr, ::isatty(STDOUT_FILENO) == 1});
}

} // namespace pinion::core
