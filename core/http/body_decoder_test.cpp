#include "http/body_decoder.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core::http;
using State = BodyDecoder::State;

namespace {

RequestHead chunkedHead() {
  RequestHead head;
  head.chunked = true;
  return head;
}

struct Decoded {
  State state;
  std::string body, rest;
};

// Feeds `text` in pieces of `step` bytes.
Decoded decode(const RequestHead &head, std::string_view text, std::size_t step) {
  BodyDecoder decoder(head);
  Decoded out{decoder.done() ? State::done : State::more, "", ""};
  std::string pending;
  while (!text.empty() || !pending.empty()) {
    pending += text.substr(0, step);
    text.remove_prefix(std::min(step, text.size()));
    std::string_view in = pending;
    out.state = decoder.feed(in, out.body);
    pending = std::string(in);
    if (out.state != State::more) break;
  }
  out.rest = pending + std::string(text);
  return out;
}

} // namespace

TEST_CASE("A chunked body is decoded however it is cut, and what follows is left") {
  const std::string text = "3\r\nabc\r\nA;name=\"v\"\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nGET /next";
  for (const std::size_t step : {1u, 2u, 3u, 7u, 1000u}) {
    const auto decoded = decode(chunkedHead(), text, step);
    CHECK(decoded.state == State::done);
    CHECK(decoded.body == "abc0123456789");
    CHECK(decoded.rest == "GET /next");
  }
}

TEST_CASE("Chunks that could be read in two ways are refused") {
  for (const auto *text : {"g\r\n", "-1\r\n", "+1\r\nx\r\n", "0x1\r\nx\r\n", "\r\n", " 1\r\nx\r\n", "1\nx\n0\n\n",
                           "1\r\nxy\r\n", "1\r\nx\n0\r\n\r\n", "1 x\r\n", "1111111111111111\r\n",
                           "0\r\nbad trailer\r\n\r\n", "0\r\n: x\r\n\r\n", "1\rx\r\n", "3\r\nabcd\r\n"}) {
    CAPTURE(text);
    for (const std::size_t step : {1u, 100u}) CHECK(decode(chunkedHead(), text, step).state == State::bad);
  }
}

TEST_CASE("Endless chunk extensions and trailers are refused") {
  CHECK(decode(chunkedHead(), "1;" + std::string(5000, 'x'), 100).state == State::bad);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 2000; ++i) trailers += "X-Filler: aaaaaaaa\r\n";
  CHECK(decode(chunkedHead(), trailers, 1000).state == State::bad);
}

TEST_CASE("A body of known length ends there") {
  RequestHead head;
  head.content_length = 5;
  const auto decoded = decode(head, "helloGET", 2);
  CHECK(decoded.state == State::done);
  CHECK(decoded.body == "hello");
  CHECK(decoded.rest == "GET");
  CHECK(decode(head, "hell", 2).state == State::more);
}

TEST_CASE("A request without length has no body") { CHECK(BodyDecoder(RequestHead()).done()); }
