#include "charset.hpp"

#include "text_pieces.hpp"

#include <pinion/cpp/json_text.hpp>

#include <algorithm>
#include <vector>

namespace pinion::files {

using namespace std::string_view_literals;
using View = std::string_view;

namespace {

// NEL, 0x85, ends a line in some old texts.
bool isTextByte(std::uint8_t c) { return (c >= 7 && c <= 13) || c == 27 || (c >= 32 && c < 127) || c == 0x85; }

// The value of charset= in the content of a <meta>, or nothing.
View charsetIn(View text) {
  for (;;) {
    const auto found = text.find("charset");
    if (found == View::npos) return "";
    text = trimLeft(text.substr(found + 7));
    if (!text.starts_with('=')) continue;
    text = trimLeft(text.substr(1));
    if (text.empty()) return "";
    if (text[0] == '"' || text[0] == '\'') {
      const auto end = text.find(text[0], 1);
      return end == View::npos ? "" : text.substr(1, end - 1);
    }
    return text.substr(0, text.find_first_of("; \t\n\f\r"));
  }
}

struct Attribute {
  std::string name, value; // in lower case
};

// The attributes of the tag whose name ends at `at`; none when the tag does not end within the text.
std::vector<Attribute> attributes(View text, std::size_t at) {
  std::vector<Attribute> out;
  const auto skip = [&](auto what) {
    while (at < text.size() && what(text[at])) ++at;
  };
  for (;;) {
    skip([](char c) { return isSpace(c) || c == '/'; });
    if (at >= text.size()) return {};
    if (text[at] == '>') return out;
    Attribute one;
    while (at < text.size() && !isSpace(text[at]) && text[at] != '=' && text[at] != '>' && text[at] != '/')
      one.name += lower(text[at++]);
    skip(isSpace);
    if (at < text.size() && text[at] == '=') {
      ++at;
      skip(isSpace);
      if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
        const char quote = text[at++];
        while (at < text.size() && text[at] != quote) one.value += lower(text[at++]);
        ++at;
      } else {
        while (at < text.size() && !isSpace(text[at]) && text[at] != '>') one.value += lower(text[at++]);
      }
    }
    if (one.name.empty()) ++at; // a stray "="
    out.push_back(std::move(one));
  }
}

} // namespace

const char *markedCharset(View text) {
  constexpr struct {
    View mark;
    const char *name;
  } marks[] = {{kUtf8Mark, "utf-8"},
               {"\0\0\xfe\xff"sv, "utf-32be"},
               {"\xff\xfe\0\0"sv, "utf-32le"},
               {"\xfe\xff"sv, "utf-16be"},
               {"\xff\xfe"sv, "utf-16le"}};
  for (const auto &one : marks)
    if (text.starts_with(one.mark)) return one.name;
  return nullptr;
}

std::string_view charsetOf(View text) {
  if (text.empty()) return "";
  if (const char *marked = markedCharset(text)) return marked;
  View whole = text; // without a character that is cut off at the end
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto c = byte(text[text.size() - back]);
    if (c < 0x80) break;
    if ((c & 0xc0) == 0xc0) {
      whole = text.substr(0, text.size() - back);
      break;
    }
  }
  const auto high = [](char c) { return byte(c) >= 0x80; };
  if (std::any_of(whole.begin(), whole.end(), high)) {
    bool valid = true;
    for (std::size_t i = 0; valid && i < whole.size();) {
      const std::size_t length = pinion::detail::sequenceLength(whole, i);
      valid = length != 0;
      i += length;
    }
    if (valid) return "utf-8";
  }
  if (std::all_of(text.begin(), text.end(), [](char c) { return isTextByte(byte(c)); })) return "utf-8";
  // A byte of 0x80 to 0x9f is a letter of no charset that is told apart here, but for NEL.
  bool controls = false;
  for (const char c : text) {
    if (!isTextByte(byte(c)) && byte(c) < 0xa0) return "";
    controls = controls || byte(c) == 0x85;
  }
  return controls ? "windows-1252" : "iso-8859-1";
}

std::string htmlCharset(View text) {
  for (std::size_t at = 0; (at = text.find('<', at)) != View::npos;) {
    if (text.substr(at).starts_with("<!--")) {
      at = std::min(text.find("-->", at + 4), text.size());
      continue;
    }
    const View tag = text.substr(++at);
    if (!startsAnyCase(tag, "META") || !(isSpace(tag[4]) || tag[4] == '/')) continue;
    std::string name;
    bool pragma = false, direct = false;
    for (const auto &[key, value] : attributes(text, at + 4)) {
      if (key == "http-equiv" && value == "content-type") pragma = true;
      if (key == "content" && !direct && name.empty()) name = charsetIn(value);
      if (key == "charset" && !direct) {
        name = value;
        direct = true;
      }
    }
    if (!direct && (name.empty() || !pragma)) continue;
    return name.starts_with("utf-16") ? "utf-8" : name;
  }
  return "";
}

bool declaresUtf8(View text) {
  text = trimLeft(text);
  const auto end = text.find("?>");
  if (!text.starts_with("<?xml") || end == View::npos) return false;
  std::string head(text.substr(0, end));
  std::transform(head.begin(), head.end(), head.begin(), lower);
  return head.find("encoding=\"utf-8\"") != std::string::npos || head.find("encoding='utf-8'") != std::string::npos;
}

std::string withCharset(const char *kind, View charset) {
  const auto word = [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_' || c == '.' ||
           c == ':';
  };
  if (charset.empty() || charset.size() > 40 || !std::all_of(charset.begin(), charset.end(), word)) return kind;
  return std::string(kind).append("; charset=").append(charset);
}

} // namespace pinion::files
