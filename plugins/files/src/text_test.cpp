#include "content_type.hpp"
#include "entry_json.hpp"
#include "go_text.hpp"
#include "search.hpp"
#include "url.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>

using namespace pinion::files;
using namespace std::string_view_literals;

TEST_CASE("a quoted name holds nothing that a header could be broken with") {
  const auto [name, expected] =
      GENERATE(table<std::string, std::string>({{"a.txt", R"("a.txt")"},
                                                {"a \"b\"\\", R"("a \"b\"\\")"},
                                                {"cr\r\nSet-Cookie: a=b", R"("cr\r\nSet-Cookie: a=b")"},
                                                {std::string("\0\a\b\t\v\f\x1b\x7f"sv), R"("\x00\a\b\t\v\f\x1b\x7f")"},
                                                {"猫ü\U0001f600", "\"猫ü\U0001f600\""},
                                                {"\u202egpj\u00a0\u2028\ufeff", R"("\u202egpj\u00a0\u2028\ufeff")"},
                                                {"\U000e0001\ue000", R"("\U000e0001\ue000")"},
                                                {"\xff\xc3", R"("\xff\xc3")"}}));
  CHECK(pinion::files::quoted(name) == expected);
}

TEST_CASE("paths are cleaned and joined lexically") {
  const auto [path, clean] = GENERATE(table<std::string, std::string>({{"", "."},
                                                                       {"/", "/"},
                                                                       {"//a//./b/", "/a/b"},
                                                                       {"/../../x", "/x"},
                                                                       {"a/../../x", "../x"},
                                                                       {"../../x/..", "../.."},
                                                                       {"a/b/../..", "."},
                                                                       {"/a/b/..", "/a"},
                                                                       {"...", "..."}}));
  CHECK(cleanPath(path) == clean);
  CHECK(joinPath("", "") == "");
  CHECK(joinPath("/", "../x") == "/x");
  CHECK(joinPath("a", "../../x") == "../x");
  CHECK(joinPath("", "/x") == "/x");
  CHECK(isRoot("/a/.."));
  CHECK(isRoot(""));
  CHECK_FALSE(isRoot("/a"));
}

TEST_CASE("the last element of a path is its name, and what follows its last dot its extension") {
  CHECK(baseName("/etc/up.txt") == "up.txt");
  CHECK(baseName("a/b//") == "b");
  CHECK(baseName("") == ".");
  CHECK(baseName("///") == "/");
  CHECK(baseName("..\\up.txt") == "..\\up.txt");
  CHECK(extension("a/x.tar.gz") == ".gz");
  CHECK(extension("a.b/x") == "");
  CHECK(extension(".env") == ".env");
}

TEST_CASE("times are written in the node's zone, with its offset at that time") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  CHECK(timeText(1234567890) == "2009-02-13T23:31:30Z");
  CHECK(timeText(0) == "1970-01-01T00:00:00Z");
  CHECK(timeText(-1) == "1969-12-31T23:59:59Z");
  CHECK(timeText(951782400) == "2000-02-29T00:00:00Z");
  CHECK(timeText(253402300800) == "10000-01-01T00:00:00Z");
  ::setenv("TZ", "XXX-5:30", 1); // east of Greenwich
  ::tzset();
  CHECK(timeText(1234567890 + 9000) == "2009-02-14T07:31:30+05:30");
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

TEST_CASE("modes are written with the letters of their kind") {
  const auto [type, mode, text] =
      GENERATE(table<std::uint32_t, std::uint32_t, std::string>({{PINION_FILE_REGULAR, 0644, "-rw-r--r--"},
                                                                 {PINION_FILE_REGULAR, 06711, "ugrwx--x--x"},
                                                                 {PINION_FILE_REGULAR, 01777, "trwxrwxrwx"},
                                                                 {PINION_FILE_DIRECTORY, 0755, "drwxr-xr-x"},
                                                                 {PINION_FILE_LINK, 0777, "Lrwxrwxrwx"},
                                                                 {PINION_FILE_PIPE, 0, "p---------"},
                                                                 {PINION_FILE_SOCKET, 0600, "Srw-------"},
                                                                 {PINION_FILE_DEVICE, 0660, "Drw-rw----"},
                                                                 {PINION_FILE_CHARACTER, 0660, "Dcrw-rw----"}}));
  CHECK(modeText(type, mode) == text);
}

TEST_CASE("an entry is the object that the Panel expects, and its name is UTF-8 whatever it was") {
  pinion_file_info info{};
  info.type = PINION_FILE_REGULAR;
  info.mode = 0644;
  info.bytes = 11;
  info.modified_s = 1234567890;
  std::string out;
  appendEntry(out, info, "a\xff<\n", "text/plain");
  CHECK(out == "{\"name\":\"a\xef\xbf\xbd\\u003c\\n\",\"created\":\"1970-01-01T00:00:00Z\",\"modified\":\"2009-02-"
               "13T23:31:30Z\","
               "\"mode\":\"-rw-r--r--\",\"mode_bits\":\"644\",\"size\":11,\"directory\":false,\"file\":true,"
               "\"symlink\":false,\"mime\":\"text/plain\"}");
}

TEST_CASE("the type of a body is told from its beginning as Go does") {
  const auto [body, type] =
      GENERATE(table<std::string, std::string>({{"hello", "text/plain; charset=utf-8"},
                                                {"\x80\xff", "text/plain; charset=utf-8"},
                                                {std::string("a\0b"sv), "application/octet-stream"},
                                                {"  <!doctype html>", "text/html; charset=utf-8"},
                                                {"<br", "text/plain; charset=utf-8"},
                                                {"\n<?xml version", "text/xml; charset=utf-8"},
                                                {"%PDF-1", "application/pdf"},
                                                {std::string("\xff\xfe\1\0"sv), "text/plain; charset=utf-16le"},
                                                {"\x1f\x8b\x08", "application/x-gzip"},
                                                {std::string("RIFF\1\2\3\4WEBPVP8"sv), "image/webp"},
                                                {std::string("\0\0\0\x18"
                                                             "ftypmp42\0\0\0\0isommp42"sv),
                                                 "video/mp4"},
                                                {std::string("\0\0\0\x18"
                                                             "ftypxxxxmp42isomiso2"sv),
                                                 "application/octet-stream"}}));
  CHECK(sniffContentType(body) == type);
}

TEST_CASE("what is no URL is explained in Go's words") {
  const auto [url, fault] =
      GENERATE(table<std::string, std::string>({{"http://x[y/", "invalid IP-literal"},
                                                {"http://[::1", R"(missing ']' in host)"},
                                                {"http://a b/", R"(invalid character " " in host name)"},
                                                {"http://x:port/", R"(invalid port ":port" after host)"},
                                                {"%zz://x", R"(first path segment in URL cannot contain colon)"},
                                                {"http://x/%zz", R"(invalid URL escape "%zz")"},
                                                {":x", R"(missing protocol scheme)"},
                                                {"http://a\tb", R"(net/url: invalid control character in URL)"},
                                                {"http://a b@c/", R"(net/url: invalid userinfo)"},
                                                {"http://x/#%", R"(invalid URL escape "%")"}}));
  CHECK(urlFault(url) == fault);
}

TEST_CASE("what may be a URL is none of the parser's business any more") {
  const auto url = GENERATE("http://x", "http://[::1]:80/a%20b?q=%zz", "file:///etc/passwd", "x", "/etc/passwd",
                            "http://", "http://user:pass@h:1/", "mailto:a", "http://h/a:b");
  CHECK_FALSE(urlFault(url));
}

TEST_CASE("a download is named after the last part of its path, decoded") {
  CHECK(urlFileName("http://x/dir/a%20b.txt?q=/c#/d") == "a b.txt");
  CHECK(urlFileName("http://x") == "");
  CHECK(urlFileName("http://x/") == "");
}

TEST_CASE("a pattern is a part of a name, or all of it when it has wildcards, in any case") {
  const auto [name, pattern, found] =
      GENERATE(table<std::string, std::string, bool>({{"level.dat", "level", true},
                                                      {"LEVEL.DAT", "el.d", true},
                                                      {"level.txt", "*.txt", true},
                                                      {"level.txt", "*.tx", false},
                                                      {"notes.txt", "note?.txt", true},
                                                      {"note.txt", "note?.txt", false},
                                                      {"\xc3\xa9t\xc3\xa9", "?t?", true},
                                                      {"aaaaab", "*a*a*b", true},
                                                      {"aaaaa", "*a*a*b", false}}));
  CHECK(matchesPattern(name, pattern) == found);
}
