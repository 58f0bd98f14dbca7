// The request target: a decoded path and a query.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinion::core::http {

struct Target {
  std::string path; // %XX decoded as a whole, before it is split: %2F separates segments (as the Panel's daemon does)
  std::string raw_path; // as sent
  std::string query;    // as sent, without '?'
};

// Takes "/path?query", "http://host/path?query" and, for OPTIONS, "*". Nothing when it is none of these or a %XX is
// broken. Dot segments are left alone: no route matches them, and no handler takes a file name from the path.
std::optional<Target> parseTarget(std::string_view method, std::string_view target);

// %XX decoded, and '+' too when `plus` is set; nothing when an escape is broken.
std::optional<std::string> percentDecoded(std::string_view text, bool plus);

// The first value of the name; pairs with broken escapes or a ';' are passed over.
std::optional<std::string> queryValue(std::string_view query, std::string_view name);

} // namespace pinion::core::http
