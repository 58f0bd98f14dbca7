// What the console client reads and writes, as pure functions: typed lines, frames of the protocol, figures.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pinion::core {

// A typed line: the client's own word (".start"), or a command for the server.
struct Typed {
  enum class Kind { nothing, command, power, stats, help, quit, unknown };
  Kind kind = Kind::nothing;
  std::string text; // the command, the power action, or the unknown word
};
// "..x" sends ".x": for games whose commands begin with a dot.
Typed readTyped(std::string_view line);
const char *typedHelp();

// A frame of contract websocket.md 2. The arguments of an incoming one are joined, as they are meant.
struct Message {
  std::string event, text;
};
std::string encodeMessage(const Message &message);
Result<Message> decodeMessage(const std::string &frame);

// Without escape sequences and other control characters but tab.
std::string withoutAnsi(std::string_view text);

// One line for a person from a "stats" payload.
Result<std::string> formatFigures(const std::string &stats);
std::string formatBytes(std::uint64_t bytes);          // "1.5 GiB"
std::string formatDuration(std::int64_t milliseconds); // "2h 3m", "45s"

} // namespace pinion::core
