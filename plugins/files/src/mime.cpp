#include "mime.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace pinion::files {

namespace mime {

bool startsWith(std::string_view head, std::size_t offset, std::string_view bytes) {
  return head.size() > offset && head.substr(offset).starts_with(bytes);
}

} // namespace mime

namespace {

using namespace std::string_view_literals;
using mime::startsWith;
using View = std::string_view;

std::uint8_t at(View head, std::size_t i) { return static_cast<std::uint8_t>(head[i]); }

std::uint32_t number(View head, std::size_t offset, bool big_endian) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | at(head, offset + (big_endian ? i : 3 - i));
  return out;
}

// One rule: a signature at an offset, or a function.
struct Kind {
  const char *name;
  std::size_t offset;
  View bytes;
  bool (*is)(View head) = nullptr;
  bool fits(View head) const { return is != nullptr ? is(head) : startsWith(head, offset, bytes); }
};

template <std::size_t N> const char *first(const Kind (&kinds)[N], View head) {
  const auto found =
      std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind &kind) { return kind.fits(head); });
  return found == std::end(kinds) ? nullptr : found->name;
}

bool startsWithAny(View head, std::initializer_list<View> all) {
  return std::any_of(all.begin(), all.end(), [&](View one) { return head.starts_with(one); });
}

// "RIFF" or the like, four bytes of size, then the form.
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

// A member of the zip whose header is within the bytes, and whose name begins so.
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

// The class of the root entry of a compound document.
bool isOleClass(View head, View id) {
  if (head.size() < 512) return false;
  const std::size_t sector = head[26] == 4 && head[27] == 0 ? 4096 : 512;
  const std::size_t place = sector * (1 + static_cast<std::size_t>(number(head, 48, false))) + 80;
  return head.size() > place + 16 && head.substr(place).starts_with(id);
}

// The old tar header has no mark: its numbers must look like octal ones.
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

// In the order in which they are asked; the first one wins.
constexpr Kind kKinds[] = {
    {"image/x-xpixmap", 0, "/* XPM */"},
    {"application/x-7z-compressed", 0, "7z\xbc\xaf\x27\x1c"},
    {"application/zip", 0, {}, &isZip},
    {"application/pdf",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"%PDF-", "\n%PDF-", "\xef\xbb\xbf%PDF-"});
     }},
    {"application/vnd.fdf", 0, "%FDF"},
    {"application/x-ole-storage", 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"},
    {"application/postscript", 0, "%!PS-Adobe-"},
    {"image/vnd.adobe.photoshop", 0, "8BPS"},
    {"application/pkcs7-signature", 0, {}, &isSignature},
    {"application/ogg", 0, "OggS\0"sv},
    {"image/png", 0, "\x89PNG\r\n\x1a\n"},
    {"image/jpeg", 0, "\xff\xd8\xff"},
    {"image/jxl",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"\xff\x0a", "\0\0\0\x0cJXL \r\n\x87\n"sv});
     }},
    {"image/jp2", 0, {}, [](View h) { return isJpeg2000(h, "jp2 "); }},
    {"image/jpx", 0, {}, [](View h) { return isJpeg2000(h, "jpx "); }},
    {"image/jpm", 0, {}, [](View h) { return isJpeg2000(h, "jpm "); }},
    {"image/jxs", 0, "\0\0\0\x0cJXS \r\n\x87\n"sv},
    {"image/gif",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"GIF87a", "GIF89a"});
     }},
    {"image/webp", 0, {}, [](View h) { return isForm(h, "RIFF", "WEBP"); }},
    {"application/vnd.microsoft.portable-executable", 0, "MZ"},
    {"application/x-elf", 0,
     "\x7f"
     "ELF"},
    {"application/x-archive", 0, "!<arch>"},
    {"application/x-tar", 0, {}, &isTar},
    {"application/x-xar", 0, "xar!"},
    {"application/x-bzip2", 0, "BZh"},
    {"application/fits", 0, "SIMPLE  =                    T"},
    {"image/tiff",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"II*\0"sv, "MM\0*"sv});
     }},
    {"image/bmp", 0, "BM"},
    {"image/x-icon",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"\0\0\1\0"sv, "\0\0\2\0"sv});
     }},
    {"audio/mpeg", 0, {}, &isMp3},
    {"audio/flac", 0, "fLaC\0\0\0\x22"sv},
    {"audio/midi", 0, "MThd"},
    {"audio/ape", 0, "MAC \x96\x0f\0\0\x34\0\0\0\x18\0\0\0\x90\xe3"sv},
    {"audio/musepack", 0, "MPCK"},
    {"audio/amr", 0, "#!AMR"},
    {"audio/wav", 0, {}, [](View h) { return isForm(h, "RIFF", "WAVE"); }},
    {"audio/aiff", 0, {}, [](View h) { return isForm(h, "FORM", "AIFF"); }},
    {"audio/basic", 0, ".snd"},
    {"video/mpeg",
     0,
     {},
     [](View h) { return h.size() > 3 && h.starts_with("\0\0\1"sv) && (at(h, 3) & 0xf0) == 0xb0; }},
    {"video/quicktime", 0, {}, &isQuickTime},
    {"video/quicktime", 0, {}, [](View h) { return isBrand(h, {"mqt "}); }},
    {"video/mp4",
     0,
     {},
     [](View h) {
       return isBrand(h, {"avc1", "dash", "iso2", "iso3", "iso4", "iso5", "iso6", "isom", "mmp4", "mp41",
                          "mp42", "mp4v", "mp71", "MSNV", "NDAS", "NDSC", "NSDC", "NSDH", "NDSM", "NDSP",
                          "NDSS", "NDXC", "NDXH", "NDXM", "NDXP", "NDXS", "F4V ", "F4P "});
     }},
    {"video/webm", 0, {}, [](View h) { return isMatroska(h, "webm"); }},
    {"video/3gpp",
     0,
     {},
     [](View h) {
       return isBrand(h, {"3gp1", "3gp2", "3gp3", "3gp4", "3gp5", "3gp6", "3gp7", "3gs7", "3ge6", "3ge7", "3gg6"});
     }},
    {"video/3gpp2",
     0,
     {},
     [](View h) {
       return isBrand(h, {"3g24", "3g25", "3g26", "3g2a", "3g2b", "3g2c", "KDDI"});
     }},
    {"video/x-msvideo", 0, {}, [](View h) { return h.size() > 16 && isForm(h, "RIFF", "AVI LIST"); }},
    {"video/x-flv", 0, "FLV\1"},
    {"video/x-matroska", 0, {}, [](View h) { return isMatroska(h, "matroska"); }},
    {"video/x-ms-asf", 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"sv},
    {"audio/aac",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"\xff\xf1", "\xff\xf9"});
     }},
    {"audio/x-unknown", 0, "Creative Voice File"},
    {"audio/mp4",
     0,
     {},
     [](View h) {
       return isBrand(h, {"F4A ", "F4B ", "M4B ", "M4P "});
     }},
    {"audio/x-m4a", 0, {}, [](View h) { return isBrand(h, {"M4A "}); }},
    {"application/vnd.apple.mpegurl", 0, "#EXTM3U"},
    {"video/x-m4v",
     0,
     {},
     [](View h) {
       return isBrand(h, {"M4V ", "M4VH", "M4VP"});
     }},
    {"application/vnd.rn-realmedia-vbr", 0, ".RMF"},
    {"application/gzip", 0, "\x1f\x8b"},
    {"application/x-java-applet", 0, {}, [](View h) { return isFat(h) && at(h, 7) > 30; }},
    {"application/x-shockwave-flash",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"CWS", "FWS", "ZWS"});
     }},
    {"application/x-chrome-extension", 0, {}, &isChromeExtension},
    {"font/ttf", 0, {}, [](View h) { return h.starts_with("\0\1\0\0"sv) && !isAccess(h); }},
    {"font/woff", 0, "wOFF"},
    {"font/woff2", 0, "wOF2"},
    {"font/otf", 0, "OTTO\0"sv},
    {"font/collection",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"ttcf\0\1\0\0"sv, "ttcf\0\2\0\0"sv});
     }},
    {"application/vnd.ms-fontobject", 0, {}, &isEmbeddedFont},
    {"application/wasm", 0, "\0asm"sv},
    {"application/vnd.shx", 0, "\0\0\x27\x0a"sv},
    {"application/x-dbf", 0, {}, &isDbase},
    {"application/dicom", 128, "DICM"},
    {"application/x-rar-compressed",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"Rar!\x1a\7\0"sv, "Rar!\x1a\7\1\0"sv});
     }},
    {"image/vnd.djvu",
     0,
     {},
     [](View h) {
       return h.size() >= 12 && h.starts_with("AT&TFORM") &&
              startsWithAny(h.substr(12), {"DJVM", "DJVU", "DJVI", "THUM"});
     }},
    {"application/x-mobipocket-ebook", 60, "BOOKMOBI"},
    {"application/x-ms-reader", 0, "ITOLITLS"},
    {"image/bpg", 0, "BPG\xfb"},
    {"application/vnd.sqlite3", 0, "SQLite format 3\0"sv},
    {"image/vnd.dwg", 0, {}, &isDrawing},
    {"application/vnd.nintendo.snes.rom", 0, "NES\x1a"},
    {"application/x-ms-shortcut", 0, "L\0\0\0\1\x14\2\0"sv},
    {"application/x-mach-binary", 0, {}, &isMachO},
    {"audio/qcelp", 0, {}, [](View h) { return isForm(h, "RIFF", "QLCM"); }},
    {"image/x-icns", 0, "icns"},
    {"image/heic",
     0,
     {},
     [](View h) {
       return isBrand(h, {"heic", "heix"});
     }},
    {"image/heic-sequence",
     0,
     {},
     [](View h) {
       return isBrand(h, {"hevc", "hevx"});
     }},
    {"image/heif",
     0,
     {},
     [](View h) {
       return isBrand(h, {"mif1", "heim", "heis", "avic"});
     }},
    {"image/heif-sequence",
     0,
     {},
     [](View h) {
       return isBrand(h, {"msf1", "hevm", "hevs", "avcs"});
     }},
    {"image/vnd.radiance", 0, "#?RADIANCE\n"},
    {"application/marc", 0, {}, &isMarc},
    {"application/x-msaccess", 0, {}, &isAccess},
    {"application/zstd",
     0,
     {},
     [](View h) {
       return h.size() >= 4 && ((at(h, 0) >= 0x22 && at(h, 0) <= 0x28) || at(h, 0) == 0x1e) &&
              h.substr(1).starts_with("\xb5\x2f\xfd");
     }},
    {"application/vnd.ms-cab-compressed", 0, "MSCF\0\0\0\0"sv},
    {"application/x-rpm",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"\xed\xab\xee\xdb", "drpm"});
     }},
    {"application/x-xz", 0,
     "\xfd"
     "7zXZ\0"sv},
    {"application/lzip", 0, "LZIP"},
    {"application/x-bittorrent", 0, "d8:announce"},
    {"application/x-cpio",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"070707", "070701", "070702"});
     }},
    {"application/tzif",
     0,
     {},
     [](View h) {
       return h.size() >= 44 && h.starts_with("TZif") && number(h, 36, true) != 0 &&
              (h[4] == 0 || h[4] == '2' || h[4] == '3');
     }},
    {"image/x-xcf", 0, "gimp xcf"},
    {"image/x-gimp-pat", 20, "GPAT"},
    {"image/x-gimp-gbr", 20, "GIMP"},
    {"model/gltf-binary",
     0,
     {},
     [](View h) {
       return startsWithAny(h, {"glTF\2\0\0\0"sv, "glTF\1\0\0\0"sv});
     }},
    {"image/avif",
     0,
     {},
     [](View h) {
       return isBrand(h, {"avif", "avis"});
     }},
    {"application/x-installshield",
     0,
     {},
     [](View h) {
       return h.size() > 7 && h.starts_with("ISc(") && h[6] == 0 && (h[7] == 1 || h[7] == 2 || h[7] == 4);
     }},
    {"image/jxr", 0, "II\xbc\1"},
};

constexpr Kind kZips[] = {
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     0,
     {},
     [](View h) {
       return zipHolds(h, {"xl/worksheets/", "xl/drawings/", "xl/theme/", "xl/_rels/", "xl/styles.xml",
                           "xl/workbook.xml", "xl/sharedStrings.xml"});
     }},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     0,
     {},
     [](View h) {
       return zipHolds(h,
                       {"word/media/", "word/_rels/document.xml.rels", "word/document.xml", "word/styles.xml",
                        "word/fontTable.xml", "word/settings.xml", "word/numbering.xml", "word/header", "word/footer"});
     }},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation",
     0,
     {},
     [](View h) {
       return zipHolds(h, {"ppt/slides/", "ppt/media/", "ppt/slideLayouts/", "ppt/theme/", "ppt/slideMasters/",
                           "ppt/tags/", "ppt/notesMasters/", "ppt/_rels/", "ppt/handoutMasters/", "ppt/notesSlides/",
                           "ppt/presentation.xml", "ppt/tableStyles.xml", "ppt/presProps.xml", "ppt/viewProps.xml"});
     }},
    {"application/epub+zip", 30, "mimetypeapplication/epub+zip"},
    {"application/jar", 0, {}, [](View h) { return zipHolds(h, {"META-INF/MANIFEST.MF"}); }},
    // The templates first: their names begin with those of the documents.
    {"application/vnd.oasis.opendocument.text-template", 30,
     "mimetypeapplication/vnd.oasis.opendocument.text-template"},
    {"application/vnd.oasis.opendocument.text", 30, "mimetypeapplication/vnd.oasis.opendocument.text"},
    {"application/vnd.oasis.opendocument.spreadsheet-template", 30,
     "mimetypeapplication/vnd.oasis.opendocument.spreadsheet-template"},
    {"application/vnd.oasis.opendocument.spreadsheet", 30, "mimetypeapplication/vnd.oasis.opendocument.spreadsheet"},
    {"application/vnd.oasis.opendocument.presentation-template", 30,
     "mimetypeapplication/vnd.oasis.opendocument.presentation-template"},
    {"application/vnd.oasis.opendocument.presentation", 30, "mimetypeapplication/vnd.oasis.opendocument.presentation"},
    {"application/vnd.oasis.opendocument.graphics-template", 30,
     "mimetypeapplication/vnd.oasis.opendocument.graphics-template"},
    {"application/vnd.oasis.opendocument.graphics", 30, "mimetypeapplication/vnd.oasis.opendocument.graphics"},
    {"application/vnd.oasis.opendocument.formula", 30, "mimetypeapplication/vnd.oasis.opendocument.formula"},
    {"application/vnd.oasis.opendocument.chart", 30, "mimetypeapplication/vnd.oasis.opendocument.chart"},
    {"application/vnd.sun.xml.calc", 30, "mimetypeapplication/vnd.sun.xml.calc"},
};

bool isOfficeStream(View head, std::initializer_list<View> starts) {
  return head.size() >= 520 && startsWithAny(head.substr(512), starts);
}

constexpr auto kOfficeTail = "\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"sv;

bool isOfficeClass(View head, View start) {
  std::string id(start);
  return isOleClass(head, id.append(kOfficeTail));
}

constexpr Kind kOles[] = {
    {"application/x-ms-installer", 0, {}, [](View h) { return isOfficeClass(h, "\x84\x10\x0c"); }},
    {"application/octet-stream",
     0,
     {},
     [](View h) { return h.size() > 30 && startsWith(h, 8, "AAFB\r\0OM"sv) && (h[30] == 9 || h[30] == 12); }},
    {"application/vnd.ms-outlook", 0, {}, [](View h) { return isOfficeClass(h, "\x0b\x0d\x02"); }},
    {"application/vnd.ms-excel",
     0,
     {},
     [](View h) {
       return isOleClass(h, "\x10\x08\2\0\0\0\0\0"sv) || isOleClass(h, "\x20\x08\2\0\0\0\0\0"sv) ||
              isOfficeStream(h, {"\x09\x08\x10\0\0\6\5\0"sv, "\xfd\xff\xff\xff\x10", "\xfd\xff\xff\xff\x1f",
                                 "\xfd\xff\xff\xff\x22", "\xfd\xff\xff\xff\x23", "\xfd\xff\xff\xff\x28",
                                 "\xfd\xff\xff\xff\x29"}) ||
              (h.size() > 1152 && h.substr(1152).find("W\0k\0s\0S\0S\0W\0o\0r\0k\0B\0o\0o\0k"sv) != View::npos);
     }},
    {"application/vnd.ms-publisher",
     0,
     {},
     [](View h) { return isOleClass(h, "\x01\x12\x02\0\0\0\0\0\0\xc0\0\0\0\0\0\x46"sv); }},
    {"application/vnd.ms-powerpoint",
     0,
     {},
     [](View h) {
       return isOleClass(h, "\x10\x8d\x81\x64\x9b\x4f\xcf\x11\x86\xea\0\xaa\0\xb9\x29\xe8"sv) ||
              isOleClass(h, "\x70\xae\x7b\xea\x3b\xfb\xcd\x11\xa9\x03\0\xaa\0\x51\x0e\xa3"sv) ||
              isOfficeStream(h, {"\xa0\x46\x1d\xf0", "\0\x6e\x1e\xf0"sv, "\x0f\0\xe8\3"sv}) ||
              (isOfficeStream(h, {"\xfd\xff\xff\xff"}) && h[518] == 0 && h[519] == 0) ||
              (h.size() > 1152 &&
               h.substr(1152).find("P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0 D\0o\0c\0u\0m\0e\0n\0t"sv) != View::npos);
     }},
    {"application/msword",
     0,
     {},
     [](View h) {
       return isOfficeClass(h, "\x06\x09\x02") || isOfficeClass(h, "\0\x09\x02"sv) || isOfficeClass(h, "\x07\x09\x02");
     }},
};

const char *elf(View head) {
  if (head.size() <= 17) return nullptr;
  for (const auto &[low, high] : {std::pair(16, 17), std::pair(17, 16)}) { // either byte order
    if (head[static_cast<std::size_t>(high)] != 0) continue;
    switch (head[static_cast<std::size_t>(low)]) {
    case 1: return "application/x-object";
    case 2: return "application/x-executable";
    case 3: return "application/x-sharedlib";
    case 4: return "application/x-coredump";
    default: break;
    }
  }
  return nullptr;
}

const char *ogg(View head) {
  if (head.size() < 37) return nullptr;
  const View inner = head.substr(28);
  if (startsWithAny(inner, {"\x7f"
                            "FLAC",
                            "\1vorbis", "OpusHead", "Speex   "}))
    return "audio/ogg";
  if (startsWithAny(inner, {"\x80theora", "fishead\0"sv, "\1video\0\0\0"sv})) return "video/ogg";
  return nullptr;
}

// Some kinds are families.
const char *closer(View kind, View head) {
  if (kind == "application/zip") return first(kZips, head);
  if (kind == "application/x-ole-storage") return first(kOles, head);
  if (kind == "application/x-elf") return elf(head);
  if (kind == "application/ogg") return ogg(head);
  if (kind == "image/png") return startsWith(head, 37, "acTL") ? "image/vnd.mozilla.apng" : nullptr;
  if (kind == "application/x-archive")
    return startsWith(head, 8, "debian-binary") ? "application/vnd.debian.binary-package" : nullptr;
  if (kind == "application/vnd.shx") return isShape(head) ? "application/vnd.shp" : nullptr;
  return nullptr;
}

} // namespace

std::string mimeOf(std::string_view head) {
  head = head.substr(0, kSniffed);
  if (const char *kind = first(kKinds, head)) {
    const char *inner = closer(kind, head);
    return inner != nullptr ? inner : kind;
  }
  if (auto text = mime::ofText(head); !text.empty()) return text;
  return "application/octet-stream";
}

} // namespace pinion::files
