// Writing JSON strings by appends, in the form that the protocol's clients know (Go's encoding/json; contract http.md
// 1). Stands alone: standard headers only. All functions are pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pinion {
inline namespace v0 {
namespace detail {

inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Which bytes stand for themselves inside a JSON string; all others are looked at.
constexpr std::array<bool, 256> plainBytes() {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = true;
  for (const char special : {'"', '\\', '<', '>', '&'}) plain[static_cast<std::uint8_t>(special)] = false;
  return plain;
}
inline constexpr auto kPlain = plainBytes();

// The length of the UTF-8 sequence that starts at `i`, or 0 when it is malformed (overlong, surrogate, out of range).
inline std::size_t sequenceLength(std::string_view text, std::size_t i) {
  const auto at = [&](std::size_t k) { return static_cast<std::uint8_t>(text[i + k]); };
  const std::uint8_t lead = at(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((at(k) & 0xc0) != 0x80) return 0;
  if (lead == 0xe0 && at(1) < 0xa0) return 0;
  if (lead == 0xed && at(1) > 0x9f) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  if (lead == 0xf4 && at(1) > 0x8f) return 0;
  return length;
}

inline void appendControl(std::string &out, char c) {
  static constexpr char digits[] = "0123456789abcdef";
  out += "\\u00";
  out.push_back(digits[static_cast<std::uint8_t>(c) >> 4]);
  out.push_back(digits[static_cast<std::uint8_t>(c) & 15]);
}

inline void appendAscii(std::string &out, char c) {
  switch (c) {
  case '"': out += "\\\""; break;
  case '\\': out += "\\\\"; break;
  case '\n': out += "\\n"; break;
  case '\r': out += "\\r"; break;
  case '\t': out += "\\t"; break;
  default: appendControl(out, c);
  }
}

} // namespace detail

// Appends `text` as a JSON string. <, >, & and U+2028/9 are escaped; bytes that are no UTF-8 become U+FFFD.
inline void appendJsonString(std::string &out, std::string_view text) {
  out.push_back('"');
  std::size_t run = 0; // start of the bytes that are copied as they are
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (detail::kPlain[byte]) {
      ++i;
      continue;
    }
    const std::size_t length = byte < 0x80 ? 1 : detail::sequenceLength(text, i);
    const bool separator = length == 3 && (text.substr(i, 3) == "\xe2\x80\xa8" || text.substr(i, 3) == "\xe2\x80\xa9");
    if (length > 1 && !separator) {
      i += length;
      continue;
    }
    out.append(text.substr(run, i - run));
    if (separator)
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
    else if (length == 0)
      out += detail::kReplacement;
    else
      detail::appendAscii(out, text[i]);
    i += length == 0 ? 1 : length;
    run = i;
  }
  out.append(text.substr(run));
  out.push_back('"');
}

inline std::string jsonString(std::string_view text) {
  std::string out;
  appendJsonString(out, text);
  return out;
}

// `text` with each byte that belongs to no UTF-8 sequence replaced by U+FFFD.
inline std::string validUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = detail::sequenceLength(text, i);
    if (length == 0)
      out += detail::kReplacement;
    else
      out.append(text.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  return out;
}

} // namespace v0
} // namespace pinion
