#include "bus/pattern.hpp"

#include "base/ids.hpp"
#include "base/json_text.hpp"

#include <algorithm>

namespace pinion::core {

Result<Pattern> parsePattern(std::string_view pattern) {
  const auto refuse = [&](const std::string &why) {
    return Error{Code::invalid, "pattern " + jsonString(pattern.substr(0, kMaxTopic)) + ": " + why};
  };
  Pattern out;
  std::string_view topic = pattern;
  if (const auto at = pattern.rfind('@'); at != std::string_view::npos) {
    topic = pattern.substr(0, at);
    out.server = pattern.substr(at + 1);
    if (!ServerId::parse(out.server)) return refuse("what follows @ is no lower-case server UUID");
  }
  if (topic.empty()) return refuse("it names no topic; * means every topic");
  if (topic.size() > kMaxTopic) return refuse("it is longer than 256 bytes");
  if (topic.find('@') != std::string_view::npos) return refuse("a topic holds no @");
  if (std::any_of(topic.begin(), topic.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return refuse("it holds a control character");
  if (topic.back() == '*') {
    out.prefix = true;
    topic.remove_suffix(1);
  }
  if (topic.find('*') != std::string_view::npos) return refuse("a * may only stand at its end");
  out.text = topic;
  return out;
}

} // namespace pinion::core
