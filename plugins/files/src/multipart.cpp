#include "multipart.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace pinion::files {

namespace {

using View = std::string_view;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool sameWord(View a, View b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}
bool isBlank(char c) { return c == ' ' || c == '\t'; }
View trim(View text) {
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return text;
}
// A backslash before one of these is an escape; before anything else it is itself, as old browsers send paths.
bool isSpecial(char c) { return View("()<>@,;:\\\"/[]?=").find(c) != View::npos; }

// "word; key=value; key="value"". False when it is malformed.
bool readParameters(View text, std::string &word, std::vector<std::pair<std::string, std::string>> &parameters) {
  const auto semicolon = std::min(text.find(';'), text.size());
  word = trim(text.substr(0, semicolon));
  text.remove_prefix(semicolon);
  while (!(text = trim(text)).empty()) {
    if (text[0] != ';') return false;
    text = trim(text.substr(1));
    if (text.empty()) break; // a stray one at the end
    const auto equals = text.find('=');
    if (equals == View::npos) return false;
    std::string key(trim(text.substr(0, equals))), value;
    std::transform(key.begin(), key.end(), key.begin(), lower);
    text = trim(text.substr(equals + 1));
    if (text.starts_with('"')) {
      std::size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && isSpecial(text[i + 1])) ++i;
        value += text[i];
      }
      if (i >= text.size()) return false;
      text.remove_prefix(i + 1);
    } else {
      const auto end = std::min(text.find(';'), text.size());
      value = trim(text.substr(0, end));
      text.remove_prefix(end);
    }
    if (key.empty()) return false;
    parameters.emplace_back(std::move(key), std::move(value));
  }
  return true;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// utf-8''n%C3%A4me
std::optional<std::string> extended(View value) {
  const auto first = value.find('\'');
  const auto second = first == View::npos ? View::npos : value.find('\'', first + 1);
  if (second == View::npos) return std::nullopt;
  const View charset = value.substr(0, first);
  if (!sameWord(charset, "utf-8") && !sameWord(charset, "us-ascii")) return std::nullopt;
  std::string out;
  for (std::size_t i = second + 1; i < value.size(); ++i) {
    const bool escape =
        value[i] == '%' && i + 2 < value.size() && hexDigit(value[i + 1]) >= 0 && hexDigit(value[i + 2]) >= 0;
    out += escape ? static_cast<char>(hexDigit(value[i + 1]) * 16 + hexDigit(value[i + 2])) : value[i];
    if (escape) i += 2;
  }
  return out;
}

} // namespace

std::optional<std::string> formBoundary(std::string_view content_type) {
  std::string word;
  std::vector<std::pair<std::string, std::string>> parameters;
  if (!readParameters(content_type, word, parameters) || !sameWord(word, "multipart/form-data")) return std::nullopt;
  for (auto &[key, value] : parameters)
    if (key == "boundary" && !value.empty() && value.size() <= 256) return std::move(value);
  return std::nullopt;
}

Part readDisposition(std::string_view header) {
  Part out;
  std::string word;
  std::vector<std::pair<std::string, std::string>> parameters;
  if (!readParameters(header, word, parameters) || !sameWord(word, "form-data")) return out;
  for (auto &[key, value] : parameters) {
    if (key == "name") out.name = std::move(value);
    if (key == "filename" && !out.file_name) out.file_name = std::move(value);
    if (key == "filename*")
      if (auto name = extended(value)) out.file_name = std::move(name);
  }
  return out;
}

std::optional<std::string> dispositionFileName(std::string_view header) {
  const auto semicolon = header.find(';');
  if (semicolon == View::npos) return std::nullopt;
  return readDisposition("form-data" + std::string(header.substr(semicolon))).file_name;
}

Multipart::Multipart(std::string_view boundary)
    : dashes_("--" + std::string(boundary)), delimiter_("\r\n" + dashes_), window_(kWindow, '\0') {}

Multipart::Event Multipart::breakOff() {
  state_ = State::broken;
  return Event::malformed;
}

Multipart::Event Multipart::more() {
  if (over_) return breakOff();
  if (at_ > 0) std::memmove(window_.data(), window_.data() + at_, end_ - at_);
  end_ -= std::exchange(at_, 0);
  return end_ < window_.size() ? Event::more : breakOff();
}

Multipart::Event Multipart::next() {
  data_ = {};
  switch (state_) {
  case State::preamble: return preamble();
  case State::headers: return headers();
  case State::body_start:
  case State::body: return body();
  case State::finished: return Event::end;
  case State::broken: break;
  }
  return Event::malformed;
}

// Blanks and the end of the line, or "--".
Multipart::Tail Multipart::tailAt(std::size_t at, std::size_t &after) const {
  const View rest = View(window_).substr(at, end_ - at);
  if (rest.empty()) return over_ ? Tail::wrong : Tail::unknown;
  if (rest[0] == '-') {
    if (rest.size() < 2) return over_ ? Tail::text : Tail::unknown;
    return rest[1] == '-' ? Tail::end : Tail::text;
  }
  if (!isBlank(rest[0]) && rest[0] != '\r' && rest[0] != '\n') return Tail::text;
  std::size_t i = 0;
  while (i < rest.size() && isBlank(rest[i])) ++i;
  if (i > kMaxHeaders) return Tail::wrong;
  if (i < rest.size() && rest[i] == '\r') ++i;
  if (i >= rest.size()) return over_ ? Tail::wrong : Tail::unknown;
  if (rest[i] != '\n') return Tail::wrong;
  after = at + i + 1;
  return Tail::part;
}

// Lines before the first boundary are passed over.
Multipart::Event Multipart::preamble() {
  for (;;) {
    const View rest = left();
    if (line_start_) {
      if (rest.size() < dashes_.size() && View(dashes_).starts_with(rest)) return more();
      if (rest.starts_with(dashes_)) {
        std::size_t after = 0;
        switch (tailAt(at_ + dashes_.size(), after)) {
        case Tail::part:
          // A body whose lines end without "\r" from here on is read as well.
          if (after < 2 || window_[after - 2] != '\r') delimiter_ = "\n" + dashes_;
          at_ = after;
          state_ = State::headers;
          return headers();
        case Tail::end: state_ = State::finished; return Event::end;
        case Tail::unknown: return more();
        case Tail::text:
        case Tail::wrong: break;
        }
      }
    }
    const auto line_end = rest.find('\n');
    line_start_ = line_end != View::npos;
    at_ = line_start_ ? at_ + line_end + 1 : end_;
    if (!line_start_) return more();
  }
}

Multipart::Event Multipart::headers() {
  const View rest = left();
  // Ends at an empty line; there may be none before it.
  std::size_t length = View::npos, skip = 0;
  if (rest.starts_with("\r\n") || rest.starts_with("\n")) {
    length = 0;
    skip = rest[0] == '\n' ? 1 : 2;
  } else {
    for (std::size_t i = rest.find('\n'); i != View::npos && i <= kMaxHeaders; i = rest.find('\n', i + 1)) {
      const View after = rest.substr(i + 1);
      if (!after.starts_with("\n") && !after.starts_with("\r\n")) continue;
      length = i + 1;
      skip = after[0] == '\n' ? 1 : 2;
      break;
    }
  }
  if (length == View::npos) return rest.size() > kMaxHeaders ? breakOff() : more();
  if (++parts_ > kMaxParts) return breakOff();
  part_ = {};
  std::string line;
  const auto take = [&] {
    const auto colon = line.find(':');
    if (colon != std::string::npos && sameWord(trim(View(line).substr(0, colon)), "content-disposition"))
      part_ = readDisposition(trim(View(line).substr(colon + 1)));
    line.clear();
  };
  for (View block = rest.substr(0, length); !block.empty();) {
    const auto end = block.find('\n');
    View one = block.substr(0, end);
    block.remove_prefix(end + 1);
    if (one.ends_with('\r')) one.remove_suffix(1);
    const bool continues = !one.empty() && isBlank(one[0]);
    if (!continues) take();
    line += continues ? " " : "";
    line += trim(one);
  }
  take();
  at_ += length + skip;
  state_ = State::body_start;
  return Event::part;
}

Multipart::Event Multipart::body() {
  // A part without a body may end right after its headers.
  if (state_ == State::body_start) {
    const View rest = left();
    if (rest.size() < dashes_.size() && View(dashes_).starts_with(rest) && !over_) return more();
    if (rest.starts_with(dashes_)) {
      std::size_t after = 0;
      const Tail tail = tailAt(at_ + dashes_.size(), after);
      if (tail == Tail::unknown) return more();
      if (tail == Tail::wrong) return breakOff();
      if (tail != Tail::text) {
        if (tail == Tail::part) at_ = after;
        state_ = tail == Tail::part ? State::headers : State::finished;
        return Event::part_end;
      }
    }
    state_ = State::body;
  }
  std::size_t from = at_;
  for (;;) {
    const void *found = ::memmem(window_.data() + from, end_ - from, delimiter_.data(), delimiter_.size());
    if (found == nullptr) break;
    const auto place = static_cast<std::size_t>(static_cast<const char *>(found) - window_.data());
    if (place > at_) { // first what stands before it
      std::size_t after = 0;
      if (tailAt(place + delimiter_.size(), after) == Tail::text) {
        from = place + delimiter_.size();
        continue;
      }
      data_ = View(window_).substr(at_, place - at_);
      at_ = place;
      return Event::data;
    }
    std::size_t after = 0;
    switch (tailAt(place + delimiter_.size(), after)) {
    case Tail::part:
      at_ = after;
      state_ = State::headers;
      return Event::part_end;
    case Tail::end: state_ = State::finished; return Event::part_end;
    case Tail::text: from = place + delimiter_.size(); continue;
    case Tail::wrong: return breakOff();
    case Tail::unknown: return more();
    }
  }
  // The last bytes may be the beginning of a delimiter.
  const std::size_t held = std::min(delimiter_.size() - 1, end_ - at_);
  if (end_ - at_ > held) {
    data_ = View(window_).substr(at_, end_ - at_ - held);
    at_ = end_ - held;
    return Event::data;
  }
  return more();
}

} // namespace pinion::files
