// What a subscription listens for: TOPIC, PREFIX* or *, each optionally followed by "@SERVER".
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace pinion::core {

constexpr std::size_t kMaxTopic = 256; // bytes of a topic, an address or a pattern without its server

struct Pattern {
  std::string text;    // the topic, or its beginning when `prefix`
  bool prefix = false; // "*" is an empty prefix
  std::string server;  // UUID text, empty for every server and for none
};

Result<Pattern> parsePattern(std::string_view pattern);

} // namespace pinion::core
