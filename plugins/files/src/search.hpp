// Looks for names below a folder (contract files.md 5): bounded in depth and work, no link is followed.
#pragma once

#include <pinion/cpp/files.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pinion::files {

struct SearchLimits {
  int depth = 8;                   // folders below the one that is searched
  std::size_t entries = 1'000'000; // that are looked at
  std::size_t found = 10'000;
};

struct Found {
  std::string path; // from the server's root, without the first slash
  pinion_file_info info;
};

// Whether a name is meant. `pattern` in lower case: with * or ? it is for the whole name, else a part of the name.
bool matchesPattern(std::string_view name, std::string_view pattern);

// What matches, files and folders, those in a folder before it; what is beyond the limits is left out. A folder that
// cannot be read is passed over, but for the first. [pool]
Result<std::vector<Found>> searchFor(const Files &files, const std::string &folder, std::string_view pattern,
                                     int depth);

} // namespace pinion::files
