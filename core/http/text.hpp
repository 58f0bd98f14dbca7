// Small questions about header text. ASCII only: HTTP knows no other letters here.
#pragma once

#include <string>
#include <string_view>

namespace pinion::core::http {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A "tchar" of RFC 9110: what methods and header names are made of.
constexpr bool isTokenChar(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr bool isToken(std::string_view text) {
  for (const char c : text)
    if (!isTokenChar(c)) return false;
  return !text.empty();
}

// Header values: no control bytes but the tab. Bytes above 0x7f are let through, as everywhere.
constexpr bool isFieldValue(std::string_view text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
  return true;
}

// Calls `visit` with each trimmed, non-empty element of a list; stops when it returns true, and says so.
template <typename Visit> bool anyElement(std::string_view list, char separator, Visit &&visit) {
  while (true) {
    const auto end = list.find(separator);
    const auto element = trimmed(list.substr(0, end));
    if (!element.empty() && visit(element)) return true;
    if (end == std::string_view::npos) return false;
    list.remove_prefix(end + 1);
  }
}

inline bool listContains(std::string_view list, std::string_view token) {
  return anyElement(list, ',', [&](std::string_view element) { return equalsIgnoringCase(element, token); });
}

} // namespace pinion::core::http
