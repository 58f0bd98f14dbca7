// Lists of patterns as gitignore writes them: an egg's file denylist and the ignore lists of backups (contract files.md
// 2 and 8).
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

// One pattern a line, `#` for comments, `!` takes back what earlier lines named, and the last line that fits decides.
// `*` and [sets] stay within a name, `**` as a whole name stands for any folders, `?` for itself. A pattern fits at any
// depth unless it begins with `/`; one that ends with `/` or `/**` names what is in a folder, not the folder. What
// names a folder names all below it. Case matters. The time is bounded by the product of the lengths of list and path,
// whatever the pattern. Immutable, so thread-safe.
class Ignore {
public:
  Ignore() = default; // names nothing
  explicit Ignore(const std::vector<std::string> &lines);
  static Ignore fromText(std::string_view text); // the lines of a file

  [[nodiscard]] bool empty() const { return patterns_.empty(); }
  // `path` is relative to the root and clean (Tree::clean); the root itself is never named.
  [[nodiscard]] bool matches(std::string_view path) const;

private:
  // The pattern of one name: bytes, or `run` for `*`, or `first_set` + the index of a set.
  using Glob = std::vector<std::uint32_t>;
  static constexpr std::uint32_t run = 256, first_set = 257;
  struct Pattern {
    std::vector<Glob> names; // an empty one: any folders
    bool negated = false;
    bool inside = false; // only what is below what `names` lead to
  };

  void add(std::string_view line);
  Glob compile(std::string_view name);
  std::size_t compileSet(std::string_view name, std::size_t at, Glob &out);
  [[nodiscard]] bool fits(const Glob &glob, std::string_view name) const;
  [[nodiscard]] bool fits(const Pattern &pattern, const std::vector<std::string_view> &names) const;

  std::vector<Pattern> patterns_;
  std::vector<std::bitset<256>> sets_;
};

} // namespace pinion::core
