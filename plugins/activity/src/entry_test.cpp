#include "entry.hpp"

#include <catch2/catch.hpp>

using namespace activity;

namespace {

const std::string kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf", kUser = "19a17d36-36b3-4ac6-9fbf-d3b708af2056";
const std::string kNow = "2026-01-02T03:04:05.5Z";

Json entry(const Json &members = Json::object()) {
  Json out = {{"server", kServer},
              {"user", kUser},
              {"ip", "198.51.100.4"},
              {"event", "server:console.command"},
              {"metadata", {{"command", "say hi"}}}};
  out.update(members);
  return out;
}

std::string textOf(const Json &members) {
  const auto read = readEntry(entry(members), kNow);
  if (!read) FAIL(read.error().text);
  return read->text;
}

std::string refusalOf(const Json &members) {
  const auto read = readEntry(entry(members), kNow);
  if (read) return "(taken)";
  CHECK(read.error().code == PINION_E_INVALID);
  return read.error().text;
}

} // namespace

TEST_CASE("an entry becomes what the Panel reads") {
  CHECK(textOf(Json::object()) ==
        R"({"user":"19a17d36-36b3-4ac6-9fbf-d3b708af2056","server":"3fd3e129-0dc3-4f0e-9a36-68526cabfbcf",)"
        R"("event":"server:console.command","metadata":{"command":"say hi"},"ip":"198.51.100.4",)"
        R"("timestamp":"2026-01-02T03:04:05.5Z"})");
}

TEST_CASE("an unknown user is null, metadata never is") {
  for (const Json &user : {Json(nullptr), Json("")}) CHECK(textOf({{"user", user}}).starts_with("{\"user\":null,"));
  for (const Json &none : {Json(nullptr), Json::object(), Json::array()})
    CHECK(textOf({{"metadata", none}}).find("\"metadata\":{},") != std::string::npos);
}

TEST_CASE("an entry that the Panel would refuse is refused with the reason") {
  for (const Json &wrong : {Json(nullptr), Json(5), Json("x"), Json(kServer + "0"), Json("../../etc")}) {
    CHECK(refusalOf({{"server", wrong}}) == "\"server\" is no UUID");
    if (!wrong.is_null()) CHECK(refusalOf({{"user", wrong}}) == "\"user\" is neither a UUID nor null");
  }
  for (const Json &wrong :
       {Json(nullptr), Json(5), Json("server:"), Json("user:x"), Json("server:" + std::string(185, 'x'))})
    CHECK(refusalOf({{"event", wrong}}).starts_with("\"event\" does not begin"));
  for (const Json &wrong : {Json("x"), Json(1), Json::array({1})})
    CHECK(refusalOf({{"metadata", wrong}}) == "\"metadata\" is no object");
  for (const Json &wrong : {Json(nullptr), Json(""), Json("localhost"), Json(7)})
    CHECK(refusalOf({{"ip", wrong}}) == "\"ip\" is no address");
  for (const Json &wrong : {Json("now"), Json(7), Json("2024-03-17")})
    CHECK(refusalOf({{"timestamp", wrong}}) == "\"timestamp\" is no time as RFC 3339 writes it");
  CHECK(refusalOf({{"metadata", {{"x", std::string(kMostText, 'x')}}}}) == "the entry is larger than 256 KiB");
  CHECK_FALSE(readEntry(Json::array(), kNow));
}

TEST_CASE("the address loses its port") {
  CHECK(addressOf("192.0.2.1:2022") == "192.0.2.1");
  CHECK(addressOf(" 192.0.2.1 ") == "192.0.2.1");
  CHECK(addressOf("[2001:db8::1]:80") == "2001:db8::1");
  CHECK(addressOf("[2001:db8::1]") == "2001:db8::1");
  CHECK(addressOf("2001:db8::1") == "2001:db8::1");
  CHECK(addressOf("::ffff:192.0.2.1") == "::ffff:192.0.2.1");
  for (const std::string_view wrong :
       {"", " ", ":", ":80", "[", "[]", "[::1", "[::1]x", "192.0.2", "192.0.2.256", "fe80::1%eth0", "a:1"})
    CHECK_FALSE(addressOf(wrong));
  CHECK_FALSE(addressOf(std::string("192.0.2.1\0", 10)));
}

TEST_CASE("a rename of SFTP has its names among the files, in either shape") {
  const std::string wanted = R"("metadata":{"files":[{"from":"/a","to":"/b"}]})";
  const Json names = {{"from", "/a"}, {"to", "/b"}};
  CHECK(textOf({{"event", "server:sftp.rename"}, {"metadata", names}}).find(wanted) != std::string::npos);
  CHECK(textOf({{"event", "server:sftp.rename"}, {"metadata", {{"files", Json::array({names})}}}}).find(wanted) !=
        std::string::npos);
  CHECK(textOf({{"event", "server:file.rename"}, {"metadata", names}}).find(R"({"from":"/a","to":"/b"})") !=
        std::string::npos);
  CHECK(readEntry(entry({{"event", "server:sftp.rename"}}), kNow)->of_sftp);
  CHECK_FALSE(readEntry(entry({{"event", "server:sftpx"}}), kNow)->of_sftp);
}

TEST_CASE("a request is one entry or several, all of them good") {
  CHECK(readRequest(entry().dump(), kNow)->entries.size() == 1);
  CHECK(readRequest(Json{{"entries", {entry(), entry({{"user", nullptr}})}}}.dump(), kNow)->entries.size() == 2);
  CHECK(readRequest(R"({"entries":[]})", kNow)->entries.empty());
  CHECK_FALSE(readRequest(R"({"entries":[]})", kNow)->again);
  CHECK(readRequest(R"({"entries":[],"again":true})", kNow)->again);
  CHECK(readRequest(R"({"entries":[],"again":1})", kNow).error().code == PINION_E_INVALID);
  CHECK(readRequest(Json{{"entries", {entry(), entry({{"ip", "x"}})}}}.dump(), kNow).error().text ==
        "entry 1: \"ip\" is no address");
  CHECK(readRequest(Json{{"entries", Json(kMostEntries + 1, nullptr)}}.dump(), kNow).error().text ==
        "\"entries\" is no array of at most 1000 entries");
  for (const char *wrong : {"", "[]", "null", "{", "{\"entries\":{}}", "\"\xff\""})
    CHECK(readRequest(wrong, kNow).error().code == PINION_E_INVALID);
  CHECK(readRequest(std::string(kMostPayload + 1, ' '), kNow).error().text == "the request is larger than 1 MiB");
}
