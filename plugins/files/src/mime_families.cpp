// Kinds of files that are families: archives, compound documents, programs and media in a common container.
#include "mime_signatures.hpp"

#include <string>
#include <utility>

namespace pinion::files::mime {

namespace {

using namespace std::string_view_literals;

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

} // namespace

const char *closerKind(View kind, View head) {
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

} // namespace pinion::files::mime
