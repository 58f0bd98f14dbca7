#include "standalone/section.hpp"

#include "base/json_text.hpp"

#include <algorithm>
#include <charconv>

namespace pinion::core {

namespace {

constexpr std::size_t max_json = 4 << 20;
constexpr int max_depth = 64;

// Insertions, deletions, replacements that make `b` of `a`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string listed(const std::vector<std::string> &names) {
  std::string out;
  for (const auto &name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

bool isJsonNumber(std::string_view text) {
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  std::size_t i = text.starts_with('-') ? 1 : 0;
  if (!digit(i) || (text[i] == '0' && digit(i + 1))) return false;
  while (digit(i)) ++i;
  if (i < text.size() && text[i] == '.') {
    if (!digit(++i)) return false;
    while (digit(i)) ++i;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digit(i)) return false;
    while (digit(i)) ++i;
  }
  return i == text.size();
}

bool appendJson(std::string &out, const YAML::Node &node, int depth) {
  if (depth > max_depth || out.size() > max_json) return false;
  switch (node.Type()) {
  case YAML::NodeType::Undefined:
  case YAML::NodeType::Null: out += "null"; return true;
  case YAML::NodeType::Scalar: {
    const std::string &text = node.Scalar();
    const bool plain = node.Tag() == "?"; // quoted ones have "!"
    if (plain && (text == "true" || text == "false" || isJsonNumber(text)))
      out += text;
    else
      appendJsonString(out, text);
    return true;
  }
  case YAML::NodeType::Sequence: {
    char before = '[';
    for (const auto &item : node) {
      out += before;
      before = ',';
      if (!appendJson(out, item, depth + 1)) return false;
    }
    out += before == '[' ? "[]" : "]";
    return true;
  }
  case YAML::NodeType::Map: {
    char before = '{';
    for (const auto &member : node) {
      if (!member.first.IsScalar()) return false;
      out += before;
      before = ',';
      appendJsonString(out, member.first.Scalar());
      out += ':';
      if (!appendJson(out, member.second, depth + 1)) return false;
    }
    out += before == '{' ? "{}" : "}";
    return true;
  }
  }
  return false;
}

} // namespace

void Problem::at(const YAML::Mark &mark, const std::string &text) {
  if (error_) return;
  error_ = Error{Code::invalid,
                 file_ + (mark.line >= 0 ? ":" + std::to_string(mark.line + 1) : std::string()) + ": " + text};
}

void Problem::at(const YAML::Node &node, const std::string &key, const std::string &text) {
  at(node.IsDefined() ? node.Mark() : YAML::Mark::null_mark(), key.empty() ? text : key + ": " + text);
}

std::optional<std::int64_t> wholeNumber(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> scalarText(const YAML::Node &node, const std::string &key, const std::string &wanted,
                                      Problem &problem) {
  if (node.IsScalar()) return node.Scalar();
  problem.at(node, key, "expected " + wanted + ", found a " + (node.IsMap() ? "mapping" : "list"));
  return std::nullopt;
}

std::optional<std::string> yamlToJson(const YAML::Node &node) {
  std::string out;
  if (!appendJson(out, node, 0)) return std::nullopt;
  return out;
}

Section::Section(const YAML::Node &node, std::string path, Problem &problem)
    : node_(node), path_(std::move(path)), problem_(problem) {
  if (!node_.IsMap()) {
    problem_.at(node_, path_,
                path_.empty() ? "a server's definition is a mapping (name: ..., image: ...)"
                              : "expected a mapping (key: value)");
    node_ = YAML::Node(YAML::NodeType::Map);
    return;
  }
  std::vector<std::string> seen;
  for (const auto &member : node_) {
    if (!member.first.IsScalar()) {
      problem_.at(member.first, path_, "a key must be a text");
      continue;
    }
    const std::string &key = member.first.Scalar();
    if (std::find(seen.begin(), seen.end(), key) != seen.end())
      problem_.at(member.first, shown(key), "given twice; keep one");
    seen.push_back(key);
  }
}

YAML::Node Section::value(const std::string &key) {
  known_.push_back(key);
  for (const auto &member : node_)
    if (member.first.IsScalar() && member.first.Scalar() == key)
      return member.second.IsNull() ? YAML::Node(YAML::NodeType::Undefined) : YAML::Node(member.second);
  return YAML::Node(YAML::NodeType::Undefined);
}

bool Section::has(const std::string &key) { return value(key).IsDefined(); }

void Section::refuse(const std::string &key, const std::string &text) {
  const YAML::Node found = value(key);
  problem_.at(found.IsDefined() ? found : node_, shown(key), text);
}

std::optional<std::string> Section::scalar(const std::string &key, const std::string &wanted) {
  const YAML::Node found = value(key);
  if (!found.IsDefined()) return std::nullopt;
  return scalarText(found, shown(key), wanted, problem_);
}

void Section::text(const std::string &key, std::string &out) {
  if (auto found = scalar(key, "a text")) out = std::move(*found);
}

void Section::flag(const std::string &key, bool &out) {
  const auto found = scalar(key, "true or false");
  if (!found) return;
  if (*found == "true" || *found == "yes" || *found == "on")
    out = true;
  else if (*found == "false" || *found == "no" || *found == "off")
    out = false;
  else
    refuse(key, "expected true or false, found \"" + *found + "\"");
}

void Section::whole(const std::string &key, std::int64_t &out, std::int64_t min, std::int64_t max,
                    const std::string &wanted) {
  const auto found = scalar(key, wanted);
  if (!found) return;
  const auto number = wholeNumber(*found);
  if (number && *number >= min && *number <= max)
    out = *number;
  else
    refuse(key, "expected " + wanted + ", found \"" + *found + "\"");
}

void Section::size(const std::string &key, std::int64_t &out, std::int64_t min) {
  const std::string wanted = "a size in MB (512, 512M, 2G)" + std::string(min < 0 ? ", or -1 for no limit" : "");
  const auto found = scalar(key, wanted);
  if (!found) return;
  std::string_view digits = *found;
  std::int64_t factor = 1;
  constexpr std::pair<char, std::int64_t> units[] = {{'M', 1}, {'G', 1024}, {'T', 1024 * 1024}};
  for (const auto &[unit, megabytes] : units)
    if (digits.ends_with(unit)) {
      digits.remove_suffix(1);
      factor = megabytes;
      break;
    }
  const auto number = wholeNumber(digits);
  std::int64_t value = 0;
  if (number && *number >= min && !__builtin_mul_overflow(*number, factor, &value) && value < (std::int64_t{1} << 40))
    out = value;
  else
    refuse(key, "expected " + wanted + ", found \"" + *found + "\"");
}

void Section::texts(const std::string &key, std::vector<std::string> &out) {
  const YAML::Node found = value(key);
  if (!found.IsDefined()) return;
  out.clear();
  if (!found.IsSequence()) {
    if (auto one = scalarText(found, shown(key), "a text or a list of texts", problem_)) out.push_back(*one);
    return;
  }
  for (const auto &item : found)
    if (auto one = scalarText(item, shown(key), "a list of texts", problem_)) out.push_back(*one);
}

void Section::finish() {
  std::sort(known_.begin(), known_.end());
  known_.erase(std::unique(known_.begin(), known_.end()), known_.end());
  for (const auto &member : node_) {
    if (!member.first.IsScalar()) continue;
    const std::string &key = member.first.Scalar();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const auto nearest = std::min_element(known_.begin(), known_.end(), [&](const auto &a, const auto &b) {
      return distance(key, a) < distance(key, b);
    });
    const bool near = nearest != known_.end() && distance(key, *nearest) <= std::max<std::size_t>(2, key.size() / 3);
    problem_.at(member.first, shown(key),
                near ? "unknown key; did you mean \"" + *nearest + "\"?" : "unknown key; known are: " + listed(known_));
  }
}

} // namespace pinion::core
