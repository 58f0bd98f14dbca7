#include "content_type.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace pinion::files {

namespace {

using namespace std::string_view_literals;
using View = std::string_view;

std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }

// Tags that make a page, after white space; in upper case.
bool isHtml(View text) {
  while (!text.empty() && "\t\n\f\r "sv.find(text[0]) != View::npos) text.remove_prefix(1);
  for (const View tag : {"<!DOCTYPE HTML", "<HTML", "<HEAD", "<SCRIPT", "<IFRAME", "<H1", "<DIV", "<FONT", "<TABLE",
                         "<A", "<STYLE", "<TITLE", "<B", "<BODY", "<BR", "<P", "<!--"}) {
    if (text.size() <= tag.size()) continue;
    const bool same = std::equal(tag.begin(), tag.end(), text.begin(), [](char a, char b) {
      return a == (b >= 'a' && b <= 'z' ? static_cast<char>(b - 32) : b);
    });
    if (same && (text[tag.size()] == ' ' || text[tag.size()] == '>')) return true;
  }
  return false;
}

bool isXml(View text) {
  while (!text.empty() && "\t\n\f\r "sv.find(text[0]) != View::npos) text.remove_prefix(1);
  return text.starts_with("<?xml");
}

// A box "ftyp" with a brand of mp4 among its brands; the version that stands between them is none.
bool isMp4(View text) {
  if (text.size() < 12 || text.substr(4, 4) != "ftyp") return false;
  std::size_t box = 0;
  for (std::size_t i = 0; i < 4; ++i) box = box << 8 | byte(text[i]);
  if (text.size() < box || box % 4 != 0) return false;
  for (std::size_t at = 8; at + 3 <= box; at += 4)
    if (at != 12 && text.substr(at, 3) == "mp4") return true;
  return false;
}

struct Rule {
  View mask; // as long as `bytes`, or empty: all of each byte counts
  View bytes;
  View type;
};

constexpr View kForm = "\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff"sv;

// In this order.
constexpr Rule kRules[] = {
    {{}, "%PDF-", "application/pdf"},
    {{}, "%!PS-Adobe-", "application/postscript"},
    {"\xff\xff\0\0"sv, "\xfe\xff\0\0"sv, "text/plain; charset=utf-16be"},
    {"\xff\xff\0\0"sv, "\xff\xfe\0\0"sv, "text/plain; charset=utf-16le"},
    {"\xff\xff\xff\0"sv, "\xef\xbb\xbf\0"sv, "text/plain; charset=utf-8"},
    {{}, "\0\0\1\0"sv, "image/x-icon"},
    {{}, "\0\0\2\0"sv, "image/x-icon"},
    {{}, "BM", "image/bmp"},
    {{}, "GIF87a", "image/gif"},
    {{}, "GIF89a", "image/gif"},
    {"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\xff\xff"sv, "RIFF\0\0\0\0WEBPVP"sv, "image/webp"},
    {{}, "\x89PNG\r\n\x1a\n", "image/png"},
    {{}, "\xff\xd8\xff", "image/jpeg"},
    {kForm, "FORM\0\0\0\0AIFF"sv, "audio/aiff"},
    {{}, "ID3", "audio/mpeg"},
    {{}, "OggS\0"sv, "application/ogg"},
    {{}, "MThd\0\0\0\6"sv, "audio/midi"},
    {kForm, "RIFF\0\0\0\0AVI "sv, "video/avi"},
    {kForm, "RIFF\0\0\0\0WAVE"sv, "audio/wave"},
};

constexpr Rule kLaterRules[] = {
    {{}, "\x1a\x45\xdf\xa3", "video/webm"},
    {{}, "\0\1\0\0"sv, "font/ttf"},
    {{}, "OTTO", "font/otf"},
    {{}, "ttcf", "font/collection"},
    {{}, "wOFF", "font/woff"},
    {{}, "wOF2", "font/woff2"},
    {{}, "\x1f\x8b\x08", "application/x-gzip"},
    {{}, "PK\3\4", "application/zip"},
    {{}, "Rar!\x1a\7\0"sv, "application/x-rar-compressed"},
    {{}, "Rar!\x1a\7\1\0"sv, "application/x-rar-compressed"},
    {{}, "\0asm"sv, "application/wasm"},
};

bool fits(const Rule &rule, View text) {
  if (text.size() < rule.bytes.size()) return false;
  for (std::size_t i = 0; i < rule.bytes.size(); ++i) {
    const std::uint8_t mask = rule.mask.empty() ? 0xff : byte(rule.mask[i]);
    if ((byte(text[i]) & mask) != byte(rule.bytes[i])) return false;
  }
  return true;
}

// An embedded font says so after 34 bytes of whatever.
bool isEmbeddedFont(View text) { return text.size() >= 36 && text.substr(34, 2) == "LP"; }

} // namespace

std::string_view sniffContentType(std::string_view body) {
  const View text = body.substr(0, 512);
  if (isHtml(text)) return "text/html; charset=utf-8";
  if (isXml(text)) return "text/xml; charset=utf-8";
  for (const auto &rule : kRules)
    if (fits(rule, text)) return rule.type;
  if (isMp4(text)) return "video/mp4";
  if (fits(kLaterRules[0], text)) return kLaterRules[0].type;
  if (isEmbeddedFont(text)) return "application/vnd.ms-fontobject";
  for (const auto &rule : kLaterRules)
    if (fits(rule, text)) return rule.type;
  const auto binary = [](char c) {
    const auto b = byte(c);
    return b <= 0x08 || b == 0x0b || (b >= 0x0e && b <= 0x1a) || (b >= 0x1c && b <= 0x1f);
  };
  return std::any_of(text.begin(), text.end(), binary) ? "application/octet-stream" : "text/plain; charset=utf-8";
}

} // namespace pinion::files
