#include "fixture.hpp"

using namespace pinion;
using namespace pinion::websocket;

TEST_CASE("every console hears every line, as it came") {
  Daemon daemon;
  auto &first = daemon.authenticated(), &second = daemon.authenticated({"websocket.connect"});
  auto &deaf = daemon.open();
  auto &elsewhere = daemon.authenticated({"*"}, {{"server_uuid", kOther}}, kOther);
  daemon.publish("console output", "\x1b[31m<red>\xff");
  const Texts wanted{"{\"event\":\"console output\",\"args\":[\"\\u001b[31m\\u003cred\\u003e\xef\xbf\xbd\"]}\n"};
  CHECK(first.texts() == wanted);
  CHECK(second.texts() == wanted);
  CHECK(deaf.frames.empty());
  CHECK(elsewhere.frames.empty());
}

TEST_CASE("events are passed on with one argument") {
  Daemon daemon;
  auto &socket = daemon.authenticated({"*", "admin.websocket.install", "admin.websocket.transfer"});
  const auto told = [&](const char *topic, const std::string &payload, uint32_t flags) {
    socket.frames.clear();
    daemon.publish(topic, payload, flags);
    return socket.texts();
  };
  for (const auto *topic :
       {"status", "console output", "install output", "daemon message", "transfer logs", "transfer status"})
    CHECK(told(topic, "text", PINION_EVENT_RAW) == Texts{event(topic, "text")});
  for (const auto *topic : {"install started", "install completed", "backup restore completed"})
    CHECK(told(topic, "", PINION_EVENT_RAW) == Texts{event(topic, "")});
  CHECK(told("stats", R"({"uptime":1})", 0) == Texts{event("stats", R"({"uptime":1})")});
  CHECK(told("feature match", R"({"key":"eula"})", 0) == Texts{event("feature match", R"({"key":"eula"})")});
  CHECK(told("daemon message", R"("quoted\n")", 0) == Texts{event("daemon message", "quoted\n")});
  CHECK(told("container output", "x", PINION_EVENT_RAW).empty());
}

TEST_CASE("some events are for those who may see them") {
  const auto [topic, permission] =
      GENERATE(table<const char *, std::string>({{"install output", "admin.websocket.install"},
                                                 {"transfer logs", "admin.websocket.transfer"},
                                                 {"backup completed", "backup.read"}}));
  Daemon daemon;
  std::vector<std::string> all{"websocket.connect"};
  for (const auto *one : {"admin.websocket.install", "admin.websocket.transfer", "backup.read"})
    if (permission != one) all.push_back(one);
  auto &without = daemon.authenticated(all), &with = daemon.authenticated({"websocket.connect", permission});
  daemon.publish(topic, "x");
  CHECK(without.frames.empty());
  CHECK(with.texts() == Texts{event(topic, "x")});
  daemon.publish("backup restore completed", "");
  CHECK(without.texts() == Texts{event("backup restore completed", "")});
}

TEST_CASE("a finished backup is told by both names") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  const std::string payload = R"({"is_successful":true,"uuid":"abc"})";
  daemon.publish("backup completed", payload, 0);
  CHECK(socket.texts() == Texts{event("backup completed", payload), event("backup completed:abc", payload)});
  socket.frames.clear();
  daemon.publish("backup completed:abc", payload, 0); // whoever publishes the long name gets the same
  CHECK(socket.texts() == Texts{event("backup completed", payload), event("backup completed:abc", payload)});
  socket.frames.clear();
  daemon.publish("backup completed", "{}", 0);
  CHECK(socket.texts() == Texts{event("backup completed", "{}")});
}

TEST_CASE("an expired token turns each event into an error, once per event") {
  Daemon daemon;
  auto &expired = daemon.authenticated({"*"}, {{"exp", 1}}), &other = daemon.authenticated();
  daemon.fake.advance(1000);
  daemon.publish("console output", "unheard");
  daemon.publish("backup completed", R"({"uuid":"abc"})", 0);
  daemon.publish("install output", "unseen"); // also what it could not have seen
  CHECK(expired.texts() == Texts(3, jwtError("jwt: exp claim is invalid")));
  CHECK(other.frames.size() == 3);
  daemon.say(expired, "auth", daemon.token({"*"}));
  expired.frames.clear();
  daemon.publish("console output", "heard");
  CHECK(expired.texts() == Texts{event("console output", "heard")});
}

TEST_CASE("a server is listened to while somebody hears it") {
  Daemon daemon;
  const std::size_t idle = daemon.fake.subscriptions();
  auto &silent = daemon.open();
  CHECK(daemon.fake.subscriptions() == idle);
  auto &first = daemon.authenticated(), &second = daemon.authenticated();
  const std::size_t one_server = daemon.fake.subscriptions();
  CHECK(one_server > idle);
  first.leave();
  daemon.fake.pump();
  CHECK(daemon.fake.subscriptions() == one_server);
  second.leave();
  daemon.fake.pump();
  CHECK(daemon.fake.subscriptions() == idle);
  daemon.say(silent, "auth", daemon.token({"*"}));
  CHECK(daemon.fake.subscriptions() == one_server);
}

TEST_CASE("only the newest figures are sent when several wait") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  for (int i = 0; i < 5; ++i) daemon.fake.publish("stats", kServer, std::to_string(i));
  daemon.fake.pump();
  CHECK(socket.texts() == Texts{event("stats", "4")});
}

TEST_CASE("lines that the bus dropped are told of") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  for (int i = 0; i < 1100; ++i) daemon.fake.publish("console output", kServer, std::to_string(i), PINION_EVENT_RAW);
  daemon.fake.pump();
  REQUIRE(socket.frames.size() == 1025);
  CHECK(socket.frames[0].text ==
        event("console output",
              "\x1b[33m\x1b[1m[Pinion Daemon]:\x1b[39m Some lines were skipped because the node could "
              "not keep up with them.\x1b[0m"));
  CHECK(socket.frames.back().text == event("console output", "1099"));
}

TEST_CASE("state changes that were lost are made good by the state of now") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  daemon.fake.server(kServer)["state"] = "running";
  for (int i = 0; i < 1100; ++i) daemon.fake.publish("status", kServer, "starting", PINION_EVENT_RAW);
  daemon.fake.pump();
  CHECK(socket.texts() == Texts{event("status", "running")});
  daemon.publish("status", "stopping");
  CHECK(socket.frames.back().text == event("status", "stopping"));
  CHECK(daemon.fake.logs.back().level == PINION_LOG_WARN);
}

TEST_CASE("who reads too slowly is told how many lines he missed") {
  Daemon daemon;
  auto &slow = daemon.authenticated(), &other = daemon.authenticated();
  slow.slow = true;
  daemon.publish("console output", "missed");
  CHECK(other.frames.size() == 1);
  slow.slow = false;
  daemon.publish("console output", "heard");
  CHECK(slow.texts() == Texts{event("console output", "\x1b[33m\x1b[1m[Pinion Daemon]:\x1b[39m 1 console line was "
                                                      "skipped because this connection reads too slowly\x1b[0m"),
                              event("console output", "heard")});
}

TEST_CASE("the notice of missed lines comes at most once a second") {
  Daemon daemon;
  auto &slow = daemon.authenticated();
  const auto miss = [&] {
    slow.slow = true;
    daemon.publish("console output", "missed");
    slow.slow = false;
    daemon.publish("console output", "heard");
  };
  miss();
  CHECK(slow.frames.size() == 2);
  miss();
  CHECK(slow.frames.size() == 3);
  daemon.fake.advance(1000);
  daemon.publish("status", "running");
  REQUIRE(slow.frames.size() == 5);
  CHECK(slow.frames[3].text.find("2 console lines were skipped") != std::string::npos);
}

TEST_CASE("who has no valid token is not told of missed lines") {
  Daemon daemon;
  auto &slow = daemon.authenticated({"*"}, {{"exp", 1}});
  slow.slow = true;
  daemon.publish("console output", "missed");
  slow.slow = false;
  daemon.fake.advance(1000);
  daemon.publish("console output", "unheard");
  CHECK(slow.texts() == Texts{jwtError("jwt: exp claim is invalid")});
}

TEST_CASE("a subscription that fails is logged, and the others work") {
  Daemon daemon;
  daemon.fake.failNext("bus.subscribe", PINION_E_BUSY);
  auto &socket = daemon.authenticated();
  CHECK(daemon.fake.logs.back().level == PINION_LOG_ERROR);
  daemon.publish("console output", "x");
  CHECK(socket.texts() == Texts{event("console output", "x")});
}
