// Bodies from the other end of a pair of sockets.
#include "outbound/body_reader.hpp"

#include <Poco/Exception.h>

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

using namespace pinion::core;
using namespace pinion::core::outbound;
using namespace std::chrono_literals;
using Poco::Net::HTTPResponse;

namespace {

constexpr std::size_t kRoomy = 1 << 20;

enum class Then { close, stay };

// A connection on which `sent` has come already.
struct Answered {
  explicit Answered(const std::string &sent, Then then = Then::close) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    peer = UniqueFd(ends[1]);
    auto made = establish(UniqueFd(ends[0]), Address{}, nullptr, std::chrono::steady_clock::now() + 20s, stop);
    REQUIRE(made);
    connection = std::move(*made);
    REQUIRE(::write(peer.get(), sent.data(), sent.size()) == static_cast<ssize_t>(sent.size()));
    if (then == Then::close) peer = UniqueFd();
  }
  BodyReader reader(const HTTPResponse &response, bool to_head = false) {
    auto made = BodyReader::of(*connection, response, to_head);
    REQUIRE(made);
    return std::move(*made);
  }
  StopSignal stop;
  UniqueFd peer;
  std::unique_ptr<Connection> connection;
};

HTTPResponse withLength(const std::string &length) {
  HTTPResponse response(HTTPResponse::HTTP_OK);
  response.set("Content-Length", length);
  return response;
}

HTTPResponse chunked() {
  HTTPResponse response(HTTPResponse::HTTP_OK);
  response.setChunkedTransferEncoding(true);
  return response;
}

// The body, or what is wrong with it.
std::string read(const HTTPResponse &response, const std::string &sent, std::size_t largest = kRoomy) {
  Answered answered(sent);
  auto body = answered.reader(response).readWhole(largest);
  return body ? *body : body.error().text;
}

constexpr const char *kCut = "the answer was cut short", *kMalformed = "the answer is malformed";

} // namespace

TEST_CASE("a body is whole by its length, its chunks or the connection's end") {
  CHECK(read(withLength("5"), "01234next") == "01234");
  CHECK(read(withLength("0"), "next").empty());
  CHECK(read(chunked(), "3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\nnext") == "abcde");
  CHECK(read(chunked(), "A \r\n0123456789\r\n00\r\n\r\n") == "0123456789");
  CHECK(read(chunked(), "1\nx\n0\n\n") == "x"); // bare line feeds, as some hosts send them
  CHECK(read(HTTPResponse(HTTPResponse::HTTP_OK), "all of it") == "all of it");
  CHECK(read(HTTPResponse(HTTPResponse::HTTP_OK), "").empty());
}

TEST_CASE("a body comes in pieces of any size, and its end stays the end") {
  Answered answered("4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\nnext");
  auto reader = answered.reader(chunked());
  std::string out;
  char piece[3];
  for (;;) {
    CHECK_FALSE(reader.atNextAnswer());
    const auto got = reader.read(piece, sizeof piece);
    REQUIRE(got);
    if (*got == 0) break;
    out.append(piece, *got);
  }
  CHECK(out == "abcdefg");
  CHECK(reader.atNextAnswer());
  CHECK(*reader.read(piece, sizeof piece) == 0);
  CHECK(answered.connection->get() == 'n');
}

TEST_CASE("an answer that has no body leaves the connection to the next one") {
  for (const auto status :
       {HTTPResponse::HTTP_CONTINUE, HTTPResponse::HTTP_NO_CONTENT, HTTPResponse::HTTP_NOT_MODIFIED}) {
    HTTPResponse response = withLength("5");
    response.setStatus(status);
    Answered answered("next");
    auto reader = answered.reader(response);
    CHECK(reader.atNextAnswer());
    CHECK(reader.readWhole(kRoomy)->empty());
  }
  Answered answered("next");
  CHECK(answered.reader(withLength("5"), true).readWhole(kRoomy)->empty());
  CHECK(answered.connection->get() == 'n');
}

TEST_CASE("a connection that was read to its end has no next answer") {
  Answered answered("x");
  auto reader = answered.reader(HTTPResponse(HTTPResponse::HTTP_OK));
  CHECK(*reader.readWhole(kRoomy) == "x");
  CHECK_FALSE(reader.atNextAnswer());
}

TEST_CASE("a body that is cut short is told from a whole one wherever the cut is") {
  CHECK(read(withLength("6"), "01234") == kCut);
  CHECK(read(withLength("1"), "") == kCut);
  const std::string whole = "3\r\nabc\r\n0\r\nname: value\r\n\r\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    CHECK(read(chunked(), whole.substr(0, length)) == kCut);
  }
  CHECK(read(chunked(), whole) == "abc");
}

TEST_CASE("a length or a chunk's size that is no number is malformed") {
  for (const auto *size : {"", "g", "-1", "+1", "0x3", "3x", ";", " 3", "10000000000000000"}) {
    INFO(size);
    CHECK(read(chunked(), std::string(size) + "\r\nabc\r\n0\r\n\r\n") == kMalformed);
  }
  for (const auto *length : {"", "x", "-1", "+5", "5x", "0x5", "18446744073709551616"}) {
    INFO(length);
    Answered answered("01234");
    CHECK(BodyReader::of(*answered.connection, withLength(length)).error().code == Code::io);
  }
}

TEST_CASE("a chunk ends where its size says, or it is malformed") {
  CHECK(read(chunked(), "2\r\nabcd\r\n0\r\n\r\n") == kMalformed);
  CHECK(read(chunked(), "3\r\nabc0\r\n\r\n") == kMalformed);
}

TEST_CASE("trailers are passed over, but not for ever, and no line is") {
  std::string trailers;
  for (int i = 0; i < 63; ++i) trailers += "name: value\r\n";
  CHECK(read(chunked(), "1\r\nx\r\n0\r\n" + trailers + "\r\n") == "x");
  CHECK(read(chunked(), "1\r\nx\r\n0\r\n" + trailers + "name: value\r\n\r\n") == kMalformed);
  CHECK(read(chunked(), "1\r\nx\r\n0\r\n" + std::string(2000, 't') + "\r\n\r\n") == kMalformed);
  CHECK(read(chunked(), "1;" + std::string(2000, 'e') + "\r\nx\r\n0\r\n\r\n") == kMalformed);
}

TEST_CASE("a body that is too large is refused, promised or sent") {
  const std::string large = "the answer is larger than 0 MiB";
  CHECK(read(withLength("5"), "01234", 5) == "01234");
  CHECK(read(withLength("6"), "", 5) == large);
  CHECK(read(withLength("18446744073709551615"), "x", 5) == large);
  CHECK(read(chunked(), "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5) == "abcde");
  CHECK(read(chunked(), "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", 5) == large);
  CHECK(read(chunked(), "fffffffff\r\nx", 5) == large);
  CHECK(read(HTTPResponse(HTTPResponse::HTTP_OK), "01234", 5) == "01234");
  CHECK(read(HTTPResponse(HTTPResponse::HTTP_OK), "012345", 5) == large);
}

TEST_CASE("no body outlasts the connection's deadline or the stop") {
  for (const auto &[response, sent] : {std::pair(withLength("5"), "0123"), std::pair(chunked(), "3\r\nabc\r\n"),
                                       std::pair(HTTPResponse(HTTPResponse::HTTP_OK), "abc")}) {
    Answered late(sent, Then::stay), stopped(sent, Then::stay);
    late.connection->setDeadline(std::chrono::steady_clock::now());
    CHECK_THROWS_AS(late.reader(response).readWhole(kRoomy), Poco::TimeoutException);
    stopped.stop.raise();
    CHECK_THROWS_AS(stopped.reader(response).readWhole(kRoomy), Poco::IOException);
  }
}
