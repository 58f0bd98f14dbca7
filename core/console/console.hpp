// `pinion console SERVER`: a terminal on one server over the daemon's real WebSocket. Lines typed go in as commands,
// console lines come out; `.stats`, `.start`, `.stop`, `.restart`, `.kill`, `.quit` are the client's own words.
#pragma once

#include <string>

namespace pinion::core {

struct ConsoleOptions {
  std::string config_path; // where host, port and the token are read from
  std::string server;      // UUID, its first 8 characters, or the server's name
  bool once = false;       // send what is on stdin, wait until output is quiet for a second, then leave
};

// Runs until the input ends, the server is deleted or the connection is lost. The process' exit code; errors go to
// stderr.
int runConsole(const ConsoleOptions &options);

} // namespace pinion::core
