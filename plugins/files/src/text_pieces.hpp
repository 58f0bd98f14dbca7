// Small looks at text, as the web's formats want them: ASCII only. For json_scan, charset and mime_text. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace pinion::files {

inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

inline std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }
inline bool isSpace(char c) { return c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '; }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline std::string_view trimLeft(std::string_view text) {
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  return text;
}
inline std::string_view trim(std::string_view text) {
  text = trimLeft(text);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return text;
}

// `signature` is in upper case where case does not matter; one more byte must follow.
inline bool startsAnyCase(std::string_view text, std::string_view signature) {
  if (text.size() <= signature.size()) return false;
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const char c = signature[i];
    const bool letter = c >= 'A' && c <= 'Z';
    if ((letter ? static_cast<char>(text[i] & 0xdf) : text[i]) != c) return false;
  }
  return true;
}

} // namespace pinion::files
