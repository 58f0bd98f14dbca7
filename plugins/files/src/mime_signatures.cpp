#include "mime_signatures.hpp"

namespace pinion::files::mime {

using namespace std::string_view_literals;

bool startsWith(View head, std::size_t offset, View bytes) {
  return head.size() > offset && head.substr(offset).starts_with(bytes);
}

std::uint8_t at(View head, std::size_t i) { return static_cast<std::uint8_t>(head[i]); }

std::uint32_t number(View head, std::size_t offset, bool big_endian) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | at(head, offset + (big_endian ? i : 3 - i));
  return out;
}

bool startsWithAny(View head, std::initializer_list<View> all) {
  return std::any_of(all.begin(), all.end(), [&](View one) { return head.starts_with(one); });
}

bool isForm(View head, View container, View form) {
  return head.size() > 12 && head.starts_with(container) && head.substr(8).starts_with(form);
}

bool isBrand(View head, std::initializer_list<View> brands) {
  return head.size() >= 12 && head.substr(4, 4) == "ftyp" &&
         std::find(brands.begin(), brands.end(), head.substr(8, 4)) != brands.end();
}

bool isJpeg2000(View head, View brand) {
  return head.size() >= 24 && (head.substr(4, 4) == "jP  " || head.substr(4, 4) == "jP2 ") &&
         head.substr(20, 4) == brand;
}

bool isZip(View head) {
  return head.size() > 3 && head.starts_with("PK") && (head[2] == 3 || head[2] == 5 || head[2] == 7) &&
         (head[3] == 4 || head[3] == 6 || head[3] == 8);
}

bool zipHolds(View head, std::initializer_list<View> names) {
  for (std::size_t from = 0;;) {
    const auto header = head.find("PK\3\4"sv, from);
    if (header == View::npos || header + 30 > head.size()) return false;
    const std::size_t length = at(head, header + 26) | static_cast<std::size_t>(at(head, header + 27)) << 8;
    if (length == 0 || header + 30 + length > head.size()) return false;
    if (startsWithAny(head.substr(header + 30, length), names)) return true;
    from = header + 30 + length;
  }
}

bool isMatroska(View head, View type) {
  if (!head.starts_with("\x1a\x45\xdf\xa3")) return false;
  const auto mark = head.find("\x42\x82");
  if (mark == View::npos || mark == 0 || mark + 2 >= head.size()) return false;
  std::size_t width = 1;
  for (int mask = 128; width < 8 && (at(head, mark + 2) & mask) == 0; mask >>= 1) ++width;
  return startsWith(head, mark + 2 + width, type);
}

bool isOleClass(View head, View id) {
  if (head.size() < 512) return false;
  const std::size_t sector = head[26] == 4 && head[27] == 0 ? 4096 : 512;
  const std::size_t place = sector * (1 + static_cast<std::size_t>(number(head, 48, false))) + 80;
  return head.size() > place + 16 && head.substr(place).starts_with(id);
}

bool isTar(View head) {
  if (head.size() >= 512 && head.substr(257, 5) == "ustar") return true;
  if (head.size() < 256) return false;
  constexpr struct {
    std::uint8_t from, to;
    std::size_t place;
  } rules[] = {{0x21, 0xef, 0}, {'0', '7', 105}, {' ', '7', 106}, {0, 0, 107},     {'0', '7', 113},
               {' ', '7', 114}, {0, 0, 115},     {'0', '7', 121}, {' ', '7', 122}, {0, 0, 123},
               {'0', '7', 134}, {'0', '7', 146}, {'0', '7', 153}, {0, '7', 154}};
  for (const auto &rule : rules)
    if (at(head, rule.place) < rule.from || at(head, rule.place) > rule.to) return false;
  for (const std::size_t place : {135u, 147u, 155u})
    if (head[place] != 0 && head[place] != ' ') return false;
  return true;
}

bool isMp3(View head) {
  if (head.size() < 3) return false;
  const unsigned sync = (static_cast<unsigned>(at(head, 0)) << 8 | at(head, 1)) & 0xfffeu;
  return head.starts_with("ID3") || sync == 0xfffa || sync == 0xfff2 || sync == 0xffe2;
}

bool isQuickTime(View head) {
  if (head.size() < 12) return false;
  if (isBrand(head, {"qt  ", "moov"})) return head[0] == 0;
  return startsWithAny(head.substr(4), {"moov\0"sv, "mdat\0"sv, "free\0"sv, "skip\0"sv, "pnot\0"sv}) ||
         head.starts_with("\0\0\0\x08wide"sv);
}

bool isAccess(View head) { return startsWith(head, 4, "Standard ACE DB") || startsWith(head, 4, "Standard Jet DB"); }

bool isFat(View head) { return head.size() >= 8 && head.starts_with("\xca\xfe\xba\xbe"); }

bool isMachO(View head) {
  if (isFat(head) && at(head, 7) < 20) return true;
  if (head.size() < 4) return false;
  for (const bool big_endian : {true, false})
    if (const auto magic = number(head, 0, big_endian); magic == 0xfeedface || magic == 0xfeedfacf) return true;
  return false;
}

bool isDbase(View head) {
  constexpr auto versions =
      "\x02\x03\x04\x05\x30\x31\x32\x42\x62\x7b\x82\x83\x87\x8a\x8b\x8e\xb3\xcb\xe5\xf5\xf4\xfb"sv;
  return head.size() >= 68 && head[2] > 0 && head[2] < 13 && head[3] > 0 && head[3] < 32 && head[12] == 0 &&
         head[13] == 0 && head[30] == 0 && head[31] == 0 && at(head, 28) <= 1 && versions.find(head[0]) != View::npos;
}

bool isShape(View head) {
  if (head.size() < 112 || number(head, 28, false) != 1000) return false;
  for (std::size_t i = 4; i < 24; ++i)
    if (head[i] != 0) return false;
  const auto type = number(head, 108, false);
  constexpr std::uint32_t types[] = {0, 1, 3, 5, 8, 11, 13, 15, 18, 21, 23, 25, 28, 31};
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

bool isMarc(View head) {
  return head.size() >= 24 && head.substr(20, 4) == "4500" &&
         std::all_of(head.begin(), head.begin() + 5, [](char c) { return c >= '0' && c <= '9'; }) &&
         head.substr(0, 2048).find('\x1e') != View::npos;
}

bool isSignature(View head) {
  if (head.starts_with("-----BEGIN PKCS7")) return true;
  if (head.size() < 20 || head[0] != 0x30) return false;
  const int form = at(head, 1) - 0x80; // how many bytes of length come
  return form >= 0 && form <= 4 &&
         head.substr(static_cast<std::size_t>(form) + 2).starts_with("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07");
}

bool isDrawing(View head) {
  constexpr View versions[] = {"1.40", "1.50", "2.10", "1002", "1003", "1004", "1006", "1009",
                               "1012", "1014", "1015", "1018", "1021", "1024", "1032"};
  return head.size() >= 6 && head.starts_with("AC") &&
         std::find(std::begin(versions), std::end(versions), head.substr(2, 4)) != std::end(versions);
}

bool isChromeExtension(View head) {
  if (head.size() < 16 || !head.starts_with("Cr24")) return false;
  const std::uint64_t zip = 16ull + number(head, 8, false) + number(head, 12, false);
  return zip <= head.size() && isZip(head.substr(static_cast<std::size_t>(zip)));
}

bool isEmbeddedFont(View head) {
  return head.size() > 35 && head.substr(34, 2) == "LP" &&
         startsWithAny(head.substr(8), {"\2\0\1"sv, "\1\0\0"sv, "\2\0\2"sv});
}

} // namespace pinion::files::mime
