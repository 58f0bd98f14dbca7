#include "servers/json_cursor.hpp"

#include "base/json_text.hpp"

#include <charconv>

namespace pinion::core {

namespace {

constexpr std::size_t max_depth = 512;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

void appendUtf8(std::string &out, std::uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

} // namespace

bool sameKey(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

JsonCursor::Path::Path(JsonCursor &cursor, std::string_view key) : cursor_(cursor), length_(cursor.path_.size()) {
  if (length_ != 0) cursor.path_ += '.';
  cursor.path_ += key.substr(0, 128); // enough to find it
}

JsonCursor::Path::Path(JsonCursor &cursor, std::size_t index) : cursor_(cursor), length_(cursor.path_.size()) {
  cursor.path_ += '[' + std::to_string(index) + ']';
}

JsonCursor::JsonCursor(std::string_view text) : text_(text) {}

void JsonCursor::fail(const std::string &what) {
  if (failed()) return;
  error_ = path_.empty() ? what : path_ + ": " + what;
  at_ = text_.size();
}

void JsonCursor::refuse(const std::string &expected) {
  static constexpr const char *names[] = {"an object", "a list", "a string", "a number", "a boolean", "null"};
  const Kind found = kind();
  if (found == Kind::bad)
    fail("this is no JSON (at byte " + std::to_string(at_) + ")");
  else
    fail("expected " + expected + ", found " + names[static_cast<int>(found)]);
}

void JsonCursor::space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

JsonCursor::Kind JsonCursor::kind() {
  space();
  if (at_ >= text_.size()) return Kind::bad;
  switch (text_[at_]) {
  case '{': return Kind::object;
  case '[': return Kind::array;
  case '"': return Kind::string;
  case 't':
  case 'f': return Kind::boolean;
  case 'n': return Kind::null;
  default: return text_[at_] == '-' || isDigit(text_[at_]) ? Kind::number : Kind::bad;
  }
}

bool JsonCursor::literal(std::string_view word) {
  space();
  if (text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

bool JsonCursor::isNull() { return kind() == Kind::null && literal("null"); }

bool JsonCursor::open(char bracket, const char *expected) {
  if (failed() || isNull()) return false;
  space();
  if (at_ >= text_.size() || text_[at_] != bracket) return refuse(expected), false;
  if (fresh_.size() >= max_depth) return fail("nested too deeply"), false;
  ++at_;
  fresh_.push_back(true);
  return true;
}

// Steps to the next item of the innermost bracket: false when it closed.
bool JsonCursor::next(char closing) {
  if (failed()) return false;
  space();
  if (at_ < text_.size() && text_[at_] == closing) {
    ++at_;
    fresh_.pop_back();
    return false;
  }
  if (fresh_.back()) {
    fresh_.back() = false;
    return true;
  }
  if (at_ < text_.size() && text_[at_] == ',') {
    ++at_;
    space();
    if (at_ < text_.size() && text_[at_] == closing) return fail("this is no JSON: a comma before the end"), false;
    return true;
  }
  fail("this is no JSON (at byte " + std::to_string(at_) + ")");
  return false;
}

bool JsonCursor::member(std::string &key) {
  if (!next('}')) return false;
  if (kind() != Kind::string || !string(key)) return fail("this is no JSON: a key must be a string"), false;
  if (!literal(":")) return fail("this is no JSON: no colon after \"" + key.substr(0, 128) + "\""), false;
  return true;
}

bool JsonCursor::element() { return next(']'); }

void JsonCursor::emptyArray() {
  const std::size_t start = at_;
  if (!open('[', "a list")) return;
  if (!next(']')) return;
  at_ = start;
  fail("expected an object, found a list");
}

int JsonCursor::hex4() {
  int value = 0;
  if (at_ + 4 > text_.size()) return -1;
  const auto [end, bad] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, value, 16);
  if (bad != std::errc() || end != text_.data() + at_ + 4 || value < 0) return -1;
  at_ += 4;
  return value;
}

bool JsonCursor::escape(std::string &out) {
  if (at_ >= text_.size()) return false;
  static constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
  const char c = text_[at_++];
  if (const auto i = from.find(c); i != std::string_view::npos) {
    out.push_back(to[i]);
    return true;
  }
  if (c != 'u') return false;
  const int first = hex4();
  if (first < 0) return false;
  std::uint32_t code = static_cast<std::uint32_t>(first);
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") { // a pair, or a half that stands alone
    const std::size_t back = at_;
    at_ += 2;
    const int second = hex4();
    if (second < 0) return false;
    if (second >= 0xdc00 && second < 0xe000)
      code = 0x10000 + ((code - 0xd800) << 10) + (static_cast<std::uint32_t>(second) - 0xdc00);
    else
      at_ = back;
  }
  appendUtf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  return true;
}

bool JsonCursor::string(std::string &out) {
  out.clear();
  for (++at_; at_ < text_.size();) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) break;
    ++at_;
    if (c != '\\')
      out.push_back(c);
    else if (!escape(out))
      break;
  }
  fail("this is no JSON: a broken string (at byte " + std::to_string(at_) + ")");
  return false;
}

std::string_view JsonCursor::number() {
  const std::size_t start = at_;
  const auto digits = [this] {
    const std::size_t from = at_;
    while (at_ < text_.size() && isDigit(text_[at_])) ++at_;
    return at_ != from;
  };
  if (text_[at_] == '-') ++at_;
  bool good = true;
  if (at_ < text_.size() && text_[at_] == '0')
    ++at_;
  else
    good = digits();
  if (good && at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    good = digits();
  }
  if (good && at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    good = digits();
  }
  if (!good || (at_ < text_.size() && isDigit(text_[at_]))) {
    fail("this is no JSON: a broken number");
    return {};
  }
  return text_.substr(start, at_ - start);
}

void JsonCursor::read(std::string &out) {
  if (failed() || isNull()) return;
  if (kind() != Kind::string) return refuse("a string");
  string(out);
}

void JsonCursor::read(bool &out) {
  if (failed() || isNull()) return;
  if (kind() != Kind::boolean) return refuse("true or false");
  const bool value = text_[at_] == 't';
  if (!literal(value ? "true" : "false")) return fail("this is no JSON: a broken word");
  out = value;
}

template <typename T> void JsonCursor::integer(T &out, const char *expected) {
  if (failed() || isNull()) return;
  if (kind() != Kind::number) return refuse(expected);
  const std::string_view token = number();
  T value{};
  const auto [end, bad] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (bad != std::errc() || end != token.data() + token.size())
    return fail("expected " + std::string(expected) + ", found " + std::string(token.substr(0, 64)));
  out = value;
}

void JsonCursor::read(std::int64_t &out) { integer(out, "a whole number"); }
void JsonCursor::read(int &out) { integer(out, "a whole number"); }
void JsonCursor::read(std::uint16_t &out) { integer(out, "a whole number from 0 to 65535"); }

void JsonCursor::read(std::vector<std::string> &out) {
  out.clear();
  array([&] { read(out.emplace_back()); });
}

void JsonCursor::read(std::vector<int> &out) {
  out.clear();
  array([&] { read(out.emplace_back(0)); });
}

void JsonCursor::skip() {
  if (!failed()) (void)compact();
}

std::string JsonCursor::compact() {
  std::string out;
  if (!failed()) compactInto(out);
  return failed() ? std::string() : out;
}

void JsonCursor::compactInto(std::string &out) {
  std::string text;
  switch (kind()) {
  case Kind::object:
    out.push_back('{');
    object([&](std::string_view key) {
      if (out.back() != '{') out.push_back(',');
      appendJsonString(out, key);
      out.push_back(':');
      compactInto(out);
    });
    out.push_back('}');
    return;
  case Kind::array: {
    bool first = true;
    out.push_back('[');
    array([&] {
      if (!first) out.push_back(',');
      first = false;
      compactInto(out);
    });
    out.push_back(']');
    return;
  }
  case Kind::string:
    if (string(text)) appendJsonString(out, text);
    return;
  case Kind::number: out += number(); return;
  case Kind::boolean:
    text = text_[at_] == 't' ? "true" : "false";
    if (!literal(text)) return fail("this is no JSON: a broken word");
    out += text;
    return;
  case Kind::null:
    if (!literal("null")) return fail("this is no JSON: a broken word");
    out += "null";
    return;
  case Kind::bad: fail("this is no JSON (at byte " + std::to_string(at_) + ")"); return;
  }
}

void JsonCursor::finish() {
  if (failed()) return;
  space();
  if (at_ != text_.size()) fail("this is no JSON: more text after its end (at byte " + std::to_string(at_) + ")");
}

} // namespace pinion::core
