// Reading a YAML mapping key by key for people: the first thing wrong is told with file, line, key and what would be
// right.
#pragma once

#include "base/result.hpp"

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

// The first problem of a file; later ones are mostly its consequences.
class Problem {
public:
  explicit Problem(std::string file) : file_(std::move(file)) {}
  void at(const YAML::Node &node, const std::string &key, const std::string &text);
  void at(const YAML::Mark &mark, const std::string &text);
  [[nodiscard]] const std::optional<Error> &error() const { return error_; }

private:
  std::string file_;
  std::optional<Error> error_;
};

// One mapping. Every read names the key as known; finish() refuses the others. Absent keys and nulls leave `out` as is.
class Section {
public:
  // `path` is what keys are shown below ("" for the file itself).
  Section(const YAML::Node &node, std::string path, Problem &problem);

  void text(const std::string &key, std::string &out);
  void flag(const std::string &key, bool &out);
  // `wanted` completes "expected ...".
  void whole(const std::string &key, std::int64_t &out, std::int64_t min, std::int64_t max, const std::string &wanted);
  // Mebibytes: a plain number, or one with M, G or T.
  void size(const std::string &key, std::int64_t &out, std::int64_t min);
  void texts(const std::string &key, std::vector<std::string> &out); // a list of texts, or one text
  // The value of a key that has a form of its own; an undefined node when it is absent or null.
  YAML::Node value(const std::string &key);
  [[nodiscard]] bool has(const std::string &key);
  void refuse(const std::string &key, const std::string &text); // at the key's value
  void finish();
  [[nodiscard]] std::string shown(const std::string &key) const { return path_.empty() ? key : path_ + "." + key; }

private:
  std::optional<std::string> scalar(const std::string &key, const std::string &wanted);
  YAML::Node node_;
  std::string path_;
  Problem &problem_;
  std::vector<std::string> known_;
};

// The text of a scalar; nothing (and a problem) for a list or mapping.
std::optional<std::string> scalarText(const YAML::Node &node, const std::string &key, const std::string &wanted,
                                      Problem &problem);
std::optional<std::int64_t> wholeNumber(std::string_view text);

// As JSON: plain scalars that look like null, true, false or a number become that, all others strings. Nothing when it
// is larger than a server's configuration can sensibly be.
std::optional<std::string> yamlToJson(const YAML::Node &node);

} // namespace pinion::core
