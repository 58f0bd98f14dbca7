#include "fixture.hpp"

using namespace pinion;
using namespace pinion::websocket;

TEST_CASE("a socket is opened with the protocol's limits") {
  Daemon daemon;
  auto &socket = daemon.open();
  CHECK(socket.options.max_wire_bytes == 4096);
  CHECK(socket.options.max_message_bytes == 32768);
  CHECK(socket.frames.empty());
}

TEST_CASE("a broken handshake is left to the host and takes no place") {
  Daemon daemon;
  for (int i = 0; i < 40; ++i)
    CHECK(daemon.fake.request("GET", std::string("/api/servers/") + kServer + "/ws")->status == 400);
  CHECK_NOTHROW(daemon.open());
}

TEST_CASE("a server has 30 sockets and no more, another server its own") {
  Daemon daemon;
  std::vector<testing::FakeSocket *> sockets;
  for (int i = 0; i < 30; ++i) sockets.push_back(&daemon.open());
  testing::FakeRequest request;
  request.target = std::string("/api/servers/") + kServer + "/ws";
  request.headers["Upgrade"] = "websocket";
  const auto refused = daemon.fake.request(request);
  CHECK(refused->status == 400);
  CHECK(refused->body == R"({"error":"Too many open websocket connections."})");
  CHECK_NOTHROW(daemon.open(kOther));
  sockets[7]->leave();
  daemon.fake.pump();
  CHECK_NOTHROW(daemon.open());
}

TEST_CASE("sockets that never authenticate give way once all places are taken") {
  Daemon daemon;
  auto &listener = daemon.authenticated();
  auto &first = daemon.open();
  for (int i = 0; i < 28; ++i) daemon.open();
  daemon.fake.advance(29'999);
  CHECK_THROWS(daemon.open());
  daemon.fake.advance(1);
  CHECK_NOTHROW(daemon.open());
  CHECK(first.close_code == 1008);
  CHECK_FALSE(listener.closed);
}

TEST_CASE("the socket of a suspended server is closed after the upgrade") {
  Daemon daemon;
  daemon.fake.server(kServer)["suspended"] = true;
  auto &socket = daemon.open();
  CHECK(socket.close_code == 4409);
  CHECK(socket.close_reason == "server is suspended");
}

TEST_CASE("more than ten frames at once are throttled as a whole, whatever is in them") {
  Daemon daemon;
  auto &socket = daemon.open();
  for (int i = 0; i < 10; ++i) CHECK(daemon.raw(socket, "not json").empty());
  CHECK(daemon.raw(socket, "not json") == Texts{event("throttled", "global")});
  CHECK(daemon.raw(socket, R"({"event":"send stats"})").empty());
  daemon.fake.advance(200);
  CHECK(daemon.say(socket, "send stats") == Texts{jwtError("jwt: no jwt present")});
}

// Gathers what is typed into the console of kServer, which runs.
Texts &typedInto(Daemon &daemon, Texts &typed) {
  daemon.fake.server(kServer)["state"] = "running";
  daemon.fake.offer("power/command", [&typed](testing::FakeCall call) {
    typed.push_back(call.json()["commands"][0]);
    call.ok(R"({"sent":1})");
  });
  return typed;
}

TEST_CASE("one command beyond the limits waits for its turn, and a flood is dropped as ever") {
  Daemon daemon;
  Texts kept;
  const Texts &typed = typedInto(daemon, kept);
  auto &socket = daemon.authenticated();
  for (int i = 0; i < 9; ++i) daemon.say(socket, "send command", "first");
  CHECK(daemon.say(socket, "send command", "held").empty());
  CHECK(daemon.say(socket, "send command", "dropped") == Texts{event("throttled", "global")});
  CHECK(typed.size() == 9);
  daemon.fake.advance(200);
  REQUIRE(typed.size() == 10);
  CHECK(typed.back() == "held");
  daemon.fake.advance(5000);
  CHECK(typed.size() == 10);
}

TEST_CASE("a command waits for the limit of commands too, and goes with its socket") {
  Daemon daemon;
  Texts kept;
  const Texts &typed = typedInto(daemon, kept);
  auto &socket = daemon.authenticated();
  for (int i = 0; i < 10; ++i) {
    if (i == 5) daemon.fake.advance(400); // for all frames, not for as many commands
    daemon.say(socket, "send command", "first");
  }
  daemon.fake.advance(500);
  REQUIRE(typed.size() == 10);
  CHECK(daemon.say(socket, "send command", "held").empty());
  CHECK(typed.size() == 10);
  daemon.fake.advance(1000);
  REQUIRE(typed.size() == 11);
  CHECK(typed.back() == "held");
  CHECK(daemon.say(socket, "send command", "lost").empty());
  socket.leave();
  daemon.fake.advance(5000);
  CHECK(typed.size() == 11);
}

TEST_CASE("an event's throttle works before authentication and names the event") {
  Daemon daemon;
  auto &socket = daemon.open();
  CHECK(daemon.say(socket, "send logs") == Texts{jwtError("jwt: no jwt present")});
  CHECK(daemon.say(socket, "send logs") == Texts{jwtError("jwt: no jwt present")});
  CHECK(daemon.say(socket, "send logs") == Texts{event("throttled", "send logs")});
  CHECK(daemon.say(socket, "send logs").empty());
}

TEST_CASE("binary frames count, and are passed over") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  for (int i = 0; i < 9; ++i) CHECK(daemon.raw(socket, R"({"event":"send stats"})", PINION_FRAME_BINARY).empty());
  CHECK(daemon.raw(socket, "x", PINION_FRAME_BINARY) == Texts{event("throttled", "global")});
}

TEST_CASE("what comes after a socket has ended finds nothing") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  socket.say(R"({"event":"send stats"})");
  socket.leave();
  daemon.fake.pump();
  CHECK(daemon.fake.subscriptions() == 4); // only what concerns every server
  daemon.publish("status", "running");
}

TEST_CASE("the end of the plugin drops its sockets without a close frame") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  daemon.stop();
  CHECK(socket.closed);
  CHECK(socket.close_code == 0);
}

TEST_CASE("ids are denied by the node's route") {
  Daemon daemon;
  const std::string path = std::string("/api/servers/") + kServer + "/ws/deny";
  const auto done = daemon.fake.request("POST", path, R"({"jtis":["a","<"]})");
  CHECK(done->status == 204);
  CHECK(done->body.empty());
  REQUIRE(daemon.fake.denied().size() == 1);
  CHECK(daemon.fake.denied()[0] == Json{{"jtis", {"a", "<"}}});

  const auto empty = daemon.fake.request("POST", path, "");
  CHECK(empty->status == 400);
  CHECK(empty->headers["Content-Type"] == "text/plain; charset=utf-8");
  CHECK(empty->json() ==
        Json{{"error", "The data passed in the request was not in a parsable format. Please try again."}});
  const auto wrong = daemon.fake.request("POST", path, R"({"jtis":5})");
  CHECK(wrong->status == 400);
  CHECK(wrong->json() == Json{{"error", "An unexpected error was encountered while processing this request"},
                              {"request_id", "fake-request"}});
  CHECK(daemon.fake.denied().size() == 1);
}
