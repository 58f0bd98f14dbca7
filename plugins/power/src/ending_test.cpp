#include "node_test.hpp"

using namespace power;
using namespace power::testing;

using Texts = std::vector<std::string>;

namespace {

const std::string crashed = "---------- Detected server process in a crashed state! ----------";
const std::string busy = "another power action is currently being processed for this server, please try again later";

Node stoppedBy(const char *stop) {
  return Node(Json{{"process_configuration",
                    Json{{"startup", Json{{"done", Json::array({"READY"})}}}, {"stop", Json::parse(stop)}}}});
}

} // namespace

// ---- stop -------------------------------------------------------------------------------------------------------

TEST_CASE("the stop command is typed, and the end that follows is no crash") {
  Node node;
  node.run();
  const auto stopping = node.act("stop");
  CHECK(node.state() == "stopping");
  CHECK(node.fake.console(server) == "stop\n");
  CHECK_FALSE(stopping->done);
  node.crash(0);
  CHECK(stopping->status == PINION_OK);
  CHECK(node.state() == "offline");
  CHECK(node.said().empty());
}

TEST_CASE("without a console the engine stops the server") {
  Node node;
  node.run();
  node.fake.detachConsole(server);
  CHECK(node.act("stop")->status == PINION_OK);
  CHECK(node.fake.act("stop").json()["timeout"] == -1);
  CHECK(node.state() == "offline");
}

TEST_CASE("each stop configuration has its way") {
  SECTION("a signal") {
    Node node = stoppedBy(R"({"type":"signal","value":"C"})");
    node.run();
    CHECK(node.act("stop")->status == PINION_OK);
    CHECK(node.fake.act("signal").json()["signal"] == "SIGINT");
  }
  SECTION("an unknown signal kills") {
    Node node = stoppedBy(R"({"type":"signal","value":"X"})");
    node.run();
    CHECK(node.act("stop")->status == PINION_OK);
    CHECK(node.fake.act("signal").json()["signal"] == "SIGKILL");
  }
  SECTION("the engine's own") {
    Node node = stoppedBy(R"({"type":"stop","value":""})");
    node.run();
    CHECK(node.act("stop")->status == PINION_OK);
    CHECK(contains(node.fake.verbs(), "stop"));
    CHECK(node.state() == "offline");
    CHECK(node.said().empty());
  }
}

TEST_CASE("a server that does not stop is killed after ten minutes") {
  Node node = stoppedBy(R"({"type":"signal","value":"SIGTERM"})");
  node.deaf = true;
  node.run();
  const auto stopping = node.act("stop");
  node.fake.advance(599'000);
  CHECK(node.state() == "stopping");
  node.fake.advance(2'000);
  CHECK(stopping->status == PINION_OK);
  CHECK(node.state() == "offline");
  CHECK(node.exit_code == 137);
}

TEST_CASE("stopping what is offline changes nothing") {
  Node node;
  for (const char *action : {"stop", "kill"}) {
    CHECK(node.act(action)->status == PINION_OK);
    CHECK(node.state() == "offline");
  }
  CHECK(node.fake.verbs() == Texts{"inspect", "inspect"});
}

TEST_CASE("stop-and-wait gives the seconds asked for") {
  Node node;
  node.run();
  const auto call = [&](const char *payload) {
    return node.fake.call("power/stop-and-wait", server, payload, 600'000);
  };
  SECTION("and kills then") {
    const auto answer = call(R"({"seconds":10,"kill":true})");
    node.fake.advance(10'000);
    CHECK(answer->status == PINION_OK);
    CHECK(node.exit_code == 137);
    CHECK(node.state() == "offline");
  }
  SECTION("or gives up") {
    const auto answer = call(R"({"seconds":15,"kill":false})");
    node.fake.advance(15'000);
    CHECK(answer->status == PINION_E_TIMEOUT);
    CHECK(answer->text.starts_with("environment/docker: error waiting on container to enter \"not-running\" state: "));
    CHECK(node.running);
  }
  SECTION("and is not refused by a hold") {
    node.fake.server(server)["held_by"] = "installing";
    const auto answer = call(R"({"seconds":10,"kill":true})");
    node.crash(0);
    CHECK(answer->status == PINION_OK);
  }
}

// ---- one at a time ----------------------------------------------------------------------------------------------

TEST_CASE("a second action is refused while one is under way, except a kill") {
  Node node;
  node.run();
  const auto stopping = node.act("stop");
  for (const char *action : {"start", "stop", "restart"}) {
    const auto refused = node.act(action);
    CHECK(refused->status == PINION_E_BUSY);
    CHECK(refused->text == busy);
  }
  CHECK(node.fake.call("power/busy", server, "{}")->text == "{\"busy\":true}");
  CHECK(node.act("kill")->status == PINION_OK);
  CHECK(stopping->status == PINION_OK);
  CHECK(node.state() == "offline");
  CHECK(node.fake.call("power/busy", server, "{}")->text == "{\"busy\":false}");
}

TEST_CASE("an action that may wait follows the one before") {
  Node node;
  node.run();
  node.act("stop");
  const auto starting = node.act("start", 20);
  SECTION("when that ends in time") {
    node.fake.advance(19'000);
    CHECK_FALSE(starting->done);
    node.crash(0);
    CHECK(starting->status == PINION_OK);
    CHECK(node.state() == "starting");
  }
  SECTION("and is given up when it does not") {
    node.fake.advance(20'000);
    CHECK(starting->status == PINION_E_BUSY);
    CHECK(starting->text.starts_with("could not acquire lock on power action after 20 seconds: "));
    node.crash(0);
    CHECK(node.state() == "offline");
  }
}

TEST_CASE("a server that is shown offline can be started at once") {
  Node node;
  node.run();
  node.act("stop");
  node.crash(0);
  REQUIRE(node.state() == "offline");
  CHECK(node.act("start")->status == PINION_OK);
}

TEST_CASE("a restart starts again, from offline too, and a kill meanwhile ends it") {
  Node node;
  SECTION("from offline") {
    CHECK(node.act("restart")->status == PINION_OK);
    CHECK(node.state() == "starting");
  }
  SECTION("from running") {
    node.run();
    const auto restarting = node.act("restart");
    CHECK(node.state() == "stopping");
    node.crash(0);
    CHECK(restarting->status == PINION_OK);
    CHECK(node.state() == "starting");
    CHECK(node.running);
  }
  SECTION("killed") {
    node.run();
    const auto restarting = node.act("restart");
    CHECK(node.act("kill")->status == PINION_OK);
    CHECK(restarting->text == "the restart was ended by a kill");
    CHECK(node.state() == "offline");
    CHECK_FALSE(node.running);
  }
}

TEST_CASE("a kill that the engine does not carry out is an error, and the lock is free again") {
  Node node;
  node.run();
  node.fake.onAct("signal", [](const FakeAsked &asked) { asked.ok(); });
  const auto killing = node.act("kill");
  node.fake.advance(60'000);
  CHECK(killing->status == PINION_E_TIMEOUT);
  CHECK(node.state() == "stopping");
  CHECK(node.fake.call("power/busy", server, "{}")->text == "{\"busy\":false}");
  node.crash(137);
  CHECK(node.state() == "offline");
}

// ---- crashes ----------------------------------------------------------------------------------------------------

TEST_CASE("a crash is announced, recorded, and the server starts again; a second one soon after is not followed") {
  Node node;
  std::vector<pinion::testing::FakeCall> recorded; // not answered: nothing waits for it
  node.fake.offer("activity/record", [&](const pinion::testing::FakeCall &call) { recorded.push_back(call); });
  node.run();
  node.crash(3);
  CHECK(node.state() == "starting");
  CHECK(node.running);
  const auto said = node.said();
  REQUIRE(said.size() > 3);
  CHECK(Texts(said.begin(), said.begin() + 3) == Texts{crashed, "Exit code: 3", "Out of memory: false"});
  REQUIRE(recorded.size() == 1);
  CHECK(recorded[0].json() ==
        Json::parse(R"({"server":")" + server + R"(","user":null,"ip":"127.0.0.1","event":"server:crashed",)" +
                    R"("metadata":{"exit_code":3,"oomkilled":false,"logs":["last","words"]}})"));

  node.line("READY");
  node.crash(1);
  CHECK(node.said().back() == "Aborting automatic restart, last crash occurred less than 60 seconds ago.");
  CHECK(node.state() == "offline");
  CHECK_FALSE(node.running);
}

TEST_CASE("an end right after the start is a crash too") {
  Node node;
  node.fake.onAct("start", [&](const FakeAsked &asked) {
    node.running = true;
    asked.ok();
    node.end(1);
  });
  CHECK(node.act("start")->status == PINION_OK);
  CHECK(node.said().back() == "Aborting automatic restart, last crash occurred less than 60 seconds ago.");
  CHECK(node.state() == "offline");
}

TEST_CASE("without crash detection a server stays down") {
  Node node(Json{{"configuration", Json{{"crash_detection_enabled", false}}}});
  node.run();
  node.crash(3);
  CHECK(node.said() == Texts{"Aborting automatic restart, crash detection is disabled for this instance."});
  CHECK(node.state() == "offline");
}

TEST_CASE("a clean exit is no crash where the node says so") {
  Node node;
  node.fake.node["system"]["crash_detection"]["detect_clean_exit_as_crash"] = false;
  node.run();
  node.crash(0);
  CHECK(node.said().empty());
  CHECK(node.state() == "offline");
}

TEST_CASE("a container that vanished is made again, though the engine is slow to let it go") {
  Node node;
  node.run();
  int refused = 0;
  node.fake.onAct("create", [&](const FakeAsked &asked) {
    if (++refused <= 2) return asked.fail(PINION_E_IO, "the name is in use");
    node.exists = true;
    asked.ok();
  });
  node.exists = false;
  node.crash(137);
  CHECK(contains(node.said(), "Exit code: 1"));
  node.fake.advance(1'000);
  node.fake.advance(1'000);
  CHECK(node.running);
  CHECK(node.state() == "starting");
}

TEST_CASE("a server that cannot be started again after a crash says so") {
  Node node;
  node.run();
  node.sync_answer = R"({"suspended":true,"was_suspended":false})";
  node.crash(3);
  CHECK(node.said().back() == "Server crash was detected but an error occurred while handling it.");
  CHECK(node.state() == "offline");
}

TEST_CASE("a user who acts before the restart after a crash is right") {
  Node node;
  node.run();
  node.fake.onAct("logs", [](const FakeAsked &) {}); // the crash handler is held up here
  node.crash(3);
  CHECK(node.act("start")->status == PINION_OK);
  node.line("READY");
  node.fake.advance(20'000);
  CHECK(node.state() == "running");
  CHECK(node.said().back() == "Finished pulling Docker container image");
}

TEST_CASE("the stop command printed by the game itself makes its end no crash, and its state stays") {
  Node node;
  node.run();
  node.line("stop");
  CHECK(node.state() == "running");
  node.crash(0);
  CHECK(node.state() == "offline");
  CHECK(node.said().empty());
}

// ---- what the engine tells ----------------------------------------------------------------------------------------

TEST_CASE("a console that ends while the container runs is attached again") {
  Node node;
  node.run();
  node.fake.publish("container exited", server, "{}");
  node.fake.pump();
  CHECK(node.state() == "running");
  node.fake.advance(5'000); // the container does not end
  CHECK(node.fake.verbs() == Texts{"wait", "attach"});
  CHECK(node.state() == "running");
  node.crash(3);
  CHECK(contains(node.said(), crashed));
}

TEST_CASE("an engine that was away is asked when it is back") {
  Node node;
  node.run();
  node.engine_down = true;
  node.crash(137);
  CHECK(node.state() == "running"); // nobody knows
  node.fake.advance(20'000);
  CHECK(node.state() == "running");
  node.engine_down = false;
  node.fake.publish("runtime.found", "", "{}");
  node.fake.pump();
  CHECK(contains(node.said(), crashed));
}

TEST_CASE("an end that was not told is found when the engine is back") {
  Node node;
  node.run();
  node.running = false;
  node.fake.publish("runtime.lost", "", "{}");
  node.fake.publish("runtime.found", "", "{}");
  node.fake.pump();
  CHECK(contains(node.said(), crashed));
}

TEST_CASE("a running server follows a sync: its resources, or a stop when it is suspended") {
  Node node;
  node.run();
  SECTION("resources") {
    node.fake.publish("server.synced", server, R"({"suspended":false,"was_suspended":false})");
    node.fake.pump();
    CHECK(node.fake.verbs() == Texts{"update"});
  }
  SECTION("suspension") {
    node.fake.publish("server.synced", server, R"({"suspended":true,"was_suspended":false})");
    node.fake.pump();
    CHECK(node.state() == "stopping");
    node.fake.advance(60'000);
    CHECK(node.state() == "offline");
    CHECK(node.exit_code == 137);
  }
  SECTION("the way to stop and the done lines are read again") {
    node.fake.server(server)["process_configuration"]["stop"]["value"] = "quit";
    node.fake.publish("server.synced", server, R"({"suspended":false,"was_suspended":false})");
    node.fake.pump();
    node.act("stop");
    CHECK(node.fake.console(server) == "quit\n");
  }
}

TEST_CASE("a server that outgrows its disk is stopped once a run") {
  Node node;
  node.run();
  for (int i = 0; i < 3; ++i) node.fake.publish("server.disk_exceeded", server, R"({"bytes":2,"limit":1})");
  node.fake.pump();
  CHECK(node.said() == Texts{"Server is exceeding the assigned disk space limit, stopping process now."});
  CHECK(node.state() == "stopping");
  node.crash(0);
  CHECK(node.state() == "offline");
  node.run();
  node.fake.publish("server.disk_exceeded", server, R"({"bytes":2,"limit":1})");
  node.fake.pump();
  CHECK(node.said().size() == 1);
}
