#include "filesystem/ignore.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) out.push_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return out;
}

// "foo/*.bar" is meant from the root, as git and Wings read it, though other patterns with a slash inside are not.
bool meantFromRoot(std::string_view line) {
  const auto star = line.rfind("*.");
  if (star == std::string_view::npos) return false;
  for (auto slash = line.find('/'); slash < star; slash = line.find('/', slash + 1))
    if (slash > 0 && line[slash - 1] != '/' && line[slash - 1] != '+') return true;
  return false;
}

} // namespace

Ignore::Ignore(const std::vector<std::string> &lines) {
  for (const auto &line : lines) add(line);
}

Ignore Ignore::fromText(std::string_view text) {
  Ignore out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out.add(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

void Ignore::add(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  while (line.starts_with(' ')) line.remove_prefix(1);
  if (line.empty() || line.front() == '#') return;
  Pattern pattern;
  if (line.front() == '!') {
    pattern.negated = true;
    line.remove_prefix(1);
    if (line.empty()) return;
  }
  const bool anchored = line.front() == '/' || (!line.starts_with("**/") && meantFromRoot(line));
  pattern.inside = line.back() == '/';
  if (!anchored) pattern.names.emplace_back();
  for (const auto name : split(line)) {
    if (name != "**")
      pattern.names.push_back(compile(name));
    else if (pattern.names.empty() || !pattern.names.back().empty())
      pattern.names.emplace_back();
  }
  if (line.ends_with("**") && !pattern.names.empty() && pattern.names.back().empty()) {
    pattern.names.pop_back();
    pattern.inside = true;
  }
  patterns_.push_back(std::move(pattern));
}

Ignore::Glob Ignore::compile(std::string_view name) {
  Glob out;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const char one = name[at];
    if (one == '*') {
      if (out.empty() || out.back() != run) out.push_back(run);
    } else if (one == '[') {
      at = compileSet(name, at, out);
    } else {
      if (one == '\\' && at + 1 < name.size()) ++at;
      out.push_back(static_cast<unsigned char>(name[at]));
    }
  }
  return out;
}

// [abc], [a-z], [!a] and [^a]; a bracket that is never closed is a bracket. Returns where the set ends.
std::size_t Ignore::compileSet(std::string_view name, std::size_t at, Glob &out) {
  std::size_t next = at + 1;
  const bool inverted = next < name.size() && (name[next] == '!' || name[next] == '^');
  if (inverted) ++next;
  std::bitset<256> set;
  const auto take = [&] {
    if (name[next] == '\\' && next + 1 < name.size()) ++next;
    return static_cast<unsigned char>(name[next++]);
  };
  for (const std::size_t first = next; next < name.size();) {
    if (name[next] == ']' && next != first) {
      if (inverted) set.flip();
      out.push_back(first_set + static_cast<std::uint32_t>(sets_.size()));
      sets_.push_back(set);
      return next;
    }
    const unsigned low = take();
    unsigned high = low;
    if (next + 1 < name.size() && name[next] == '-' && name[next + 1] != ']') {
      ++next;
      high = take();
    }
    for (unsigned byte = low; byte <= high; ++byte) set.set(byte);
  }
  out.push_back(static_cast<unsigned char>('['));
  return at;
}

bool Ignore::fits(const Glob &glob, std::string_view name) const {
  const auto one = [&](std::uint32_t wanted, char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return wanted >= first_set ? sets_[wanted - first_set].test(value) : wanted == value;
  };
  // Only the last `*` is ever tried again: what an earlier one could take besides, the last can take too.
  std::size_t at = 0, token = 0, again = 0, again_token = glob.size() + 1;
  while (at < name.size()) {
    if (token < glob.size() && glob[token] == run) {
      again_token = ++token;
      again = at;
    } else if (token < glob.size() && one(glob[token], name[at])) {
      ++token;
      ++at;
    } else if (again_token <= glob.size()) {
      token = again_token;
      at = ++again;
    } else {
      return false;
    }
  }
  while (token < glob.size() && glob[token] == run) ++token;
  return token == glob.size();
}

bool Ignore::fits(const Pattern &pattern, const std::vector<std::string_view> &names) const {
  const std::size_t end = pattern.names.size();
  // Which parts of the pattern may come next; `end`: all of it was met.
  std::vector<char> now(end + 1), next(end + 1);
  const auto reach = [&](std::vector<char> &set, std::size_t part) {
    set[part] = 1;
    if (part < end && pattern.names[part].empty()) set[part + 1] = 1; // any folders may be none
  };
  reach(now, 0);
  if (now[end] != 0 && pattern.inside) return true; // "/": what is in the root
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::fill(next.begin(), next.end(), 0);
    bool alive = false;
    for (std::size_t part = 0; part < end; ++part) {
      if (now[part] == 0) continue;
      if (pattern.names[part].empty())
        reach(next, part);
      else if (fits(pattern.names[part], names[i]))
        reach(next, part + 1);
      else
        continue;
      alive = true;
    }
    if (next[end] != 0 && (!pattern.inside || i + 1 < names.size())) return true;
    if (!alive) return false;
    now.swap(next);
  }
  return false;
}

bool Ignore::matches(std::string_view path) const {
  if (patterns_.empty() || path.empty()) return false;
  const auto names = split(path);
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern)
    if (fits(*pattern, names)) return !pattern->negated;
  return false;
}

} // namespace pinion::core
