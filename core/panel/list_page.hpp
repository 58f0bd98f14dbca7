// One page of the Panel's server list (panel.md 3), taken apart without a tree of the whole page.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace pinion::core::panel {

struct PageNumbers {
  std::int64_t current = 0, last = 0;
};

// Calls `each` with the text of every entry. Code::invalid names the key that is wrong.
Result<PageNumbers> readListPage(const std::string &body, const std::function<void(const std::string &)> &each);

// The entry's "uuid" for a log line; empty when it has none.
std::string entryUuid(const std::string &entry);

} // namespace pinion::core::panel
