// The envelope of what goes out: {"event":"NAME","args":["ARG"]} and one newline (contract websocket.md 2).
#pragma once

#include <string>
#include <string_view>

namespace pinion::websocket {

void appendFrame(std::string &out, std::string_view event);
void appendFrame(std::string &out, std::string_view event, std::string_view argument);

inline std::string frame(std::string_view event) {
  std::string out;
  appendFrame(out, event);
  return out;
}
inline std::string frame(std::string_view event, std::string_view argument) {
  std::string out;
  appendFrame(out, event, argument);
  return out;
}

// A console line in which the daemon itself speaks (contract websocket.md 5.3).
std::string daemonLine(std::string_view app_name, std::string_view text);

// The name under which a topic goes to the wire: up to its first colon, as it always was.
inline std::string_view wireName(std::string_view topic) { return topic.substr(0, topic.find(':')); }

// What an event's payload becomes as an argument: bytes and JSON strings as their text, other JSON as its source.
std::string argumentOf(std::string_view json_payload);

} // namespace pinion::websocket
