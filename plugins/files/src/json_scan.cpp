#include "json_scan.hpp"

#include "text_pieces.hpp"

#include <string>

namespace pinion::files {

using namespace std::string_view_literals;
using View = std::string_view;

JsonScan scanJson(std::string_view text) {
  std::string open; // brackets that are to be closed
  enum class Want { value, value_or_end, key, key_or_end, colon, comma_or_end, nothing } want = Want::value;
  const auto ended = [&] { want = open.empty() ? Want::nothing : Want::comma_or_end; };
  std::size_t i = 0;
  const auto string = [&] { // after the opening quote; whole, cut or wrong
    for (; i < text.size(); ++i) {
      if (byte(text[i]) < 0x20) return JsonScan::wrong;
      if (text[i] == '"') {
        ++i;
        return JsonScan::whole;
      }
      if (text[i] != '\\') continue;
      if (++i >= text.size()) return JsonScan::cut;
      if (text[i] == 'u') {
        for (int digit = 0; digit < 4; ++digit) {
          if (++i >= text.size()) return JsonScan::cut;
          const char c = lower(text[i]);
          if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return JsonScan::wrong;
        }
      } else if ("\"\\/bfnrt"sv.find(text[i]) == View::npos) {
        return JsonScan::wrong;
      }
    }
    return JsonScan::cut;
  };
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - from;
  };
  const auto numeral = [&] {
    if (text[i] == '-') ++i;
    if (i >= text.size()) return JsonScan::cut;
    if (text[i] == '0')
      ++i;
    else if (digits() == 0)
      return JsonScan::wrong;
    if (i < text.size() && text[i] == '.') {
      ++i;
      if (digits() == 0) return i >= text.size() ? JsonScan::cut : JsonScan::wrong;
    }
    if (i < text.size() && lower(text[i]) == 'e') {
      ++i;
      if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
      if (digits() == 0) return i >= text.size() ? JsonScan::cut : JsonScan::wrong;
    }
    return JsonScan::whole;
  };
  while (i < text.size()) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++i;
      continue;
    }
    const bool closes = !open.empty() && c == open.back() &&
                        (want == Want::comma_or_end || (want == Want::value_or_end && c == ']') ||
                         (want == Want::key_or_end && c == '}'));
    if (closes) {
      open.pop_back();
      ++i;
      ended();
      continue;
    }
    switch (want) {
    case Want::nothing: return JsonScan::wrong;
    case Want::colon:
      if (c != ':') return JsonScan::wrong;
      ++i;
      want = Want::value;
      continue;
    case Want::comma_or_end:
      if (c != ',') return JsonScan::wrong;
      ++i;
      want = open.back() == '}' ? Want::key : Want::value;
      continue;
    case Want::key:
    case Want::key_or_end:
      if (c != '"') return JsonScan::wrong;
      ++i;
      if (const auto scan = string(); scan != JsonScan::whole) return scan;
      want = Want::colon;
      continue;
    case Want::value:
    case Want::value_or_end: break;
    }
    if (c == '{' || c == '[') {
      open += c == '{' ? '}' : ']';
      want = c == '{' ? Want::key_or_end : Want::value_or_end;
      ++i;
      continue;
    }
    JsonScan scan = JsonScan::wrong;
    if (c == '"') {
      ++i;
      scan = string();
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      scan = numeral();
    } else {
      for (const View word : {"true"sv, "false"sv, "null"sv}) {
        const View rest = text.substr(i);
        if (rest.starts_with(word)) {
          i += word.size();
          scan = JsonScan::whole;
          break;
        } else if (word.starts_with(rest)) {
          scan = JsonScan::cut;
        }
      }
    }
    if (scan != JsonScan::whole) return scan;
    ended();
  }
  return want == Want::nothing ? JsonScan::whole : JsonScan::cut;
}

} // namespace pinion::files
