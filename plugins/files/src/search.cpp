#include "search.hpp"

#include "go_text.hpp"

#include <algorithm>

namespace pinion::files {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char &c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// Folders that hold much and of which nobody wants any.
bool passedOver(std::string_view folder) {
  const std::string name = lower(folder);
  constexpr std::string_view names[] = {"node_modules", ".wine", ".git", "appcache", "depotcache", "vendor"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// * is any run, ? any one byte, everything else itself. Linear but for the last star.
bool matchesShell(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = std::string_view::npos, resumed = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == name[n] && pattern[p] != '*'))) {
      ++n;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resumed = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resumed;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

} // namespace

bool matchesPattern(std::string_view name, std::string_view pattern) {
  const std::string lowered = lower(name);
  if (pattern.find_first_of("*?") != std::string_view::npos) return matchesShell(lowered, pattern);
  return lowered.find(pattern) != std::string::npos;
}

Result<std::vector<Found>> searchFor(const Files &files, const std::string &folder, std::string_view pattern,
                                     int depth) {
  struct Folder {
    std::string path;
    int depth;
  };
  const SearchLimits limits;
  const std::string wanted = lower(pattern);
  std::vector<Folder> ahead{{cleanPath("/" + folder).substr(1), 0}};
  std::vector<Found> found;
  std::size_t seen = 0;
  for (std::size_t next = 0; next < ahead.size() && seen < limits.entries && found.size() < limits.found; ++next) {
    const Folder here = std::move(ahead[next]);
    const auto listed = files.entries(next == 0 ? folder : here.path, [&](const pinion_file_info &info) {
      const std::string_view name = info.name;
      std::string path = here.path.empty() ? std::string(name) : here.path + "/" + std::string(name);
      if (info.type == PINION_FILE_DIRECTORY) {
        if (here.depth < depth && !passedOver(name)) ahead.push_back({std::move(path), here.depth + 1});
      } else if (matchesPattern(name, wanted)) {
        found.push_back({std::move(path), info});
        found.back().info.name = nullptr;
      }
      return ++seen < limits.entries && found.size() < limits.found;
    });
    if (!listed && next == 0) return listed.error();
  }
  return found;
}

} // namespace pinion::files
