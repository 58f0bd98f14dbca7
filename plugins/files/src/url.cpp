#include "url.hpp"

#include "go_text.hpp"

#include <algorithm>

namespace pinion::files {

namespace {

using View = std::string_view;

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
int hexDigit(char c) {
  if (isDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The first % that two hexadecimal digits do not follow.
std::optional<std::string> escapeFault(View text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '%' && (i + 2 >= text.size() || hexDigit(text[i + 1]) < 0 || hexDigit(text[i + 2]) < 0))
      return "invalid URL escape " + quoted(text.substr(i, 3));
  return std::nullopt;
}

std::string decoded(View text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hexDigit(text[i + 1]) >= 0 && hexDigit(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

bool isPort(View text) {
  return text.empty() || (text[0] == ':' && std::all_of(text.begin() + 1, text.end(), isDigit));
}

std::optional<std::string> hostFault(View host) {
  View port;
  if (host.starts_with('[')) {
    const auto end = host.rfind(']');
    if (end == View::npos) return "missing ']' in host";
    port = host.substr(end + 1);
  } else if (host.find('[') != View::npos) {
    return "invalid IP-literal";
  } else if (const auto colon = host.rfind(':'); colon != View::npos) {
    port = host.substr(colon);
  }
  if (!isPort(port)) return "invalid port " + quoted(port) + " after host";
  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    if (c == '%') { // only what is no ASCII is written so in a host
      const View escape = host.substr(i, 3);
      const bool whole = escape.size() == 3 && hexDigit(escape[1]) >= 0 && hexDigit(escape[2]) >= 0;
      if (!whole || (hexDigit(escape[1]) < 8 && escape != "%25")) return "invalid URL escape " + quoted(escape);
      i += 2;
    } else if (static_cast<unsigned char>(c) < 0x80 && !isLetter(c) && !isDigit(c) &&
               View("-_.~!$&'()*+,;=:[]<>\"").find(c) == View::npos) {
      return "invalid character " + quoted(host.substr(i, 1)) + " in host name";
    }
  }
  return std::nullopt;
}

std::optional<std::string> authorityFault(View authority) {
  const auto at = authority.rfind('@');
  if (at == View::npos) return hostFault(authority);
  if (auto fault = hostFault(authority.substr(at + 1))) return fault;
  const View user = authority.substr(0, at);
  const auto good = [](char c) {
    return isLetter(c) || isDigit(c) || View("-._:~!$&'()*+,;=%@").find(c) != View::npos;
  };
  if (!std::all_of(user.begin(), user.end(), good)) return "net/url: invalid userinfo";
  return escapeFault(user);
}

// What is before ":", when it may be a scheme; `fault` when there is nothing before it.
View schemeOf(View url, std::optional<std::string> &fault) {
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    if (isLetter(c)) continue;
    if (c == ':') {
      if (i == 0) fault = "missing protocol scheme";
      return url.substr(0, i);
    }
    if (i == 0 || (!isDigit(c) && c != '+' && c != '-' && c != '.')) return "";
  }
  return "";
}

struct Pieces {
  View authority, path;
};

// Behind the scheme, without query and fragment.
Pieces piecesOf(View rest) {
  if (!rest.starts_with("//")) return {"", rest};
  rest.remove_prefix(2);
  const auto slash = std::min(rest.find('/'), rest.size());
  return {rest.substr(0, slash), rest.substr(slash)};
}

} // namespace

std::optional<std::string> urlFault(std::string_view url) {
  for (const char c : url)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "net/url: invalid control character in URL";
  const auto hash = url.find('#');
  if (hash != View::npos)
    if (auto fault = escapeFault(url.substr(hash + 1))) return fault;
  url = url.substr(0, hash);
  std::optional<std::string> fault;
  const View scheme = schemeOf(url, fault);
  if (fault) return fault;
  View rest = scheme.empty() ? url : url.substr(scheme.size() + 1);
  rest = rest.substr(0, rest.find('?'));
  if (!rest.starts_with('/')) {
    if (!scheme.empty()) return std::nullopt; // "mailto:x"
    if (rest.substr(0, rest.find('/')).find(':') != View::npos) return "first path segment in URL cannot contain colon";
  }
  if (scheme.empty() && rest.starts_with("///")) return escapeFault(rest);
  const Pieces pieces = piecesOf(rest);
  if (auto bad = authorityFault(pieces.authority)) return bad;
  return escapeFault(pieces.path);
}

std::string urlFileName(std::string_view url) {
  url = url.substr(0, url.find('#'));
  url = url.substr(0, url.find('?'));
  std::optional<std::string> ignored;
  const View scheme = schemeOf(url, ignored);
  const std::string path = decoded(piecesOf(scheme.empty() ? url : url.substr(scheme.size() + 1)).path);
  return path.substr(path.rfind('/') + 1);
}

} // namespace pinion::files
