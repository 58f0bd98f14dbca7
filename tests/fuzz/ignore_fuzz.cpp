// Ignore against a matcher that is too simple to be wrong (and to be fast). Input: the lines, a NUL, the path.
#include "fuzz.hpp"

#include "filesystem/ignore.hpp"
#include "filesystem/tree.hpp"

#include <optional>

using fuzz::require;
using pinion::core::Ignore;
using pinion::core::Tree;

namespace {

using Names = std::vector<std::string>;

Names split(const std::string &text, char at) {
  Names out(1);
  for (const char one : text)
    if (one == at)
      out.emplace_back();
    else
      out.back() += one;
  return out;
}

bool inSet(const std::string &set, char byte) {
  const bool inverted = set[0] == '!' || set[0] == '^';
  bool found = false;
  for (std::size_t i = inverted ? 1 : 0; i < set.size(); ++i) {
    const auto next = [&] {
      if (set[i] == '\\' && i + 1 < set.size()) ++i;
      return static_cast<unsigned char>(set[i]);
    };
    const unsigned char low = next();
    unsigned char high = low;
    if (i + 2 < set.size() && set[i + 1] == '-') {
      i += 2;
      high = next();
    }
    found = found || (low <= static_cast<unsigned char>(byte) && static_cast<unsigned char>(byte) <= high);
  }
  return found != inverted;
}

// Where the set that begins at 0 ends, or nothing.
std::optional<std::size_t> endOfSet(const std::string &glob) {
  std::size_t at = 1;
  if (at < glob.size() && (glob[at] == '!' || glob[at] == '^')) ++at;
  for (std::size_t first = at; at < glob.size(); ++at) {
    if (glob[at] == ']' && at > first) return at;
    if (glob[at] == '\\' && at + 1 < glob.size()) ++at;
  }
  return std::nullopt;
}

// Simple is slow: beyond so many steps an input is not compared.
constexpr int most_steps = 20000;
int steps = 0;

bool nameFits(const std::string &glob, const std::string &name) {
  if (++steps > most_steps) return false;
  if (glob.empty()) return name.empty();
  if (glob[0] == '*') return nameFits(glob.substr(1), name) || (!name.empty() && nameFits(glob, name.substr(1)));
  if (name.empty()) return false;
  if (const auto end = glob[0] == '[' ? endOfSet(glob) : std::nullopt)
    return inSet(glob.substr(1, *end - 1), name[0]) && nameFits(glob.substr(*end + 1), name.substr(1));
  const std::size_t used = glob[0] == '\\' && glob.size() > 1 ? 2 : 1;
  return glob[used - 1] == name[0] && nameFits(glob.substr(used), name.substr(1));
}

// `parts` are names and "**"; what is left of the path may only be more names below.
bool pathFits(const Names &parts, const Names &names, bool inside, std::size_t part = 0, std::size_t name = 0) {
  if (++steps > most_steps) return false;
  if (part == parts.size()) return inside ? name < names.size() : true;
  if (parts[part] == "**" && pathFits(parts, names, inside, part + 1, name)) return true;
  if (name == names.size()) return false;
  if (parts[part] == "**") return pathFits(parts, names, inside, part, name + 1);
  return nameFits(parts[part], names[name]) && pathFits(parts, names, inside, part + 1, name + 1);
}

bool simply(const std::string &text, const std::string &path) {
  const Names names = split(path, '/');
  bool named = false;
  for (std::string line : split(text, '\n')) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
    while (!line.empty() && line[0] == ' ') line.erase(0, 1);
    if (line.empty() || line[0] == '#') continue;
    const bool negated = line[0] == '!';
    if (negated) line.erase(0, 1);
    if (line.empty()) continue;
    bool anchored = line[0] == '/';
    // "foo/*.bar" is meant from the root.
    for (std::size_t i = 1; i < line.size() && !line.starts_with("**/"); ++i)
      if (line[i] == '/' && line[i - 1] != '/' && line[i - 1] != '+' && line.find("*.", i) != std::string::npos)
        anchored = true;
    bool inside = line.back() == '/';
    Names parts;
    if (!anchored) parts.emplace_back("**");
    for (const auto &one : split(line, '/'))
      if (!one.empty()) parts.push_back(one);
    if (line.ends_with("/**") || line == "**") inside = true;
    if (pathFits(parts, names, inside)) named = !negated;
  }
  return named;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string input(reinterpret_cast<const char *>(data), size);
  const auto end = input.find('\0');
  if (end == std::string::npos) return 0;
  const std::string lines = input.substr(0, end);
  const auto path = Tree::clean("/" + input.substr(end + 1));
  if (!path || path->empty()) return 0;
  const Ignore ignore = Ignore::fromText(lines);
  const bool named = ignore.matches(*path);
  require(!ignore.matches(""), "the root is never named");
  require(ignore.matches("/" + *path) == named, "a slash before the path changes nothing");
  require(Ignore::fromText(lines + "\n# more\n\n   \n").matches(*path) == named, "comments change nothing");
  require(!Ignore::fromText(lines + "\n!/**").matches(*path), "all can be taken back");
  require(Ignore::fromText(lines + "\n*").matches(*path), "a star names everything");
  const bool takes_back = lines.find('!') != std::string::npos;
  if (named && !takes_back) require(ignore.matches(*path + "/below"), "what names a folder names all below it");
  if (lines.size() > 200 || path->size() > 60) return 0;
  steps = 0;
  const bool simple = simply(lines, *path);
  require(steps > most_steps || named == simple, "as the simple matcher says");
  return 0;
}
