// Writing JSON strings by appends, in the form that the protocol's clients know (Go's encoding/json).
#pragma once

#include <string>
#include <string_view>

namespace pinion::websocket {

// Appends `text` as a JSON string. <, >, & and U+2028/9 are escaped; bytes that are no UTF-8 become U+FFFD.
void appendJsonString(std::string &out, std::string_view text);

inline std::string jsonString(std::string_view text) {
  std::string out;
  appendJsonString(out, text);
  return out;
}

// `text` with each byte that belongs to no UTF-8 sequence replaced by U+FFFD.
std::string validUtf8(std::string_view text);

} // namespace pinion::websocket
