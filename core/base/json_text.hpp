// Writing JSON text by appends, as Go's encoding/json writes it: the wire contract's form (contract http.md 1).
#pragma once

#include <string>
#include <string_view>

namespace pinion::core {

// Appends `text` as a JSON string. <, >, & and U+2028/9 are escaped; bytes that are no UTF-8 become U+FFFD.
void appendJsonString(std::string &out, std::string_view text);

inline std::string jsonString(std::string_view text) {
  std::string out;
  appendJsonString(out, text);
  return out;
}

} // namespace pinion::core
