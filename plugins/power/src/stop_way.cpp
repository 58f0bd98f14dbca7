#include "stop_way.hpp"

#include <cctype>

namespace power {

StopWay stopWay(std::string_view type, std::string_view value) {
  if (type == "command") return {StopWay::Kind::command, std::string(value)};
  if (!type.empty() && type != "signal") return {StopWay::Kind::native, {}};
  if (type.empty()) return {StopWay::Kind::kill, {}};
  std::string name;
  for (const char c : value) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name == "C") name = "SIGINT"; // the Panel sends ^C as C
  if (name == "SIGINT" || name == "SIGTERM" || name == "SIGABRT") return {StopWay::Kind::signal, name};
  return {StopWay::Kind::kill, {}};
}

} // namespace power
