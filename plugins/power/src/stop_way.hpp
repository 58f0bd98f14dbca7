// How a server is stopped: `process_configuration.stop` of its definition, by the newer mapping of docker.md 5.3.
#pragma once

#include <string>
#include <string_view>

namespace power {

struct StopWay {
  enum class Kind {
    command, // typed into the console, the engine's own stop when there is no console
    signal,  // sent, then waited for
    kill,    // SIGKILL at once
    native   // the engine's own stop
  };
  Kind kind = Kind::kill;
  std::string value; // the command, or the signal's name
};

StopWay stopWay(std::string_view type, std::string_view value);

} // namespace power
