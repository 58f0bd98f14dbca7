#include "requests.hpp"

#include <charconv>

namespace power {

bool knownAction(std::string_view action) {
  return action == "start" || action == "stop" || action == "restart" || action == "kill";
}

std::uint32_t lockWaitSeconds(std::int64_t asked) {
  return asked < 0 || asked > 300 ? 30 : static_cast<std::uint32_t>(asked);
}

int logSize(std::string_view text) {
  int size = 0;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (fault != std::errc() || end != text.data() + text.size() || size <= 0 || size > 100) return 100;
  return size;
}

} // namespace power
