// What a JSON body may cost before anybody has looked at it.
#include <pinion/cpp/request_body.hpp>

#include <catch2/catch.hpp>

using pinion::BodyFault;
using pinion::RequestBody;

namespace {

bool isGood(const std::string &text) { return std::holds_alternative<RequestBody>(RequestBody::parse(text)); }
bool isMalformed(const std::string &text) {
  const auto body = RequestBody::parse(text);
  return std::holds_alternative<BodyFault>(body) && std::get<BodyFault>(body) == BodyFault::malformed;
}

std::string nested(std::size_t depth) {
  return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}
std::string list(std::size_t values) {
  std::string out = "{\"a\":[0";
  for (std::size_t i = 1; i < values; ++i) out += ",0";
  return out + "]}";
}

} // namespace

TEST_CASE("a body that nests too deep is malformed, and is never built") {
  CHECK(isGood(nested(10'000)));
  CHECK(isMalformed(nested(10'001)));
  CHECK(isMalformed("{\"a\":" + std::string(4'000'000, '[')));
}

TEST_CASE("a body of more values than anybody sends is malformed") {
  CHECK(isGood(list(250'001)));
  CHECK(isMalformed(list(250'002)));
}

TEST_CASE("brackets and commas in texts are text, and what follows the object does not count") {
  std::string value;
  const auto body = RequestBody::parse("{\"a\":\"" + std::string(20'000, '[') + "\\\",\"}" + std::string(20'000, '['));
  REQUIRE(std::holds_alternative<RequestBody>(body));
  REQUIRE(std::get<RequestBody>(body).read("a", value));
  CHECK(value == std::string(20'000, '[') + "\",");
}
