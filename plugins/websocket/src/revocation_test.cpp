#include "fixture.hpp"

using namespace pinion;
using namespace pinion::websocket;

namespace {

void deny(Daemon &daemon, const std::string &what) {
  daemon.fake.publish("tokens.denied", "", what);
  daemon.fake.pump();
}

constexpr const char *kDenied = "jwt: created too far in past (denylist)";

} // namespace

TEST_CASE("a denied id turns events into errors and keeps the socket") {
  Daemon daemon;
  auto &socket = daemon.authenticated({"*"}, {{"jti", "mine"}}), &other = daemon.authenticated();
  daemon.fake.advance(1000);
  deny(daemon, R"({"jtis":["else","mine",5]})");
  CHECK(daemon.say(socket, "send stats") == Texts{jwtError(kDenied)});
  daemon.publish("console output", "x");
  CHECK(socket.frames.back().text == jwtError(kDenied));
  CHECK(other.texts() == Texts{event("console output", "x")});
  CHECK_FALSE(socket.closed);
  daemon.say(socket, "auth", daemon.token({"*"}, {{"jti", "mine"}}));
  CHECK(daemon.say(socket, "send stats") == Texts{event("stats", kStats)});
}

TEST_CASE("a token from after the denial stays good") {
  Daemon daemon;
  auto &socket = daemon.authenticated({"*"}, {{"jti", "mine"}, {"iat", 50}});
  deny(daemon, R"({"jtis":["mine"]})");
  CHECK(daemon.say(socket, "send stats") == Texts{event("stats", kStats)});
}

TEST_CASE("a denied token reads no errors of administrators") {
  Daemon daemon;
  std::optional<testing::FakeCall> pending;
  daemon.fake.offer("power/act", [&](testing::FakeCall call) { pending = call; });
  auto &socket = daemon.authenticated({"*", "admin.websocket.errors"});
  daemon.say(socket, "set state", "start");
  daemon.fake.advance(1000);
  deny(daemon, R"({"jtis":["jti-1"]})");
  REQUIRE(pending);
  pending->fail(PINION_E_IO, "secret detail");
  daemon.fake.pump();
  REQUIRE(socket.frames.size() == 1);
  CHECK(socket.frames[0].text.find("secret") == std::string::npos);
}

TEST_CASE("deauthorising a user drops all sockets of the named servers") {
  Daemon daemon;
  auto &here = daemon.authenticated(), &silent = daemon.open();
  auto &there = daemon.authenticated({"*"}, {{"server_uuid", kOther}}, kOther);
  deny(daemon, Json{{"user", "somebody"}, {"servers", {kServer, "unknown"}}}.dump());
  CHECK(here.closed);
  CHECK(here.close_code == 0);
  CHECK(silent.closed);
  CHECK_FALSE(there.closed);
  CHECK_FALSE(daemon.open().closed); // whoever may come back, may
}

TEST_CASE("deauthorising a user everywhere drops every socket") {
  Daemon daemon;
  auto &here = daemon.authenticated(), &there = daemon.open(kOther);
  deny(daemon, R"({"user":"somebody","servers":[]})");
  CHECK(here.closed);
  CHECK(there.closed);
}

TEST_CASE("a denial that makes no sense does nothing") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  for (const auto *what : {"[]", "null", "{}", R"({"jtis":5})", R"({"servers":[]})"}) deny(daemon, what);
  CHECK_FALSE(socket.closed);
  CHECK(daemon.say(socket, "send stats") == Texts{event("stats", kStats)});
}

TEST_CASE("a deletion is told before the socket is closed with its reason") {
  Daemon daemon;
  auto &socket = daemon.authenticated(), &silent = daemon.open(), &elsewhere = daemon.open(kOther);
  daemon.publish("deleted", "null", 0);
  CHECK(socket.texts() == Texts{event("deleted", "null")});
  CHECK(socket.close_code == 1001);
  CHECK(socket.close_reason == "server deleted");
  CHECK(silent.frames.empty());
  CHECK(silent.close_code == 1001);
  CHECK_FALSE(elsewhere.closed);
  CHECK(daemon.fake.subscriptions() == 4);
}

TEST_CASE("who comes between the deletion and its end is closed at the end") {
  Daemon daemon;
  daemon.publish("deleted", "null", 0);
  auto &socket = daemon.open();
  daemon.fake.removeServer(kServer);
  daemon.fake.pump();
  CHECK(socket.close_code == 1001);
  CHECK(socket.frames.empty());
}

TEST_CASE("a suspension closes the sockets, another sync does not") {
  Daemon daemon;
  auto &socket = daemon.authenticated(), &silent = daemon.open();
  daemon.publish("server.synced", R"({"suspended":false,"was_suspended":false})", 0);
  CHECK_FALSE(socket.closed);
  daemon.publish("server.synced", R"({"suspended":true,"was_suspended":false})", 0);
  CHECK(socket.close_code == 4409);
  CHECK(socket.close_reason == "server is suspended");
  CHECK(silent.close_code == 4409);
}

// -- age --------------------------------------------------------------------------------------------------------

TEST_CASE("a token near its end is told of every 30 seconds") {
  Daemon daemon;
  auto &socket = daemon.authenticated({"*"}, {{"exp", 121}}); // 120 s from now
  daemon.fake.advance(59'999);
  CHECK(socket.frames.empty());
  daemon.fake.advance(1);
  CHECK(socket.texts() == Texts{event("token expiring")});
  daemon.fake.advance(30'000);
  CHECK(socket.texts() == Texts(2, event("token expiring")));
  daemon.fake.advance(30'000); // in the very second of its end
  CHECK(socket.frames.back().text == event("token expired"));
  daemon.fake.advance(30'000);
  CHECK(socket.frames.back().text == jwtError("jwt: exp claim is invalid"));
  CHECK(socket.frames.size() == 4);
  CHECK_FALSE(socket.closed);
}

TEST_CASE("a new token ends the notices") {
  Daemon daemon;
  auto &socket = daemon.authenticated({"*"}, {{"exp", 50}});
  daemon.fake.advance(30'000);
  CHECK(socket.frames.size() == 1);
  daemon.say(socket, "auth", daemon.token({"*"}, {{"exp", 10'000}}));
  socket.frames.clear();
  daemon.fake.advance(120'000);
  CHECK(socket.frames.empty());
}

TEST_CASE("each socket has its own 30 seconds, and all share one timer") {
  Daemon daemon;
  auto &first = daemon.authenticated({"*"}, {{"exp", 40}});
  daemon.fake.advance(10'000);
  auto &second = daemon.authenticated({"*"}, {{"exp", 60}});
  CHECK(daemon.fake.timers() == 1);
  daemon.fake.advance(20'000);
  CHECK(first.frames.size() == 1);
  CHECK(second.frames.empty());
  daemon.fake.advance(10'000);
  CHECK(second.frames.size() == 1);
  first.leave();
  second.leave();
  daemon.fake.advance(31'000);
  CHECK(daemon.fake.timers() == 0);
  daemon.authenticated();
  CHECK(daemon.fake.timers() == 1);
}
