#include "http/request_head.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core::http;

namespace {

int statusOf(const std::string &text) {
  const auto parsed = parseHead(text);
  const auto *refusal = std::get_if<HeadRefusal>(&parsed);
  return refusal == nullptr ? 200 : refusal->status;
}

RequestHead read(const std::string &text) {
  auto parsed = parseHead(text);
  REQUIRE(std::holds_alternative<RequestHead>(parsed));
  return std::get<RequestHead>(std::move(parsed));
}

// A good request but for the given lines.
std::string with(const std::string &lines, const std::string &version = "HTTP/1.1") {
  return "POST /x " + version + "\r\nHost: h\r\n" + lines + "\r\n";
}

} // namespace

TEST_CASE("A head is read into method, target, fields and framing") {
  const auto head =
      read("GET /a%20b?x=1&y=%C3%A4 HTTP/1.1\r\nHost: h:8080\r\nX-One:  some value \t\r\nx-one: two\r\n\r\n");
  CHECK(head.method == "GET");
  CHECK(head.target.path == "/a b");
  CHECK(head.target.raw_path == "/a%20b");
  CHECK(head.target.query == "x=1&y=%C3%A4");
  CHECK(*head.find("X-ONE") == "some value");
  CHECK(head.joined("x-one") == "some value, two");
  CHECK(head.find("nothing") == nullptr);
  CHECK(head.keep_alive);
  CHECK_FALSE(head.content_length);
  CHECK_FALSE(head.chunked);
}

TEST_CASE("An encoded slash separates segments like a plain one") {
  CHECK(read("GET /a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n").target.path == "/a/b");
}

TEST_CASE("A target in absolute form is read for its path") {
  CHECK(read("GET http://h/x?y HTTP/1.1\r\nHost: h\r\n\r\n").target.path == "/x");
  CHECK(read("GET HTTP://h?y=1 HTTP/1.1\r\nHost: h\r\n\r\n").target.query == "y=1");
  CHECK(statusOf("GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
}

TEST_CASE("A malformed request line is refused") {
  const std::string rest = "\r\nHost: h\r\n\r\n";
  for (const auto *line : {"GARBAGE", "GET /x", "GET  /x HTTP/1.1", "GET /x  HTTP/1.1", " GET /x HTTP/1.1",
                           "GET x HTTP/1.1", "GET /x HTTP/1.1 ", "G(T /x HTTP/1.1", "GET /x http/1.1", "GET /x HTTP/1",
                           "GET /%zz HTTP/1.1", "GET /%2 HTTP/1.1", "GET /a\tb HTTP/1.1", "GET /a#b HTTP/1.1",
                           "GET * HTTP/1.1", "CONNECT h:1 HTTP/1.1", "GET /x\x7f HTTP/1.1", "GET /x HTTP/1.1\rX"}) {
    CAPTURE(line);
    CHECK(statusOf(line + rest) == 400);
  }
  CHECK(statusOf("GET /x HTTP/9.9" + rest) == 505);
  CHECK(statusOf("GET /x HTTP/2.0" + rest) == 505);
  CHECK(statusOf("OPTIONS * HTTP/1.1" + rest) == 200);
}

TEST_CASE("Header fields that parsers read differently are refused") {
  for (const auto *lines :
       {"Bad Header: 1\r\n", "Name : 1\r\n", " folded: 1\r\n", "X: 1\r\n folded\r\n", "X: 1\r\n\tfolded\r\n",
        "NoColon\r\n", ": 1\r\n", "X: a\nY: b\r\n", "X: a\rY: b\r\n", "X\x01: 1\r\n", "Host: other\r\n"}) {
    CAPTURE(lines);
    CHECK(statusOf(with(lines)) == 400);
  }
  CHECK(statusOf(with(std::string("X: a\0b\r\n", 8))) == 400);
}

TEST_CASE("A host is named exactly once") {
  CHECK(statusOf("GET /x HTTP/1.1\r\n\r\n") == 400);
  CHECK(statusOf("GET /x HTTP/1.0\r\n\r\n") == 200);
  CHECK(statusOf("GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
  CHECK(statusOf("GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n") == 400);
}

TEST_CASE("Where the body ends is said once and clearly, or the request is refused") {
  for (const auto *lines :
       {"Content-Length: -1\r\n", "Content-Length: +1\r\n", "Content-Length: 1 1\r\n", "Content-Length: 0x1\r\n",
        "Content-Length: \r\n", "Content-Length: 1, 1\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\ncontent-length: 2\r\n", "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding:\x0b"
        "chunked\r\n"}) {
    CAPTURE(lines);
    CHECK(statusOf(with(lines)) == 400);
  }
  CHECK(statusOf(with("Transfer-Encoding: chunked\r\n", "HTTP/1.0")) == 400);
  CHECK(read(with("Transfer-Encoding: Chunked\r\n")).chunked);
  CHECK(read(with("Content-Length: 17\r\n")).content_length == 17);
}

TEST_CASE("Expectations other than 100-continue fail") {
  CHECK(read(with("Expect: 100-Continue\r\n")).expects_continue);
  CHECK(statusOf(with("Expect: something\r\n")) == 417);
  CHECK_FALSE(read(with("Expect: 100-continue\r\n", "HTTP/1.0")).expects_continue);
}

TEST_CASE("A connection is kept as version and Connection header say") {
  CHECK_FALSE(read(with("Connection: close\r\n")).keep_alive);
  CHECK_FALSE(read(with("Connection: x, CLOSE\r\n")).keep_alive);
  CHECK_FALSE(read(with("", "HTTP/1.0")).keep_alive);
  CHECK(read(with("Connection: Keep-Alive\r\n", "HTTP/1.0")).keep_alive);
}

TEST_CASE("A head of too many fields is refused") {
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += "X: 1\r\n";
  CHECK(statusOf(with(lines)) == 431);
}

TEST_CASE("Encoded words in a header stay as they are") {
  CHECK(*read(with("X: =?utf-8?Q?a=0D=0Ab?=\r\n")).find("X") == "=?utf-8?Q?a=0D=0Ab?=");
}

TEST_CASE("Query values are decoded, the first of a name counts") {
  CHECK(queryValue("a=1&a=2", "a") == "1");
  CHECK(queryValue("a=x+y%2B", "a") == "x y+");
  CHECK(queryValue("a", "a") == "");
  CHECK(queryValue("b=1&%61=2", "a") == "2");
  CHECK(queryValue("a=%zz&a=3", "a") == "3");
  CHECK(queryValue("a=1;b=2", "a") == std::nullopt);
  CHECK(queryValue("", "a") == std::nullopt);
}
