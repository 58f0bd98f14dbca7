#include "fixture.hpp"

#include <regex>

using namespace pinion;
using namespace pinion::websocket;

namespace {

// The event and the text of a frame that carries a numbered error.
std::pair<std::string, std::string> errorIn(const Texts &frames) {
  REQUIRE(frames.size() == 1);
  const Json frame = Json::parse(frames[0]);
  std::smatch found;
  const std::string text = frame["args"][0];
  static const std::regex form(
      "Error Event \\[[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\\]: (.*)");
  REQUIRE(std::regex_match(text, found, form));
  return {frame["event"], found[1]};
}

const std::string kGeneric = "an unexpected error was encountered while handling this request";

} // namespace

TEST_CASE("a first auth is answered with success, the state, and an offline server's figures") {
  Daemon daemon;
  auto &socket = daemon.open();
  CHECK(daemon.say(socket, "auth", daemon.token({"*"})) ==
        Texts{event("auth success"), event("status", "offline"), event("stats", kStats)});
  CHECK(daemon.say(socket, "auth", daemon.token({"*"})) == Texts{event("auth success")});
}

TEST_CASE("the figures follow when the disk was measured") {
  Daemon daemon;
  daemon.fake.setWork(testing::Work::held);
  auto &socket = daemon.open();
  CHECK(daemon.say(socket, "auth", daemon.token({"*"})).size() == 2);
  daemon.fake.runWork();
  CHECK(socket.frames.back().text == event("stats", kStats));
  SECTION("and without a measurement when the pool is full") {
    daemon.fake.failNext("tasks.run", PINION_E_BUSY);
    CHECK(daemon.say(daemon.open(), "auth", daemon.token({"*"})).size() == 3);
  }
  SECTION("and for nobody who left meanwhile") {
    auto &gone = daemon.open();
    daemon.say(gone, "auth", daemon.token({"*"}));
    gone.leave();
    daemon.fake.pump();
    daemon.fake.runWork();
    CHECK(gone.frames.size() == 2);
  }
}

TEST_CASE("a server that runs or is held sends no figures at auth") {
  Daemon daemon;
  SECTION("running") { daemon.fake.server(kServer)["state"] = "running"; }
  SECTION("installing") { daemon.fake.server(kServer)["held_by"] = "installing"; }
  SECTION("transferring") { daemon.fake.server(kServer)["held_by"] = "transferring"; }
  const std::string state = daemon.fake.server(kServer)["state"];
  CHECK(daemon.say(daemon.open(), "auth", daemon.token({"*"})) == Texts{event("auth success"), event("status", state)});
}

TEST_CASE("nothing works before auth") {
  Daemon daemon;
  for (const auto *name : {"send stats", "send logs", "send command", "set state", "no such event", ""})
    CHECK(daemon.say(daemon.open(), name) == Texts{jwtError("jwt: no jwt present")});
}

TEST_CASE("a token that is not good enough is refused with the reason") {
  Daemon daemon;
  auto &socket = daemon.open();
  const auto refused = [&](const std::string &jwt) { return errorIn(daemon.say(socket, "auth", jwt)); };
  SECTION("by the host") {
    daemon.fake.addToken("wrong", "file-download", Json::object());
    const auto [name, text] = refused("wrong");
    CHECK(name == "jwt error");
    CHECK(text.find("file-download") != std::string::npos); // the host's text goes on as it is
  }
  SECTION("without the permission to connect") {
    CHECK(refused(daemon.token({"control.start"})) ==
          std::pair<std::string, std::string>{"jwt error", "jwt: missing connect permission"});
  }
  SECTION("that is nobody's") {
    CHECK(refused(daemon.token({"*"}, {{"user_uuid", ""}})).second == "jwt: created too far in past (denylist)");
  }
  SECTION("that cannot be read") {
    CHECK(refused("nonsense") == std::pair<std::string, std::string>{"daemon error", kGeneric});
  }
  CHECK(daemon.say(socket, "send stats") == Texts{jwtError("jwt: no jwt present")});
}

TEST_CASE("a failed auth keeps the rights of the one before") {
  Daemon daemon;
  auto &socket = daemon.authenticated();
  daemon.say(socket, "auth", daemon.token({}));
  CHECK(daemon.say(socket, "send stats") == Texts{event("stats", kStats)});
}

TEST_CASE("a token of another server is let in and opens nothing") {
  Daemon daemon;
  auto &socket = daemon.open();
  CHECK(daemon.say(socket, "auth", daemon.token({"*"}, {{"server_uuid", kOther}})) ==
        Texts{event("auth success"), jwtError("jwt: server uuid mismatch"), jwtError("jwt: server uuid mismatch")});
  CHECK(daemon.say(socket, "send command", "x") == Texts{jwtError("jwt: server uuid mismatch")});
  socket.frames.clear();
  daemon.publish("console output", "secret");
  CHECK(socket.texts() == Texts{jwtError("jwt: server uuid mismatch")});
}

TEST_CASE("a token that has expired answers with errors until a new one comes") {
  Daemon daemon;
  auto &socket = daemon.authenticated({"*"}, {{"exp", 3}});
  daemon.fake.advance(2999);
  CHECK(daemon.say(socket, "send stats") == Texts{event("stats", kStats)});
  daemon.fake.advance(1);
  CHECK(daemon.say(socket, "send stats") == Texts{jwtError("jwt: exp claim is invalid")});
  daemon.say(socket, "auth", daemon.token({"*"}));
  CHECK(daemon.say(socket, "send stats") == Texts{event("stats", kStats)});
}

// -- power ------------------------------------------------------------------------------------------------------

TEST_CASE("each power action needs its permission") {
  const auto [action, permission] = GENERATE(table<std::string, std::string>({{"start", "control.start"},
                                                                              {"stop", "control.stop"},
                                                                              {"kill", "control.stop"},
                                                                              {"restart", "control.restart"}}));
  Daemon daemon;
  std::vector<std::string> asked;
  daemon.fake.offer("power/act", [&](testing::FakeCall call) {
    CHECK(call.server == kServer);
    asked.push_back(call.json()["action"]);
    call.ok();
  });
  std::vector<std::string> others{"websocket.connect", "admin.websocket.errors"};
  for (const auto *one : {"control.start", "control.stop", "control.restart", "control.console"})
    if (permission != one) others.push_back(one);
  CHECK(daemon.say(daemon.authenticated(others), "set state", action).empty());
  CHECK(asked.empty());
  CHECK(daemon.recorded.empty());
  CHECK(daemon.say(daemon.authenticated({"websocket.connect", permission}), "set state", action).empty());
  CHECK(asked == Texts{action});
  REQUIRE(daemon.recorded.size() == 1);
  CHECK(daemon.recorded[0] == Json{{"server", kServer},
                                   {"user", kUser},
                                   {"ip", "127.0.0.1"},
                                   {"event", "server:power." + action},
                                   {"metadata", Json::object()}});
}

TEST_CASE("an action is recorded when it has finished, also when its socket is gone") {
  Daemon daemon;
  std::optional<testing::FakeCall> pending;
  daemon.fake.offer("power/act", [&](testing::FakeCall call) { pending = call; });
  auto &socket = daemon.authenticated();
  daemon.say(socket, "set state", "stop");
  REQUIRE(pending);
  CHECK(daemon.say(socket, "send stats").size() == 1); // it keeps nobody waiting
  CHECK(daemon.recorded.empty());
  socket.leave();
  daemon.fake.pump();
  pending->ok();
  daemon.fake.pump();
  CHECK(daemon.recorded.size() == 1);
}

TEST_CASE("the console goes on while the activity log is slow, fails or is not there") {
  Daemon daemon;
  daemon.fake.server(kServer)["state"] = "running";
  daemon.fake.offer("power/command", [](testing::FakeCall call) { call.ok(); });
  auto &socket = daemon.authenticated();
  std::vector<testing::FakeCall> pending;
  daemon.fake.withdraw(daemon.log);
  SECTION("it is not there: nobody wants to know") {
    CHECK(daemon.say(socket, "send command", "x").empty());
    CHECK(daemon.fake.logs.empty());
  }
  SECTION("it is slow, then fails") {
    daemon.fake.offer("activity/record", [&](testing::FakeCall call) { pending.push_back(call); });
    for (int i = 0; i < 3; ++i) CHECK(daemon.say(socket, "send command", "x").empty());
    CHECK(daemon.say(socket, "send stats") == Texts{event("stats", kStats)});
    REQUIRE(pending.size() == 3);
    for (auto &call : pending) call.fail(PINION_E_IO, "the disk is full");
    daemon.fake.pump();
    REQUIRE(daemon.fake.logs.size() == 3);
    CHECK(daemon.fake.logs[0].message == "an activity was not recorded");
    CHECK(daemon.fake.logs[0].fields["error"] == "the disk is full");
  }
}

TEST_CASE("the text of an error is for administrators") {
  Daemon daemon;
  daemon.fake.offer("power/act", [](testing::FakeCall call) { call.fail(PINION_E_INVALID, "server is running"); });
  const auto text = [&](const std::vector<std::string> &permissions) {
    return errorIn(daemon.say(daemon.authenticated(permissions), "set state", "start"));
  };
  CHECK(text({"*"}) == std::pair<std::string, std::string>{"daemon error", kGeneric});
  CHECK(text({"*", "admin.websocket.errors"}).second == "server is running");
  CHECK(text({"websocket.connect", "control.start", "admin.websocket.errors"}).second == "server is running");
  CHECK(daemon.recorded.empty());
  CHECK(daemon.fake.logs.back().fields["error"] == "server is running");
}

TEST_CASE("that another action is under way is for everyone") {
  Daemon daemon;
  const std::string locked =
      "another power action is currently being processed for this server, please try again later";
  std::string text = locked;
  daemon.fake.offer("power/act", [&](testing::FakeCall call) { call.fail(PINION_E_BUSY, text); });
  CHECK(errorIn(daemon.say(daemon.authenticated(), "set state", "start")) ==
        std::pair<std::string, std::string>{"daemon error", locked});
  text = "server is currently installing";
  CHECK(errorIn(daemon.say(daemon.authenticated(), "set state", "start")).second == kGeneric);
}

TEST_CASE("an unknown action is an error, and asked of nobody") {
  Daemon daemon;
  CHECK(
      errorIn(daemon.say(daemon.authenticated({"websocket.connect", "admin.websocket.errors"}), "set state", "fly")) ==
      std::pair<std::string, std::string>{"daemon error", "attempting to handle unknown power action"});
  CHECK(errorIn(daemon.say(daemon.authenticated({"websocket.connect"}), "set state", "")).second == kGeneric);
}

TEST_CASE("a daemon without power actions says so to administrators") {
  Daemon daemon;
  const auto [name, text] =
      errorIn(daemon.say(daemon.authenticated({"*", "admin.websocket.errors"}), "set state", "start"));
  CHECK(name == "daemon error");
  CHECK(text.find("power/act") != std::string::npos);
}

// -- console ----------------------------------------------------------------------------------------------------

TEST_CASE("commands go to the game in their order, and are recorded") {
  Daemon daemon;
  daemon.fake.server(kServer)["state"] = "running";
  Texts typed;
  daemon.fake.offer("power/command", [&](testing::FakeCall call) {
    typed.push_back(call.json()["commands"][0]);
    call.ok(R"({"sent":1})");
  });
  auto &socket = daemon.authenticated({"websocket.connect", "control.console"});
  for (const auto *text : {"first", "sec\"ond <&>", ""})
    socket.say(Json{{"event", "send command"}, {"args", {text}}}.dump());
  CHECK(daemon.raw(socket, R"({"event":"send command","args":["he",null,"llo"]})").empty());
  CHECK(typed == Texts{"first", "sec\"ond <&>", "", "hello"});
  REQUIRE(daemon.recorded.size() == 4);
  CHECK(daemon.recorded[1]["event"] == "server:console.command");
  CHECK(daemon.recorded[1]["metadata"] == Json{{"command", "sec\"ond <&>"}});
  CHECK(daemon.recorded[1]["user"] == kUser);
}

TEST_CASE("a command needs its permission and a server that runs") {
  Daemon daemon;
  int calls = 0;
  daemon.fake.offer("power/command", [&](testing::FakeCall call) {
    ++calls;
    call.ok();
  });
  CHECK(daemon.say(daemon.authenticated(), "send command", "x").empty());
  daemon.fake.server(kServer)["state"] = "running";
  CHECK(daemon.say(daemon.authenticated({"websocket.connect", "control.start"}), "send command", "x").empty());
  CHECK(calls == 0);
}

TEST_CASE("a command that found no console is an error only while the server runs") {
  Daemon daemon;
  daemon.fake.offer("power/command", [](testing::FakeCall call) { call.fail(PINION_E_NOT_FOUND, "not attached"); });
  daemon.fake.server(kServer)["state"] = "starting";
  auto &socket = daemon.authenticated({"*", "admin.websocket.errors"});
  CHECK(daemon.say(socket, "send command", "x").empty());
  daemon.fake.server(kServer)["state"] = "running";
  CHECK(errorIn(daemon.say(socket, "send command", "x")).second == "not attached");
  CHECK(daemon.recorded.empty());
}

TEST_CASE("logs are sent line by line") {
  Daemon daemon;
  daemon.fake.server(kServer)["state"] = "running";
  std::string answer = R"(["one","<two>","three"])";
  std::uint32_t calls = 0;
  daemon.fake.offer("power/logs", [&](testing::FakeCall call) {
    ++calls;
    CHECK(call.json() == Json{{"size", 3}});
    call.ok(answer);
  });
  auto &socket = daemon.authenticated({"websocket.connect"});
  const Texts wanted{event("console output", "one"),
                     "{\"event\":\"console output\",\"args\":[\"\\u003ctwo\\u003e\"]}\n",
                     event("console output", "three")};
  CHECK(daemon.say(socket, "send logs") == wanted);
  SECTION("none are no answer") {
    answer = "null";
    CHECK(daemon.say(socket, "send logs").empty());
  }
  SECTION("an offline server has none") {
    daemon.fake.server(kServer)["state"] = "offline";
    CHECK(daemon.say(socket, "send logs").empty());
    CHECK(calls == 1);
  }
}

TEST_CASE("logs that cannot be read are an error, but not those of a missing container") {
  Daemon daemon;
  daemon.fake.server(kServer)["state"] = "running";
  pinion_status code = PINION_E_NOT_FOUND;
  daemon.fake.offer("power/logs", [&](testing::FakeCall call) { call.fail(code, "no such container"); });
  auto &socket = daemon.authenticated();
  CHECK(daemon.say(socket, "send logs").empty());
  code = PINION_E_IO;
  CHECK(errorIn(daemon.say(socket, "send logs")).second == kGeneric);
}

TEST_CASE("logs that come when the token has expired stay where they are") {
  Daemon daemon;
  daemon.fake.server(kServer)["state"] = "running";
  std::optional<testing::FakeCall> pending;
  daemon.fake.offer("power/logs", [&](testing::FakeCall call) { pending = call; });
  auto &socket = daemon.authenticated({"*"}, {{"exp", 2}});
  daemon.say(socket, "send logs");
  daemon.fake.advance(2000);
  REQUIRE(pending);
  pending->ok(R"(["secret"])");
  daemon.fake.pump();
  CHECK(socket.texts() == Texts{jwtError("jwt: exp claim is invalid")});
}
