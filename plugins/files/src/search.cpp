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

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; } // a character begun before

// * is any run, ? any one character, everything else itself. Linear but for the last star.
bool matchesShell(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = std::string_view::npos, resumed = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '?') {
      for (++n; n < name.size() && continues(name[n]);) ++n;
      ++p;
    } else if (p < pattern.size() && pattern[p] == name[n] && pattern[p] != '*') {
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

std::string_view takePart(std::string_view &path) {
  const auto end = std::min(path.find('/'), path.size());
  const auto part = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return part;
}

// As walking the folders depth first meets them: folders before files, what is in a folder before the folder itself.
bool isBefore(const Found &a, const Found &b) {
  std::string_view rest_a = a.path, rest_b = b.path;
  for (;;) {
    const auto part_a = takePart(rest_a), part_b = takePart(rest_b);
    const bool last_a = rest_a.empty(), last_b = rest_b.empty();
    if (part_a != part_b) {
      const bool folder_a = !last_a || a.info.type == PINION_FILE_DIRECTORY;
      const bool folder_b = !last_b || b.info.type == PINION_FILE_DIRECTORY;
      return folder_a != folder_b ? folder_a : part_a < part_b;
    }
    if (last_a || last_b) return last_b && !last_a;
  }
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
      const bool is_folder = info.type == PINION_FILE_DIRECTORY;
      if (is_folder && passedOver(name)) return ++seen < limits.entries;
      if (is_folder && here.depth < depth) ahead.push_back({path, here.depth + 1});
      if (matchesPattern(name, wanted)) {
        found.push_back({std::move(path), info});
        found.back().info.name = nullptr;
      }
      return ++seen < limits.entries && found.size() < limits.found;
    });
    if (!listed && next == 0) return listed.error();
  }
  std::sort(found.begin(), found.end(), isBefore);
  return found;
}

} // namespace pinion::files
