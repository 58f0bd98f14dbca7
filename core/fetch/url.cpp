#include "fetch/url.hpp"

#include <algorithm>
#include <charconv>

namespace pinion::core::fetch {
namespace {

constexpr std::size_t kLongest = 8192;

Error refused(const std::string &reason) { return {Code::invalid, reason}; }

std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 200)) + "\""; }

bool isHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

Result<void> checkEscapes(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1))
    if (at + 2 >= text.size() || !isHex(text[at + 1]) || !isHex(text[at + 2]))
      return refused("invalid URL escape " + quoted(text.substr(at, 3)));
  return {};
}

std::string decoded(std::string_view text) { // with good escapes
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      i += 2;
    }
    out += static_cast<char>(value);
  }
  return out;
}

// Bytes that may not stand in a request line are escaped; what is escaped stays so.
std::string onWire(std::string_view path) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kEscaped = "\"<>\\^`{|}";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && kEscaped.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4u];
      out += kDigits[byte & 15u];
    }
  }
  return out;
}

Result<void> parseAuthority(std::string_view authority, Url &out) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const auto user_info = authority.substr(0, at);
    if (auto checked = checkEscapes(user_info); !checked) return checked;
    out.user_info = decoded(user_info);
    authority.remove_prefix(at + 1);
  }
  std::string_view host = authority, port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return refused("missing ']' in host");
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (!port.empty() && port != ":") {
    int number = 0;
    const auto digits = port.substr(1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (port[0] != ':' || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || number < 1 ||
        number > 65535)
      return refused("invalid port " + quoted(port) + " after host");
    out.address.port = number;
  }
  static constexpr std::string_view kNever = " \"<>\\^`{|}%#?/@[]";
  for (const char c : host)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || kNever.find(c) != std::string_view::npos)
      return refused("invalid character " + quoted(std::string_view(&c, 1)) + " in host name");
  if (host.empty()) return refused("no host in request URL");
  out.address.host = host;
  return {};
}

} // namespace

Result<Url> parseUrl(const std::string &text) {
  if (text.size() > kLongest) return refused("the URL is longer than 8192 bytes");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return refused("invalid control character in URL");
  std::string_view rest = std::string_view(text).substr(0, text.find('#'));
  const auto colon = rest.find(':');
  const auto scheme_end = rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");
  if (colon == 0) return refused("missing protocol scheme");
  if (colon != std::string_view::npos && scheme_end != colon && rest.find('/') > colon)
    return refused("first path segment in URL cannot contain colon");
  std::string scheme;
  if (colon != std::string_view::npos && scheme_end == colon) scheme = rest.substr(0, colon);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (scheme != "http" && scheme != "https") return refused("unsupported protocol scheme " + quoted(scheme));
  rest.remove_prefix(colon + 1);
  if (!rest.starts_with("//")) return refused("no host in request URL");
  rest.remove_prefix(2);
  Url out;
  out.address.https = scheme == "https";
  out.address.port = out.address.https ? 443 : 80;
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  if (auto parsed = parseAuthority(rest.substr(0, end), out); !parsed) return parsed.error();
  rest.remove_prefix(end);
  if (auto checked = checkEscapes(rest.substr(0, rest.find('?'))); !checked) return checked.error();
  out.address.path = (rest.starts_with('/') ? "" : "/") + onWire(rest);
  return out;
}

std::string Url::text() const { return address.origin() + address.path; }

Result<Url> Url::resolve(const std::string &location) const {
  const auto colon = location.find(':');
  if (colon != std::string::npos && colon < std::min(location.find_first_of("/?#"), location.size()))
    return parseUrl(location);
  if (location.starts_with("//")) return parseUrl((address.https ? "https:" : "http:") + location);
  const auto path = address.path.substr(0, address.path.find('?'));
  if (location.starts_with('/')) return parseUrl(address.origin() + location);
  if (location.starts_with('?') || location.empty()) return parseUrl(address.origin() + path + location);
  return parseUrl(address.origin() + path.substr(0, path.rfind('/') + 1) + location);
}

} // namespace pinion::core::fetch
