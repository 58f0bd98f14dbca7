// A request's head, read strictly: whatever two parsers could understand differently is refused (request smuggling).
//
// Why not a library: Debian 12 has only the abandoned http-parser, and Poco's reader decodes RFC 2047 words inside
// header values (an encoded CR LF becomes a real one), after a strict check had passed the undecoded text.
#pragma once

#include "http/exchange.hpp"
#include "http/target.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pinion::core::http {

struct RequestHead {
  std::string method;
  Target target;
  int minor = 1; // HTTP/1.<minor>
  Headers fields;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  // The first of that name, any case; null when there is none.
  [[nodiscard]] const std::string *find(std::string_view name) const;
  // All of that name joined by ", "; empty when there is none.
  [[nodiscard]] std::string joined(std::string_view name) const;
};

struct HeadRefusal {
  int status;
};

// `text` is everything up to and with the empty line.
std::variant<RequestHead, HeadRefusal> parseHead(std::string_view text);

} // namespace pinion::core::http
