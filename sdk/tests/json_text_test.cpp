#include <pinion/cpp/json_text.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace pinion;

TEST_CASE("plain text is only quoted") {
  CHECK(jsonString("") == R"("")");
  CHECK(jsonString("say hello, 100% \x7f") == "\"say hello, 100% \x7f\"");
}

TEST_CASE("what JSON or a browser could misread is escaped as Go does it") {
  CHECK(jsonString("\"\\") == R"("\"\\")");
  CHECK(jsonString("a\nb\rc\td") == R"("a\nb\rc\td")");
  CHECK(jsonString(std::string_view("\0\x01\x1b\x1f", 4)) == R"("\u0000\u0001\u001b\u001f")");
  CHECK(jsonString("<b>&</b>") == R"("\u003cb\u003e\u0026\u003c/b\u003e")");
  CHECK(jsonString("a\xe2\x80\xa8"
                   "b\xe2\x80\xa9") == R"("a\u2028b\u2029")");
}

TEST_CASE("UTF-8 is passed on as it is") {
  for (const auto *text : {"caf\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x98\x80", "\xe2\x80\xa7\xe2\x80\xaa",
                           "\xef\xbf\xbf\xf4\x8f\xbf\xbf"})
    CHECK(jsonString(text) == "\"" + std::string(text) + "\"");
}

TEST_CASE("each byte that is no UTF-8 becomes one replacement character") {
  const std::string r = "\xef\xbf\xbd";
  CHECK(jsonString("bad\xff"
                   "byte") == "\"bad" + r + "byte\"");
  CHECK(jsonString("\xc0\x80") == "\"" + r + r + "\"");         // overlong
  CHECK(jsonString("\xed\xa0\x80") == "\"" + r + r + r + "\""); // half a surrogate pair
  CHECK(jsonString("\xf4\x90\x80\x80") == "\"" + r + r + r + r + "\"");
  CHECK(jsonString("end\xe6\x97") == "\"end" + r + r + "\""); // cut off
  CHECK(jsonString("\xe6<") == "\"" + r + "\\u003c\"");
}

TEST_CASE("whatever goes in, a JSON parser reads the valid form of it") {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (int lead = 0xc0; lead < 0x100; ++lead)
    for (const auto *rest : {"\x80", "\xbf\x80", "\x90\x80\x80", "x"})
      all += static_cast<char>(lead) + std::string(rest);
  const auto read = nlohmann::json::parse(jsonString(all), nullptr, false);
  REQUIRE(read.is_string());
  CHECK(read.get<std::string>() == validUtf8(all));
}

TEST_CASE("appending leaves what is there") {
  std::string out = "[";
  appendJsonString(out, "a");
  out += ',';
  appendJsonString(out, "<");
  CHECK(out == R"(["a","\u003c")");
}
