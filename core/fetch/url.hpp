// A URL as it is typed, taken apart strictly. Its refusals are shown to users.
#pragma once

#include "outbound/dial.hpp"

namespace pinion::core::fetch {

struct Url {
  outbound::Address address; // its path as it goes on the wire
  std::string user_info;     // "name:password", decoded; or empty

  [[nodiscard]] std::string text() const; // without user_info
  // Where a Location of an answer to this URL points.
  [[nodiscard]] Result<Url> resolve(const std::string &location) const;
};

// Code::invalid with the reason ("missing protocol scheme").
Result<Url> parseUrl(const std::string &text);

} // namespace pinion::core::fetch
