// A node for the flow tests: the fake host, and an engine with one container that behaves as the runtime says it does.
#pragma once

#include "power.hpp"

#include <catch2/catch.hpp>
#include <pinion/testing/fake_host.hpp>

#include <string>
#include <vector>

namespace power::testing {

using pinion::testing::FakeAsked;

inline const std::string server = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

struct Node {
  explicit Node(const Json &document = Json::object()) : power(fake, "power") {
    fake.node = Json::parse(R"({"app_name":"Test","system":{"check_permissions_on_boot":true,
      "crash_detection":{"detect_clean_exit_as_crash":true,"timeout":60}},
      "throttles":{"enabled":true,"lines":3,"line_reset_interval":60000}})");
    Json made = Json::parse(R"({"configuration":{"build":{"disk_space":0}},
      "process_configuration":{"startup":{"done":["READY"]},"stop":{"type":"command","value":"stop"}}})");
    made.update(document);
    fake.addServer(server, made);
    fake.offer("core/server-sync", [this](const pinion::testing::FakeCall &call) {
      if (sync_held) {
        held_syncs.push_back(call);
      } else {
        call.ok(sync_answer);
      }
    });
    fake.onAct("inspect", [this](const FakeAsked &asked) {
      if (engine_down) return asked.fail(PINION_E_IO, "the engine does not answer");
      Json answer;
      answer["exists"] = exists;
      answer["running"] = running;
      answer["exit_code"] = exit_code;
      answer["oom_killed"] = false;
      asked.ok(answer.dump());
    });
    fake.onAct("remove", [this](const FakeAsked &asked) {
      exists = false;
      asked.ok();
      end(137);
    });
    fake.onAct("pull", [this](const FakeAsked &asked) {
      if (!pull_held) asked.ok();
    });
    fake.onAct("create", [this](const FakeAsked &asked) {
      if (!create_error.empty()) return asked.fail(PINION_E_IO, create_error);
      exists = true;
      asked.ok();
    });
    fake.onAct("attach", [this](const FakeAsked &asked) {
      fake.attachConsole(server);
      asked.ok();
    });
    fake.onAct("start", [this](const FakeAsked &asked) {
      if (!start_error.empty()) return asked.fail(PINION_E_IO, start_error);
      running = true;
      asked.ok();
    });
    fake.onAct("wait", [this](const FakeAsked &asked) {
      if (engine_down) return asked.fail(PINION_E_IO, "the engine does not answer");
      if (running)
        waits.push_back(asked);
      else
        asked.ok("{\"exited\":true}");
    });
    fake.onAct("stop", [this](const FakeAsked &asked) {
      end(0);
      asked.ok();
    });
    fake.onAct("signal", [this](const FakeAsked &asked) {
      asked.ok();
      if (asked.json()["signal"] == "SIGKILL" || !deaf) end(asked.json()["signal"] == "SIGKILL" ? 137 : 0);
    });
    fake.onAct("logs", [](const FakeAsked &asked) { asked.ok("[\"last\",\"words\"]"); });
    for (const char *verb : {"truncate-log", "update"}) fake.onAct(verb, [](const FakeAsked &asked) { asked.ok(); });
    REQUIRE(power.start());
    fake.pump();
  }

  // The container ends: the engine says so to all who wait, and its console ends.
  void end(int code) {
    if (!running) return;
    running = false;
    exit_code = code;
    fake.detachConsole(server);
    fake.publish("container exited", server, "{}");
    for (const auto &asked : std::exchange(waits, {})) asked.ok("{\"exited\":true}");
  }
  void crash(int code) {
    end(code);
    fake.pump();
  }
  void line(const std::string &text) {
    fake.publish("container output", server, text, PINION_EVENT_RAW);
    fake.pump();
  }
  std::shared_ptr<pinion::testing::FakeAnswer> act(const std::string &action, int wait_seconds = 0) {
    return fake.call("power/act", server,
                     "{\"action\":\"" + action + "\",\"wait_seconds\":" + std::to_string(wait_seconds) + "}",
                     3'600'000);
  }
  // Started and running.
  void run() {
    const auto answer = act("start");
    REQUIRE(answer->done);
    REQUIRE(answer->text == "{}");
    line("READY");
    REQUIRE(state() == "running");
    forget();
  }
  // What was asked for and told up to now does not count.
  void forget() {
    fake.acts().clear();
    fake.published().clear();
  }
  std::string state() { return fake.server(server)["state"].get<std::string>(); }
  // The daemon's own console lines, without their prefix.
  std::vector<std::string> said() const {
    const std::string prefix = "\x1b[33m\x1b[1m[Test Daemon]:\x1b[39m ";
    std::vector<std::string> out;
    for (const auto &event : fake.published("console output"))
      if (event.payload.starts_with(prefix))
        out.push_back(event.payload.substr(prefix.size(), event.payload.size() - prefix.size() - 4));
    return out;
  }
  std::vector<std::string> printed() const { // the container's lines that went on to the sockets
    std::vector<std::string> out;
    for (const auto &event : fake.published("console output"))
      if (!event.payload.starts_with("\x1b[33m\x1b[1m[Test")) out.push_back(event.payload);
    return out;
  }
  int errors() const {
    int count = 0;
    for (const auto &entry : fake.logs) count += entry.level == PINION_LOG_ERROR ? 1 : 0;
    return count;
  }

  pinion::testing::FakeHost fake{"power"};
  pinion::testing::Running<Power> power;
  bool exists = false, running = false, deaf = false, engine_down = false;
  bool sync_held = false, pull_held = false;
  int exit_code = 0;
  std::string create_error, start_error, sync_answer = R"({"suspended":false,"was_suspended":false})";
  std::vector<FakeAsked> waits;
  std::vector<pinion::testing::FakeCall> held_syncs;
};

inline bool contains(const std::vector<std::string> &all, const std::string &one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

} // namespace power::testing
