// Telling UUIDs from other text, before one becomes the name of a file or a key. Stands alone: standard headers only.
// All functions are pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace pinion {
inline namespace v0 {

// 8-4-4-4-12 hexadecimal digits of either case, and nothing around them.
inline bool isUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

// A UUID of version 4 in the one way that the Panel writes it: in lower case. Two such texts are the same UUID only
// when they are the same text.
inline bool isPanelUuid(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'F'; };
  return isUuid(text) && std::none_of(text.begin(), text.end(), upper) && text[14] == '4' &&
         std::string_view("89ab").find(text[19]) != std::string_view::npos;
}

} // namespace v0
} // namespace pinion
