#include "base/json_text.hpp"

#include <catch2/catch.hpp>

using namespace pinion;
using namespace std::string_literals;

TEST_CASE("plain text is quoted and kept") { CHECK(jsonString("say hello") == R"("say hello")"); }

TEST_CASE("text is appended behind what is there") {
  std::string out = "[";
  appendJsonString(out, "a");
  CHECK(out == R"(["a")");
}

TEST_CASE("an empty text is two quotes") { CHECK(jsonString("") == R"("")"); }

TEST_CASE("quotes, backslashes and controls are escaped as Go does") {
  CHECK(jsonString("\"\\\n\r\t") == R"("\"\\\n\r\t")");
  CHECK(jsonString("\x01\x1b\x1f\b\f"s) == R"("\u0001\u001b\u001f\u0008\u000c")");
  CHECK(jsonString("a\0b"s) == R"("a\u0000b")");
  CHECK(jsonString("\x7f") == "\"\x7f\"");
}

TEST_CASE("what a browser could take for markup is escaped") {
  CHECK(jsonString("<a>&") == R"("\u003ca\u003e\u0026")");
  CHECK(jsonString("a\xe2\x80\xa8z\xe2\x80\xa9") == R"("a\u2028z\u2029")");
}

TEST_CASE("whole UTF-8 is kept") {
  const auto *text =
      GENERATE("\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xae", "\xe2\x80\xa7", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf");
  CHECK(jsonString(text) == "\""s + text + "\"");
}

TEST_CASE("each byte that is no UTF-8 becomes one replacement character") {
  const std::string r = "\xef\xbf\xbd";
  CHECK(jsonString("a\xff"s + "b") == "\"a" + r + "b\"");
  CHECK(jsonString("\xc0\xaf") == "\"" + r + r + "\"");                 // overlong
  CHECK(jsonString("\xe0\x80\x80") == "\"" + r + r + r + "\"");         // overlong
  CHECK(jsonString("\xed\xa0\x80") == "\"" + r + r + r + "\"");         // surrogate
  CHECK(jsonString("\xf4\x90\x80\x80") == "\"" + r + r + r + r + "\""); // beyond U+10FFFF
  CHECK(jsonString("x\xe2\x82") == "\"x" + r + r + "\"");               // cut off
}
