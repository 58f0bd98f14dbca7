#include "machine/memory_use.hpp"

#include "machine/facts.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <charconv>

namespace pinion::core::machine {

// A line is "begin-end perms offset device inode path".
std::vector<Range> codeRanges(std::string_view maps) {
  std::vector<Range> out;
  while (!maps.empty()) {
    const std::size_t end_of_line = std::min(maps.find('\n'), maps.size() - 1);
    const std::string_view line = maps.substr(0, end_of_line);
    maps.remove_prefix(end_of_line + 1);
    if (line.find(" r-xp ") == std::string_view::npos || line.find(" /") == std::string_view::npos) continue;
    Range range;
    const char *const last = line.data() + line.size();
    const auto begin = std::from_chars(line.data(), last, range.begin, 16);
    if (begin.ec != std::errc() || begin.ptr == last || *begin.ptr != '-') continue;
    const auto end = std::from_chars(begin.ptr + 1, last, range.end, 16);
    if (end.ec == std::errc() && range.begin < range.end) out.push_back(range);
  }
  return out;
}

void giveBackBootMemory() {
  ::malloc_trim(0);
  for (const Range &range : codeRanges(slurp("/proc/self/maps")))
    ::madvise(reinterpret_cast<void *>(range.begin), range.end - range.begin, MADV_DONTNEED);
}

} // namespace pinion::core::machine
