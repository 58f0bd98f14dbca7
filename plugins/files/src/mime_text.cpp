#include "mime_text.hpp"

#include "charset.hpp"
#include "json_scan.hpp"
#include "mime.hpp"
#include "text_pieces.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace pinion::files::mime {

namespace {

using namespace std::string_view_literals;
using View = std::string_view;

// An opening tag: its name, then a space or the end.
bool isMarkup(View text, std::initializer_list<View> tags) {
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  text = trimLeft(text);
  return std::any_of(tags.begin(), tags.end(), [&](View tag) {
    return startsAnyCase(text, tag) && (text[tag.size()] == ' ' || text[tag.size()] == '>');
  });
}

bool isScriptOf(View text, std::initializer_list<View> interpreters) {
  const View line = text.substr(0, text.find('\n'));
  return line.starts_with("#!") &&
         std::find(interpreters.begin(), interpreters.end(), trim(line.substr(2))) != interpreters.end();
}

// Cut-off text without its last, unfinished line.
View wholeLines(View text) {
  if (text.size() < kSniffed) return text;
  const auto end = text.rfind('\n');
  return end == View::npos || end == 0 ? text : text.substr(0, end);
}

// Calls `each(line)` until it returns false.
template <typename F> void lines(View text, F each) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    View line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!each(line)) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool isJson(View text) {
  text = trimLeft(text);
  if (text.size() < 2 || (text[0] != '[' && text[0] != '{')) return false;
  const auto scan = scanJson(text);
  return scan == JsonScan::whole || (scan == JsonScan::cut && text.size() >= kSniffed);
}

bool isGeoJson(View text) {
  text = trimLeft(text);
  const auto type = text.find("\"type\"");
  if (!text.starts_with('{') || type == View::npos) return false;
  text = trimLeft(text.substr(type + 6));
  if (!text.starts_with(':')) return false;
  text = trimLeft(text.substr(1));
  for (const View kind :
       {"\"Feature\""sv, "\"FeatureCollection\""sv, "\"Point\""sv, "\"LineString\""sv, "\"Polygon\""sv,
        "\"MultiPoint\""sv, "\"MultiLineString\""sv, "\"MultiPolygon\""sv, "\"GeometryCollection\""sv})
    if (text.starts_with(kind)) return true;
  return false;
}

bool isJsonLines(View text) {
  std::size_t count = 0;
  bool good = true, compound = false;
  lines(wholeLines(text), [&](View line) {
    line = trim(line);
    if (line.empty()) return true;
    good = scanJson(line) == JsonScan::whole;
    compound = compound || line[0] == '[' || line[0] == '{';
    ++count;
    return good;
  });
  return good && count > 1 && compound;
}

// "00:02:16,612" in milliseconds, or -1.
long subtitleTime(View text) {
  if (text.size() != 12 || text[2] != ':' || text[5] != ':' || (text[8] != ',' && text[8] != '.')) return -1;
  long parts[4] = {};
  const std::size_t starts[] = {0, 3, 6, 9}, lengths[] = {2, 2, 2, 3};
  for (std::size_t part = 0; part < 4; ++part)
    for (std::size_t i = 0; i < lengths[part]; ++i) {
      const char c = text[starts[part] + i];
      if (c < '0' || c > '9') return -1;
      parts[part] = parts[part] * 10 + (c - '0');
    }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return -1;
  return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3];
}

bool isSubtitles(View text) {
  std::vector<View> top;
  lines(text, [&](View line) {
    top.push_back(line);
    return top.size() < 3;
  });
  if (top.size() < 3 || top[0] != "1" || top[1].size() != 29 || top[1].find('.') != View::npos) return false;
  if (top[1].substr(12, 5) != " --> ") return false;
  const long from = subtitleTime(top[1].substr(0, 12)), to = subtitleTime(top[1].substr(17));
  return from >= 0 && to >= from && !top[2].empty();
}

// The fields of the record that begins at `at`, which is moved behind it. Quotes may stand anywhere, and a quoted field
// may hold separators and line ends.
std::size_t countFields(View text, std::size_t &at, char separator) {
  std::size_t fields = 1;
  bool quoted = false, start = true;
  while (at < text.size()) {
    const char c = text[at++];
    if (quoted) {
      if (c != '"') continue;
      if (at < text.size() && text[at] == '"')
        ++at;
      else if (at >= text.size() || text[at] == separator || text[at] == '\n' || text.substr(at).starts_with("\r\n"))
        quoted = false;
      continue;
    }
    if (c == '\n') break;
    if (c == separator) {
      ++fields;
      start = true;
      continue;
    }
    if (c == '"' && start) quoted = true;
    start = false;
  }
  return fields;
}

// At least two records, all with the same number of fields, and with more than one.
bool isTable(View text, char separator) {
  text = wholeLines(text);
  std::size_t records = 0, width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const View rest = text.substr(at);
    if (rest[0] == '\n' || rest.starts_with("\r\n")) {
      at += rest[0] == '\n' ? 1 : 2;
      continue;
    }
    if (rest[0] == '#') {
      const auto end = rest.find('\n');
      at = end == View::npos ? text.size() : at + end + 1;
      continue;
    }
    const std::size_t fields = countFields(text, at, separator);
    if (width != 0 && fields != width) return false;
    width = fields;
    ++records;
  }
  return width > 1 && records > 1;
}

bool isCaptions(View text) {
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  return text.starts_with("WEBVTT") && (text.size() == 6 || "\n\r \t"sv.find(text[6]) != View::npos);
}

bool isPhp(View text) {
  return startsAnyCase(text, "<?PHP") || startsAnyCase(text, "<?\n") || startsAnyCase(text, "<?\r") ||
         startsAnyCase(text, "<? ") || isScriptOf(text, {"/usr/local/bin/php", "/usr/bin/php", "/usr/bin/env php"});
}

// What an XML document is more closely: a tag, and a name space after it, within its first bytes.
const char *xmlKind(View text) {
  constexpr struct {
    View tag, space;
    const char *mime;
  } kinds[] = {
      {"<rss", "", "application/rss+xml"},
      {"<feed", "xmlns=\"http://www.w3.org/2005/Atom\"", "application/atom+xml"},
      {"<X3D", "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema-instance\"", "model/x3d+xml"},
      {"<kml", "xmlns=\"http://www.opengis.net/kml/2.2\"", "application/vnd.google-earth.kml+xml"},
      {"<kml", "xmlns=\"http://earth.google.com/kml/2.0\"", "application/vnd.google-earth.kml+xml"},
      {"<kml", "xmlns=\"http://earth.google.com/kml/2.1\"", "application/vnd.google-earth.kml+xml"},
      {"<kml", "xmlns=\"http://earth.google.com/kml/2.2\"", "application/vnd.google-earth.kml+xml"},
      {"<xliff", "xmlns=\"urn:oasis:names:tc:xliff:document:1.2\"", "application/x-xliff+xml"},
      {"<COLLADA", "xmlns=\"http://www.collada.org/2005/11/COLLADASchema\"", "model/vnd.collada+xml"},
      {"", "xmlns:gml=\"http://www.opengis.net/gml\"", "application/gml+xml"},
      {"", "xmlns:gml=\"http://www.opengis.net/gml/3.2\"", "application/gml+xml"},
      {"", "xmlns:gml=\"http://www.opengis.net/gml/3.3/exr\"", "application/gml+xml"},
      {"<gpx", "xmlns=\"http://www.topografix.com/GPX/1/1\"", "application/gpx+xml"},
      {"<TrainingCenterDatabase", "xmlns=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2\"",
       "application/vnd.garmin.tcx+xml"},
      {"<amf", "", "application/x-amf"},
      {"<model", "xmlns=\"http://schemas.microsoft.com/3dmanufacturing/core/2015/02\"",
       "application/vnd.ms-package.3dmanufacturing-3dmodel+xml"},
      {"<xfdf", "xmlns=\"http://ns.adobe.com/xfdf/\"", "application/vnd.adobe.xfdf"},
      {"<Ontology", "xmlns=\"http://www.w3.org/2002/07/owl#\"", "application/owl+xml"},
  };
  const View top = trimLeft(text).substr(0, 512);
  for (const auto &kind : kinds) {
    const auto tag = kind.tag.empty() ? 0 : top.find(kind.tag);
    const auto space = kind.space.empty() ? View::npos : top.find(kind.space);
    if (kind.space.empty() ? tag != View::npos && tag > 0 : space != View::npos && tag < space) return kind.mime;
  }
  return nullptr;
}

} // namespace

std::string ofText(std::string_view head) {
  const auto binary = [](char c) {
    const auto b = byte(c);
    return b <= 0x08 || b == 0x0b || (b >= 0x0e && b <= 0x1a) || (b >= 0x1c && b <= 0x1f);
  };
  const char *marked = markedCharset(head);
  if (marked == nullptr && std::any_of(head.begin(), head.end(), binary)) return "";
  if (isMarkup(head, {"<!DOCTYPE HTML", "<HTML", "<HEAD", "<SCRIPT", "<IFRAME", "<H1", "<DIV", "<FONT", "<TABLE", "<A",
                      "<STYLE", "<TITLE", "<B", "<BODY", "<BR", "<P"})) {
    const std::string said = marked != nullptr ? marked : htmlCharset(head);
    return withCharset("text/html", said.empty() ? charsetOf(head) : View(said));
  }
  if (head.find("<svg") != View::npos) return "image/svg+xml";
  if (isMarkup(head, {"<?XML"})) {
    if (const char *kind = xmlKind(head)) return kind;
    return withCharset("text/xml", declaresUtf8(head) ? "utf-8" : charsetOf(head));
  }
  if (isPhp(head)) return "text/x-php";
  if (isScriptOf(head, {"/bin/node", "/usr/bin/node", "/bin/nodejs", "/usr/bin/nodejs", "/usr/bin/env node",
                        "/usr/bin/env nodejs"}))
    return "application/javascript";
  if (isScriptOf(head, {"/usr/bin/lua", "/usr/local/bin/lua", "/usr/bin/env lua"})) return "text/x-lua";
  if (isScriptOf(head, {"/usr/bin/perl", "/usr/bin/env perl"})) return "text/x-perl";
  if (isScriptOf(head, {"/usr/bin/python", "/usr/local/bin/python", "/usr/bin/env python"})) return "text/x-python";
  if (isJson(head)) return isGeoJson(head) ? "application/geo+json" : "application/json";
  if (isJsonLines(head)) return "application/x-ndjson";
  if (head.starts_with("{\\rtf1")) return "text/rtf";
  if (isSubtitles(head)) return "application/x-subrip";
  if (isScriptOf(head,
                 {"/usr/bin/tcl", "/usr/local/bin/tcl", "/usr/bin/env tcl", "/usr/bin/tclsh", "/usr/local/bin/tclsh",
                  "/usr/bin/env tclsh", "/usr/bin/wish", "/usr/local/bin/wish", "/usr/bin/env wish"}))
    return "text/x-tcl";
  if (isTable(head, ',')) return "text/csv";
  if (isTable(head, '\t')) return "text/tab-separated-values";
  if (startsAnyCase(head, "BEGIN:VCARD\n") || startsAnyCase(head, "BEGIN:VCARD\r\n")) return "text/vcard";
  if (startsAnyCase(head, "BEGIN:VCALENDAR\n") || startsAnyCase(head, "BEGIN:VCALENDAR\r\n")) return "text/calendar";
  if (head.starts_with("WARC/1.0") || head.starts_with("WARC/1.1")) return "application/warc";
  if (isCaptions(head)) return "text/vtt";
  return withCharset("text/plain", charsetOf(head));
}

} // namespace pinion::files::mime
