#include "base/json_text.hpp"

#include <cstdint>

namespace pinion::core {

namespace {

// The length of the UTF-8 sequence that starts at `i`, or 0 when it is malformed (overlong, surrogate, out of range).
std::size_t sequence(std::string_view s, std::size_t i) {
  const auto at = [&](std::size_t k) { return static_cast<std::uint8_t>(s[i + k]); };
  const std::uint8_t lead = at(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || i + length > s.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((at(k) & 0xc0) != 0x80) return 0;
  if (lead == 0xe0 && at(1) < 0xa0) return 0;
  if (lead == 0xed && at(1) > 0x9f) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  if (lead == 0xf4 && at(1) > 0x8f) return 0;
  return length;
}

void appendControl(std::string &out, char c) {
  static constexpr char digits[] = "0123456789abcdef";
  out += "\\u00";
  out.push_back(digits[static_cast<std::uint8_t>(c) >> 4]);
  out.push_back(digits[static_cast<std::uint8_t>(c) & 15]);
}

} // namespace

void appendJsonString(std::string &out, std::string_view text) {
  out.push_back('"');
  std::size_t plain = 0; // start of the run that needs no escape
  const auto flush = [&](std::size_t end) { out.append(text.substr(plain, end - plain)); };
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&') {
      ++i;
      continue;
    }
    if (static_cast<std::uint8_t>(c) >= 0x80) {
      const std::size_t length = sequence(text, i);
      const bool separator =
          length == 3 && text.substr(i, 2) == "\xe2\x80" && (text[i + 2] == '\xa8' || text[i + 2] == '\xa9');
      if (length != 0 && !separator) {
        i += length;
        continue;
      }
      flush(i);
      out += length == 0 ? "\xef\xbf\xbd" : text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += length == 0 ? 1 : length;
      plain = i;
      continue;
    }
    flush(i);
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\x7f': out.push_back(c); break;
    default: appendControl(out, c);
    }
    plain = ++i;
  }
  flush(text.size());
  out.push_back('"');
}

} // namespace pinion::core
