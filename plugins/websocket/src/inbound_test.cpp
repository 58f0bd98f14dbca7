#include "inbound.hpp"

#include <catch2/catch.hpp>

using namespace pinion::websocket;

namespace {

// "EVENT|ARGUMENT", or "-" for what is passed over.
std::string read(std::string_view text) {
  const auto message = parseInbound(text);
  return message ? message->event + "|" + message->argument : "-";
}

} // namespace

TEST_CASE("an event is read in the many ways in which clients write it") {
  CHECK(read(R"({"event":"send stats","args":[]})") == "send stats|");
  CHECK(read(R"({"event":"send stats","args":[null]})") == "send stats|");
  CHECK(read(R"({"event":"send stats","args":null})") == "send stats|");
  CHECK(read(R"({"event":"send stats"})") == "send stats|");
  CHECK(read(R"({"EVENT":"send stats","ArGs":["x"]})") == "send stats|x");
  CHECK(read(R"({"event":"x","args":["a",null,"b"],"more":{"event":1}})") == "x|ab");
  CHECK(read(" {\"event\" : \"x\"} \n") == "x|");
  CHECK(read(R"({"event":"a","event":"b"})") == "b|");
}

TEST_CASE("an object without an event has an empty name") {
  CHECK(read("{}") == "|");
  CHECK(read("null") == "|");
  CHECK(read(R"({"args":["x"]})") == "|x");
  CHECK(read(R"({"event":null})") == "|");
}

TEST_CASE("what is no event is passed over") {
  for (const auto *text :
       {"", "{", "nonsense", "[]", "\"send stats\"", "1", "true", R"({"event":1})", R"({"event":["x"]})",
        R"({"event":"x","args":[1]})", R"({"event":"x","args":"x"})", R"({"event":"x","args":{}})",
        R"({"event":"x","args":[["x"]]})", R"([{"event":"x"}])", R"({"event":"x"} more)", R"({"event":"x")"})
    CHECK(read(text) == "-");
  CHECK(read(std::string_view("\0", 1)) == "-");
}

TEST_CASE("bytes that are no UTF-8 do not spoil a message") {
  CHECK(read("{\"event\":\"send command\",\"args\":[\"a\xff\"]}") == "send command|a\xef\xbf\xbd");
}

TEST_CASE("a deeply nested message is read without harm") {
  const std::string deep(16000, '[');
  CHECK(read("{\"event\":\"x\",\"more\":" + deep) == "-");
  CHECK(read("{\"event\":\"x\",\"more\":" + deep + std::string(16000, ']') + "}") == "x|");
}
