// For the flow tests: the plugin on the fake host, and a Panel that takes activity or refuses it.
#pragma once

#include "activity.hpp"

#include <catch2/catch.hpp>
#include <pinion/testing/fake_host.hpp>

#include <string>
#include <vector>

namespace activity {

using pinion::testing::FakeAsked;

inline const std::string kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf",
                         kUser = "19a17d36-36b3-4ac6-9fbf-d3b708af2056";
constexpr std::int64_t kTurn = 60'000; // ms

inline Json command(const std::string &text) {
  return Json{{"server", kServer},
              {"user", kUser},
              {"ip", "198.51.100.4:1234"},
              {"event", "server:console.command"},
              {"metadata", {{"command", text}}}};
}

inline Json files(const std::string &event, const Json &names, const std::string &time,
                  const std::string &user = kUser) {
  return Json{{"server", kServer},
              {"user", user},
              {"ip", "198.51.100.4"},
              {"event", "server:sftp." + event},
              {"metadata", {{"files", names}}},
              {"timestamp", time}};
}

struct Node {
  explicit Node(int count = 0) : plugin(fake, "activity") {
    if (count != 0) fake.node["system"]["activity_send_count"] = count;
    fake.onPanel("POST /activity", [this](const FakeAsked &asked) {
      requests.push_back(asked.json()["data"]);
      if (held)
        pending.push_back(asked);
      else if (refused)
        asked.fail(PINION_E_IO, "the Panel is down");
      else
        asked.ok("");
    });
  }
  ~Node() { CHECK(fake.misuse().empty()); }
  void start() {
    REQUIRE(plugin.start());
    fake.pump();
  }
  // Records and expects that it is kept.
  void record(const Json &entry) {
    const auto answer = fake.call("activity/record", "", entry.dump());
    REQUIRE(answer->done);
    CHECK(answer->text == "{}");
    REQUIRE(answer->status == PINION_OK);
  }
  void turn() { fake.advance(kTurn); }
  std::size_t stored() const {
    std::size_t out = 0;
    for (const auto &[key, value] : fake.store) out += key.starts_with(kPlain) || key.starts_with(kSftp) ? 1 : 0;
    return out;
  }
  // The commands in the requests so far.
  std::vector<std::string> commands() const {
    std::vector<std::string> out;
    for (const Json &request : requests)
      for (const Json &entry : request)
        if (entry["metadata"].contains("command")) out.push_back(entry["metadata"]["command"]);
    return out;
  }
  std::vector<std::string> warnings() const {
    std::vector<std::string> out;
    for (const auto &line : fake.logs)
      if (line.level == PINION_LOG_WARN) out.push_back(line.message);
    return out;
  }

  pinion::testing::FakeHost fake{"activity"};
  std::vector<Json> requests; // the "data" of each
  std::vector<FakeAsked> pending;
  bool refused = false, held = false;
  pinion::testing::Running<Activity> plugin;
};

} // namespace activity
