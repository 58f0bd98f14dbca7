// The bodies of the power routes, read as leniently and as strictly as existing daemons do (contract http.md 1.4):
// keys in any case, unknown keys and what follows the first value are ignored, null leaves the default.
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace power {

enum class BodyFault {
  none,
  empty,    // "not in a parsable format"
  malformed // the generic error
};

struct PowerRequest {
  std::string action;
  std::int64_t wait_seconds = 0;
};

BodyFault readPowerRequest(std::string_view body, PowerRequest &out);
BodyFault readCommands(std::string_view body, std::vector<std::string> &out);

[[nodiscard]] bool knownAction(std::string_view action); // start, stop, restart, kill
// What a caller asked for, within 0 to 300; anything else is 30.
[[nodiscard]] std::uint32_t lockWaitSeconds(std::int64_t asked);
// `size` of the log route: 1 to 100; anything else is 100.
[[nodiscard]] int logSize(std::string_view text);

// Answers a body that could not be read.
void answerFault(pinion::Exchange &exchange, BodyFault fault);
// 500 with the generic text and the request's id.
void answerInternal(pinion::Exchange &exchange);

} // namespace power
