#include "mime.hpp"

#include "mime_signatures.hpp"
#include "mime_text.hpp"

namespace pinion::files {

namespace {

using namespace mime;
using namespace std::string_view_literals;

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

} // namespace

std::string mimeOf(std::string_view head) {
  head = head.substr(0, kSniffed);
  if (const char *kind = first(kKinds, head)) {
    const char *inner = closerKind(kind, head);
    return inner != nullptr ? inner : kind;
  }
  if (auto text = mime::ofText(head); !text.empty()) return text;
  return "application/octet-stream";
}

} // namespace pinion::files
