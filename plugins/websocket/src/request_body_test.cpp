#include "request_body.hpp"

#include <catch2/catch.hpp>

using namespace pinion;
using namespace pinion::websocket;

TEST_CASE("the denied ids are read as leniently as ever") {
  const auto ids = [](std::string_view body) {
    const auto read = parseDeniedIds(body);
    REQUIRE(read);
    return *read;
  };
  using List = std::vector<std::string>;
  CHECK(ids(R"({"jtis":["a","b"]})") == List{"a", "b"});
  CHECK(ids(R"({"JTIS":["a",null]})") == List{"a", ""});
  CHECK(ids(R"({"jtis":["a"],"jtis":["b"]})") == List{"b"});
  CHECK(ids(R"({"jtis":["a"]} trailing)") == List{"a"});
  CHECK(ids(R"({"jtis":null})").empty());
  CHECK(ids("{}").empty());
  CHECK(ids("null").empty());
  CHECK(ids("{\"jtis\":[\"\xff\"]}") == List{"\xef\xbf\xbd"});
}

TEST_CASE("an empty body and a wrong one are told apart") {
  for (const auto *body : {"", " \r\n\t"}) CHECK(parseDeniedIds(body).error().code == PINION_E_NOT_FOUND);
  for (const auto *body : {"{", "[]", "\"x\"", "1", R"({"jtis":"a"})", R"({"jtis":[1]})", R"({"jtis":{}})"})
    CHECK(parseDeniedIds(body).error().code == PINION_E_INVALID);
}
