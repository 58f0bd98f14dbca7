#include "http/request_head.hpp"

#include "http/text.hpp"

namespace pinion::core::http {
namespace {

constexpr std::size_t kMaxFields = 256;
constexpr std::size_t kMaxMethod = 32;

// "METHOD SP target SP HTTP/1.x"; 0 when it is good, else the status to refuse with.
int readRequestLine(std::string_view line, RequestHead &head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  const auto method = line.substr(0, first), target = line.substr(first + 1, last - first - 1),
             version = line.substr(last + 1);
  if (!isToken(method) || method.size() > kMaxMethod || target.empty()) return 400;
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const bool other = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' && version[5] >= '0' &&
                       version[5] <= '9' && version[7] >= '0' && version[7] <= '9';
    return other ? 505 : 400;
  }
  auto parsed = parseTarget(method, target);
  if (!parsed) return 400;
  head.method = method;
  head.target = std::move(*parsed);
  head.minor = version.back() - '0';
  return 0;
}

bool goodHost(std::string_view host) {
  for (const char c : host)
    if (static_cast<unsigned char>(c) <= 0x20 || std::string_view("/?#@\\,").find(c) != std::string_view::npos)
      return false;
  return true;
}

std::optional<std::uint64_t> readLength(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

// The fields that decide where the body ends and whom the request is for.
int readMeaning(RequestHead &head) {
  int hosts = 0, codings = 0;
  bool asks_close = false, asks_keep = false;
  for (const auto &[name, value] : head.fields) {
    if (equalsIgnoringCase(name, "Host")) {
      if (++hosts > 1 || !goodHost(value)) return 400;
    } else if (equalsIgnoringCase(name, "Content-Length")) {
      if (head.content_length) return 400;
      head.content_length = readLength(value);
      if (!head.content_length) return 400;
    } else if (equalsIgnoringCase(name, "Transfer-Encoding")) {
      if (++codings > 1 || head.minor == 0 || !equalsIgnoringCase(value, "chunked")) return 400;
      head.chunked = true;
    } else if (equalsIgnoringCase(name, "Connection")) {
      asks_close = asks_close || listContains(value, "close");
      asks_keep = asks_keep || listContains(value, "keep-alive");
    } else if (equalsIgnoringCase(name, "Expect")) {
      if (!equalsIgnoringCase(value, "100-continue")) return 417;
      head.expects_continue = head.minor == 1;
    }
  }
  if (head.chunked && head.content_length) return 400;
  if (head.minor == 1 && hosts == 0) return 400;
  head.keep_alive = !asks_close && (head.minor == 1 || asks_keep);
  return 0;
}

} // namespace

const std::string *RequestHead::find(std::string_view name) const {
  for (const auto &field : fields)
    if (equalsIgnoringCase(field.first, name)) return &field.second;
  return nullptr;
}

std::string RequestHead::joined(std::string_view name) const {
  std::string out;
  for (const auto &[key, value] : fields) {
    if (!equalsIgnoringCase(key, name)) continue;
    if (!out.empty()) out += ", ";
    out += value;
  }
  return out;
}

std::variant<RequestHead, HeadRefusal> parseHead(std::string_view text) {
  RequestHead head;
  bool first = true;
  while (true) {
    const auto end = text.find("\r\n");
    if (end == std::string_view::npos) return HeadRefusal{400};
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.find_first_of("\r\n") != std::string_view::npos) return HeadRefusal{400};
    if (first) {
      if (const int status = readRequestLine(line, head)) return HeadRefusal{status};
      first = false;
      continue;
    }
    if (line.empty()) break;
    // A name that begins with a space would be a folded line, one that ends with it a smuggled field: no token has one.
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon))) return HeadRefusal{400};
    const auto value = trimmed(line.substr(colon + 1));
    if (!isFieldValue(value)) return HeadRefusal{400};
    if (head.fields.size() == kMaxFields) return HeadRefusal{431};
    head.fields.emplace_back(line.substr(0, colon), value);
  }
  if (!text.empty()) return HeadRefusal{400};
  if (const int status = readMeaning(head)) return HeadRefusal{status};
  return head;
}

} // namespace pinion::core::http
