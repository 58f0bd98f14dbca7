// What the power routes make of what they are asked (contract http.md 4).
#pragma once

#include <cstdint>
#include <string_view>

namespace power {

[[nodiscard]] bool knownAction(std::string_view action); // start, stop, restart, kill
// What a caller asked for, within 0 to 300; anything else is 30.
[[nodiscard]] std::uint32_t lockWaitSeconds(std::int64_t asked);
// `size` of the log route: 1 to 100; anything else is 100.
[[nodiscard]] int logSize(std::string_view text);

} // namespace power
