// When is a starting server running? When a line of its output matches (contract docker.md 7).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace power {

// `line` without its ANSI sequences; when there are none, `line` itself. The view is good until the next call with the
// same `buffer`.
std::string_view withoutAnsi(std::string_view line, std::string &buffer);

// The `startup.done` entries of a definition, compiled once. "regex:EXPR" is searched for with RE2, anything else is a
// plain piece of text; an expression that does not compile is compared as plain text with its prefix.
class DoneMatcher {
public:
  DoneMatcher();
  DoneMatcher(const std::vector<std::string> &entries, bool strip_ansi);
  DoneMatcher(DoneMatcher &&) noexcept;
  DoneMatcher &operator=(DoneMatcher &&) noexcept;
  ~DoneMatcher();

  // Not thread-safe: it keeps a buffer. Allocates nothing unless there is something to strip.
  bool matches(std::string_view line);
  // Entries that looked like an expression and are none, for the log.
  [[nodiscard]] const std::vector<std::string> &refused() const { return refused_; }

private:
  struct Entry {
    std::string text;
    std::unique_ptr<re2::RE2> expression; // null: plain text
  };
  std::vector<Entry> entries_;
  std::vector<std::string> refused_;
  bool strip_ansi_ = false;
  std::string buffer_;
};

} // namespace power
