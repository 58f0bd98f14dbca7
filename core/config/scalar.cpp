#include "config/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace pinion::core {

namespace {

bool isOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// The digits without sign, prefix and "_", and their base.
struct Digits {
  bool negative = false;
  int base = 10;
  std::string text;
};

Digits digits(std::string_view text) {
  Digits out;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 1 && text[0] == '0') {
    const char mark = text[1];
    const bool marked = mark == 'x' || mark == 'X' || mark == 'o' || mark == 'O' || mark == 'b' || mark == 'B';
    out.base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
    text.remove_prefix(marked ? 2 : 1);
  }
  if (!text.empty() && text.front() != '_')
    std::copy_if(text.begin(), text.end(), std::back_inserter(out.text), [](char c) { return c != '_'; });
  return out;
}

std::optional<std::uint64_t> magnitude(const Digits &digits) {
  std::uint64_t value = 0;
  const char *end = digits.text.data() + digits.text.size();
  const auto [at, failed] = std::from_chars(digits.text.data(), end, value, digits.base);
  if (digits.text.empty() || failed != std::errc{} || at != end) return std::nullopt;
  return value;
}

} // namespace

bool isNullText(std::string_view text) { return isOneOf(text, {"", "~", "null", "Null", "NULL"}); }

std::optional<bool> boolFromText(std::string_view text) {
  if (isOneOf(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})) return true;
  if (isOneOf(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"})) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> unsignedFromText(std::string_view text) {
  const auto parts = digits(text);
  const auto value = magnitude(parts);
  if (value && parts.negative && *value != 0) return std::nullopt;
  if (value) return value;
  const auto whole = numberFromText(text); // 1e3
  if (!whole || *whole < 0 || *whole != std::floor(*whole) || *whole >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(*whole);
}

std::optional<std::int64_t> integerFromText(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  const auto value = unsignedFromText(negative ? text.substr(1) : text);
  if (!value || (negative && text.size() > 1 && (text[1] == '-' || text[1] == '+'))) return std::nullopt;
  static constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  if (*value > limit || (*value == limit && !negative)) return std::nullopt;
  return negative ? static_cast<std::int64_t>(~*value + 1) : static_cast<std::int64_t>(*value);
}

std::optional<double> numberFromText(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto octal = magnitude(digits(text));
    return octal ? std::optional<double>(static_cast<double>(*octal)) : std::nullopt;
  }
  double value = 0;
  const auto [at, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || at != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

} // namespace pinion::core
