#include "node_test.hpp"

using namespace power;
using namespace power::testing;

using Texts = std::vector<std::string>;

TEST_CASE("a start goes through its steps in order and is running when a line says so") {
  Node node;
  node.exists = true;
  const auto answer = node.act("start");
  REQUIRE(answer->done);
  CHECK(answer->status == PINION_OK);
  CHECK(node.fake.verbs() == Texts{"inspect", "truncate-log", "remove", "pull", "create", "attach", "start"});
  CHECK(node.state() == "starting");
  CHECK(node.said() == Texts{"Updating process configuration files...",
                             "Ensuring file permissions are set correctly, this could take a few seconds...",
                             "Pulling Docker container image, this could take a few minutes to complete...",
                             "Finished pulling Docker container image"});
  node.line("booting");
  CHECK(node.state() == "starting");
  node.line("now READY.");
  CHECK(node.state() == "running");
  CHECK(node.printed() == Texts{"booting", "now READY."});
  CHECK(node.fake.misuse().empty());
}

TEST_CASE("a limited disk is looked at before the start") {
  Node node(Json::parse(R"({"configuration":{"build":{"disk_space":1}}})"));
  node.fake.limitDisk(server, 1'000'000);
  SECTION("and a server within it starts") {
    CHECK(node.act("start")->status == PINION_OK);
    CHECK(node.said().front() == "Checking server disk space usage, this could take a few seconds...");
  }
  SECTION("and a server over it does not") {
    const auto file = node.fake.serverFolder(server) / "big.bin";
    const int fd = ::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(::ftruncate(fd, 2'000'000) == 0);
    ::close(fd);
    CHECK(node.act("start")->text == "filesystem: not enough disk space");
    CHECK(node.fake.acts().empty());
    CHECK(node.state() == "offline");
  }
}

TEST_CASE("a start that the Panel does not allow touches nothing") {
  Node node;
  SECTION("suspended") {
    node.sync_answer = R"({"suspended":true,"was_suspended":false})";
    CHECK(node.act("start")->text == "server is currently in a suspended state");
  }
  SECTION("not synced") {
    node.sync_held = true;
    const auto answer = node.act("start");
    REQUIRE(node.held_syncs.size() == 1);
    node.held_syncs[0].fail(PINION_E_NOT_FOUND, "server does not exist on remote system");
    node.fake.pump();
    CHECK(answer->text == "server does not exist on remote system");
  }
  CHECK(node.fake.acts().empty());
  CHECK(node.state() == "offline");
}

TEST_CASE("a held server gets no power action, and is told by what it is held") {
  for (const auto &[why, text] : {std::pair{"installing", "server is currently installing"},
                                  std::pair{"transferring", "server is currently being transferred"},
                                  std::pair{"restoring", "server is currently being restored"}}) {
    Node node(Json{{"held_by", why}});
    for (const char *action : {"start", "stop", "restart", "kill", "explode"}) CHECK(node.act(action)->text == text);
  }
}

TEST_CASE("an unknown action and an unknown server are refused") {
  Node node;
  CHECK(node.act("explode")->text == "attempting to handle unknown power action");
  CHECK(node.fake.call("power/act", "nobody", "{\"action\":\"start\"}")->status == PINION_E_NOT_FOUND);
  CHECK(node.fake.call("power/act", server, "[]")->status == PINION_E_INVALID);
}

TEST_CASE("a start that fails ends offline, is told once and is no crash") {
  Node node;
  SECTION("while the container is made") {
    node.create_error = "No such image: a/b";
    CHECK(node.act("start")->text == "environment/docker: failed to run pre-boot process: No such image: a/b");
  }
  SECTION("while it starts") {
    node.start_error = "environment/docker: failed to start container: no such shell";
    CHECK(node.act("start")->text == "environment/docker: failed to start container: no such shell");
  }
  CHECK(node.state() == "offline");
  CHECK_FALSE(node.exists);
  for (const auto &line : node.said()) CHECK(line.find("crash") == std::string::npos);
  node.create_error = node.start_error = "";
  CHECK(node.act("start")->status == PINION_OK);
}

TEST_CASE("a server that runs already is not started again") {
  Node node;
  node.run();
  const auto answer = node.act("start");
  CHECK(answer->text == "server is running");
  CHECK(answer->status != PINION_E_BUSY);
}

TEST_CASE("a container that runs though the server is called offline is taken over") {
  Node node;
  node.exists = node.running = true;
  CHECK(node.act("start")->status == PINION_OK);
  CHECK(node.state() == "running");
  CHECK(node.fake.verbs() == Texts{"inspect", "attach"});
}

TEST_CASE("a state that is behind the engine does not keep a server from starting") {
  Node node;
  node.run();
  node.running = false; // and nobody said so
  CHECK(node.act("start")->status == PINION_OK);
  CHECK(node.state() == "starting");
  CHECK_FALSE(contains(node.said(), "---------- Detected server process in a crashed state! ----------"));
}

TEST_CASE("a kill or a stop ends a start in whatever phase it is") {
  const std::string phase = GENERATE("core/server-sync", "inspect", "remove", "pull", "create", "attach");
  const std::string by = GENERATE("kill", "stop");
  INFO(by << " while " << phase);
  Node node;
  node.sync_held = phase == "core/server-sync";
  int asked_for = 0;
  if (!node.sync_held) {
    // Only the start's own act hangs: those of the kill are answered.
    node.fake.onAct(phase, [&](const FakeAsked &asked) {
      if (asked_for++ == 0) return;
      if (phase == "inspect")
        asked.ok(R"({"exists":false,"running":false})");
      else
        asked.ok();
    });
  }
  const auto starting = node.act("start");
  REQUIRE_FALSE(starting->done);
  CHECK(node.act(by)->status == PINION_OK);
  CHECK(starting->status == PINION_E_CANCELLED);
  CHECK(starting->text == "the start was ended by a " + by);
  CHECK(contains(node.said(), "The start of the server was ended by a " + by + "."));
  CHECK(node.state() == "offline");
  CHECK(node.fake.call("power/busy", server, "{}")->text == "{\"busy\":false}");
  CHECK((phase == "remove" || !node.exists));
  CHECK_FALSE(node.running);
  CHECK(node.fake.misuse().empty());
}

TEST_CASE("a game that runs before the engine's answer to its start is not broken off") {
  Node node;
  std::vector<FakeAsked> starts;
  node.fake.onAct("start", [&](const FakeAsked &asked) {
    node.running = true;
    starts.push_back(asked);
  });
  const auto starting = node.act("start");
  node.line("READY");
  REQUIRE(node.state() == "running");
  CHECK_FALSE(starting->done);
  CHECK(node.fake.call("power/busy", server, "{}")->text == "{\"busy\":false}");
  SECTION("a stop waits for the answer and stops as configured") {
    const auto stopping = node.act("stop");
    CHECK_FALSE(stopping->done);
    starts.at(0).ok();
    node.fake.pump();
    CHECK(starting->status == PINION_OK);
    CHECK(node.fake.console(server) == "stop\n");
    node.crash(0);
    CHECK(stopping->status == PINION_OK);
    CHECK(node.state() == "offline");
    CHECK(node.exists);
  }
  SECTION("a restart does not fail") {
    const auto restarting = node.act("restart");
    starts.at(0).ok();
    node.fake.pump();
    CHECK(node.state() == "stopping");
    CHECK_FALSE(restarting->done);
  }
  SECTION("a kill waits for it too") {
    const auto killing = node.act("kill");
    starts.at(0).ok();
    node.fake.pump();
    CHECK(killing->status == PINION_OK);
    CHECK(node.exit_code == 137);
    CHECK(node.state() == "offline");
    CHECK(node.exists);
  }
  SECTION("but not for long") {
    const auto killing = node.act("kill");
    node.fake.advance(10'000);
    CHECK(killing->status == PINION_OK);
    CHECK(starting->text == "the start was ended by a kill");
    CHECK(node.state() == "offline");
    CHECK_FALSE(node.exists);
  }
  CHECK(node.fake.misuse().empty());
}

TEST_CASE("the progress of the pull is told, and only while it is ours") {
  Node node;
  node.pull_held = true;
  node.act("start");
  node.fake.publish("container pull", server, "Downloading 5%", PINION_EVENT_RAW);
  node.fake.pump();
  node.fake.act("pull").ok();
  node.fake.pump();
  node.fake.publish("container pull", server, "of an installer", PINION_EVENT_RAW);
  node.fake.pump();
  const auto told = node.fake.published("install output");
  REQUIRE(told.size() == 1);
  CHECK(told[0].payload == "Downloading 5%");
}

TEST_CASE("steps of other plugins run in order before the start") {
  Node node;
  Texts called;
  const auto offer = [&](const std::string &address, const Json &about, const std::string &answer) {
    node.fake.offer(
        address,
        [&called, address, answer](const pinion::testing::FakeCall &call) {
          called.push_back(address);
          if (answer.empty())
            call.fail(PINION_E_IO, "broken");
          else
            call.ok(answer);
        },
        about);
  };
  offer("start-step/b", Json::object(), R"({"note":"b was here"})");
  offer("start-step/a", Json{{"order", 90}}, "");
  SECTION("and one that fails does not keep it") {
    CHECK(node.act("start")->status == PINION_OK);
    CHECK(called == Texts{"start-step/b", "start-step/a"});
    CHECK(contains(node.said(), "b was here"));
    CHECK(node.errors() == 1);
  }
  SECTION("unless it is required") {
    offer("start-step/c", Json{{"order", 1}, {"required", true}}, "");
    CHECK(node.act("start")->text == "start-step/c: broken");
    CHECK(called == Texts{"start-step/c"});
    CHECK(node.state() == "offline");
  }
}

TEST_CASE("a server that is deleted while it starts is left alone") {
  Node node;
  node.pull_held = true;
  const auto starting = node.act("start");
  node.fake.publish("deleted", server, "null");
  node.fake.pump();
  CHECK(starting->status == PINION_E_CANCELLED);
  CHECK(node.fake.act("pull").cancelled());
  node.forget();
  node.fake.advance(60'000);
  CHECK(node.fake.acts().empty());
  CHECK(node.fake.published().empty());
}

TEST_CASE("after a restart of the daemon") {
  Node node;
  SECTION("a container that runs is attached and not started") {
    node.exists = node.running = true;
    node.fake.publish("boot.restore", server, R"({"running":true,"state":"offline"})");
    node.fake.pump();
    CHECK(node.state() == "running");
    CHECK(node.fake.verbs() == Texts{"inspect", "attach"});
    node.line("hello");
    CHECK(node.printed() == Texts{"hello"});
  }
  SECTION("one that could not be attached is tried again") {
    node.exists = node.running = true;
    bool broken = true;
    node.fake.onAct("attach", [&](const FakeAsked &asked) {
      if (broken)
        asked.fail(PINION_E_IO, "no");
      else
        asked.ok();
    });
    node.fake.publish("boot.restore", server, R"({"running":true,"state":"running"})");
    node.fake.pump();
    broken = false;
    node.fake.advance(5'000);
    CHECK(node.fake.verbs() == Texts{"inspect", "attach", "inspect", "attach"});
    CHECK(node.state() == "running");
  }
  SECTION("a server that ran and does not is started") {
    node.fake.publish("boot.restore", server, R"({"running":false,"state":"running"})");
    node.fake.pump();
    CHECK(node.state() == "starting");
  }
  SECTION("a server that was stopped stays so") {
    for (const char *saved : {"offline", "stopping"})
      node.fake.publish("boot.restore", server, std::string(R"({"running":false,"state":")") + saved + "\"}");
    node.fake.pump();
    CHECK(node.fake.acts().empty());
    CHECK(node.state() == "offline");
  }
}

TEST_CASE("after a restart of the daemon four servers start at once") {
  Node node;
  node.pull_held = true;
  for (int i = 0; i < 6; ++i) {
    const std::string uuid = "other-" + std::to_string(i);
    node.fake.addServer(uuid);
    node.fake.publish("boot.restore", uuid, R"({"running":false,"state":"running"})");
  }
  node.fake.pump();
  const auto pulls = [&] {
    int count = 0;
    for (const auto &asked : node.fake.acts()) count += asked.verb == "pull" ? 1 : 0;
    return count;
  };
  CHECK(pulls() == 4);
  node.fake.act("pull").fail(PINION_E_IO, "no");
  node.fake.pump();
  CHECK(pulls() == 5);
}

TEST_CASE("the plugin can be stopped in the middle of everything") {
  Node node;
  node.sync_held = true;
  node.act("start");
  node.act("start", 30);
  node.act("kill");
  node.power.stop();
  CHECK(node.fake.misuse().empty());
}
