// Points in time as the Panel reads them: RFC 3339 in UTC, up to nine digits of fraction, "Z". Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace activity {

std::string timestampOf(std::chrono::system_clock::time_point when);

// RFC 3339, and what databases make of it ("2024-03-17 20:58:30.5+01:00", "... +0000 UTC"). Nothing when it is no time.
std::optional<std::string> timestampFrom(std::string_view text);

// Is `a` before `b`? Both as the functions above give them.
bool isEarlier(std::string_view a, std::string_view b);

} // namespace activity
