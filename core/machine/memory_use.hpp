// Memory that only the boot needed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pinion::core::machine {

struct Range {
  unsigned long begin = 0, end = 0;
};
// Where a listing of /proc/<pid>/maps has code of files: executable, never written, no private copy of ours.
std::vector<Range> codeRanges(std::string_view maps);

// [main, at the end of the boot] Gives free heap back to the kernel, and lets go of the code pages that are mapped now:
// what runs again is mapped again out of the page cache. A daemon that idles for months does not keep its start-up
// resident.
void giveBackBootMemory();

} // namespace pinion::core::machine
