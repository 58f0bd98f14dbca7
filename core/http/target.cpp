#include "http/target.hpp"

#include "http/text.hpp"

namespace pinion::core::http {
namespace {

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

} // namespace

std::optional<std::string> percentDecoded(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hexDigit(text[i + 1]), low = hexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::optional<Target> parseTarget(std::string_view method, std::string_view target) {
  if (target == "*" && method == "OPTIONS") return Target{"*", "*", ""};
  bool absolute = false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !equalsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const auto end = target.find_first_of("/?");
    if (end == 0) return std::nullopt;
    target.remove_prefix(end == std::string_view::npos ? target.size() : end);
    absolute = true;
    break;
  }
  if (!target.starts_with('/') && !absolute) return std::nullopt;
  const auto mark = target.find('?');
  Target out;
  out.raw_path = target.substr(0, mark);
  if (out.raw_path.empty()) out.raw_path = "/"; // "http://host" and "http://host?query"
  if (mark != std::string_view::npos) out.query = target.substr(mark + 1);
  auto path = percentDecoded(out.raw_path, false);
  if (!path || target.find('#') != std::string_view::npos) return std::nullopt;
  out.path = std::move(*path);
  return out;
}

std::optional<std::string> queryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const auto equals = pair.find('=');
    const auto key = percentDecoded(pair.substr(0, equals), true);
    if (!key || *key != name) continue;
    if (equals == std::string_view::npos) return std::string();
    if (auto value = percentDecoded(pair.substr(equals + 1), true)) return value;
  }
  return std::nullopt;
}

} // namespace pinion::core::http
