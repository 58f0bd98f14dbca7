// The text of one log line (contract config.md 9), apart from where it goes.
#pragma once

#include "log/log.hpp"

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core::log {

// "message   key=value ...": the message padded to 25 columns, fields sorted by key, secrets masked.
std::string lineText(std::string_view message, Fields fields, const std::vector<std::string> &secrets);
// " INFO: [Nov 21 02:26:56.792] ": `when` is local time.
std::string linePrefix(Level level, const std::tm &when, int milliseconds);

} // namespace pinion::core::log
