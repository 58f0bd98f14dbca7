#include "body.hpp"

#include <catch2/catch.hpp>

using namespace pinion::system;

namespace {

bool isFault(std::string_view text, BodyFault fault) {
  const auto body = Body::parse(text);
  return std::holds_alternative<BodyFault>(body) && std::get<BodyFault>(body) == fault;
}

Body good(std::string_view text) {
  auto body = Body::parse(text);
  REQUIRE(std::holds_alternative<Body>(body));
  return std::get<Body>(std::move(body));
}

std::string textAt(std::string_view body, std::string_view key) {
  std::string out = "(left)";
  return good(body).read(key, out) ? out : "(wrong)";
}

} // namespace

TEST_CASE("an empty body and a wrong one are told apart") {
  for (const auto *text : {"", " ", "\r\n\t"}) CHECK(isFault(text, BodyFault::empty));
  for (const auto *text : {"{", "[]", "[1]", "\"x\"", "1", "nonsense", "{\"a\":1", "\x01"})
    CHECK(isFault(text, BodyFault::malformed));
}

TEST_CASE("members are read as leniently as ever") {
  CHECK(textAt(R"({"uuid":"x"})", "uuid") == "x");
  CHECK(textAt(R"({"UuId":"x"})", "uuid") == "x");
  CHECK(textAt(R"({"uuid":"x","uuid":"y"})", "uuid") == "y");
  CHECK(textAt(R"({"uuid":"x"} trailing)", "uuid") == "x");
  CHECK(textAt(R"({"other":1})", "uuid") == "(left)");
  CHECK(textAt(R"({"uuid":null})", "uuid") == "(left)");
  CHECK(textAt("null", "uuid") == "(left)");
  CHECK(textAt("{\"uuid\":\"\xff\"}", "uuid") == "\xef\xbf\xbd");
}

TEST_CASE("a member of another type is wrong") {
  CHECK(textAt(R"({"uuid":1})", "uuid") == "(wrong)");
  CHECK(textAt(R"({"uuid":["x"]})", "uuid") == "(wrong)");
  bool flag = true;
  CHECK_FALSE(good(R"({"flag":"yes"})").read("flag", flag));
  CHECK_FALSE(good(R"({"flag":1})").read("flag", flag));
  CHECK(flag);
  CHECK(good(R"({"flag":false})").read("flag", flag));
  CHECK_FALSE(flag);
  std::vector<std::string> list;
  CHECK_FALSE(good(R"({"list":"x"})").read("list", list));
  CHECK_FALSE(good(R"({"list":[1]})").read("list", list));
  CHECK(good(R"({"list":["a",null]})").read("list", list));
  CHECK(list == std::vector<std::string>{"a", ""});
}

TEST_CASE("the object goes on without what followed it") {
  CHECK(good(R"( {"a":[1,2.5,"<"]} x)").text() == R"({"a":[1,2.5,"<"]})");
  CHECK(good("null").text() == "{}");
}

TEST_CASE("a server's UUID is of version 4 and written in one way") {
  CHECK(isServerUuid("3fd3e129-0dc3-4f0e-9a36-68526cabfbcf"));
  CHECK(isServerUuid("00000000-0000-4000-8000-000000000000"));
  for (const auto *text : {"", "x", "../../etc", "00000000-0000-0000-0000-000000000000",
                           "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "3FD3E129-0DC3-4F0E-9A36-68526CABFBCF",
                           "3fd3e1290dc34f0e9a3668526cabfbcf", "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf\n",
                           "{3fd3e129-0dc3-4f0e-9a36-68526cabfbcf}", "3fd3e129-0dc3-4f0e-7a36-68526cabfbcf",
                           "3fd3e129-0dc3-4f0e-9a36-68526cabfbcg", "3fd3e129_0dc3-4f0e-9a36-68526cabfbcf"})
    CHECK_FALSE(isServerUuid(text));
}
