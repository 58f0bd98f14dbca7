#include "done_matcher.hpp"

#include <re2/re2.h>

namespace power {

namespace {

const re2::RE2 &ansiSequence() {
  // An introducer, its opening marks, then text up to BEL or numbers with a final byte.
  static const re2::RE2 expression("[\\x1b\\x{9b}][\\[\\]()#;?]*"
                                   "(?:[a-zA-Z0-9;]*\\x07|(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-ntqry=><~])");
  return expression;
}

} // namespace

std::string_view withoutAnsi(std::string_view line, std::string &buffer) {
  if (line.find('\x1b') == std::string_view::npos && line.find("\xc2\x9b") == std::string_view::npos) return line;
  buffer.assign(line);
  re2::RE2::GlobalReplace(&buffer, ansiSequence(), "");
  return buffer;
}

DoneMatcher::DoneMatcher() = default;
DoneMatcher::DoneMatcher(DoneMatcher &&) noexcept = default;
DoneMatcher &DoneMatcher::operator=(DoneMatcher &&) noexcept = default;
DoneMatcher::~DoneMatcher() = default;

DoneMatcher::DoneMatcher(const std::vector<std::string> &entries, bool strip_ansi) : strip_ansi_(strip_ansi) {
  constexpr std::string_view prefix = "regex:";
  for (const auto &text : entries) {
    Entry entry{text, nullptr};
    if (text.size() > prefix.size() && std::string_view(text).substr(0, prefix.size()) == prefix) {
      re2::RE2::Options options;
      options.set_log_errors(false);
      auto expression = std::make_unique<re2::RE2>(std::string_view(text).substr(prefix.size()), options);
      if (expression->ok())
        entry.expression = std::move(expression);
      else
        refused_.push_back(text);
    }
    entries_.push_back(std::move(entry));
  }
}

bool DoneMatcher::matches(std::string_view line) {
  if (strip_ansi_) line = withoutAnsi(line, buffer_);
  for (const auto &entry : entries_) {
    const bool hit = entry.expression ? entry.expression->Match(line, 0, line.size(), re2::RE2::UNANCHORED, nullptr, 0)
                                      : line.find(entry.text) != std::string_view::npos;
    if (hit) return true;
  }
  return false;
}

} // namespace power
