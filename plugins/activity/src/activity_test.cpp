// Whole flows on the in-memory host.
#include "node_test.hpp"

#include <algorithm>

using namespace activity;
using pinion::testing::Work;
using Texts = std::vector<std::string>;

TEST_CASE("an entry is stored, announced, and sent at the next turn, once") {
  Node node;
  node.start();
  node.record(command("say hi"));
  CHECK(node.requests.empty());
  CHECK(node.stored() == 1);
  REQUIRE(node.fake.published("activity.recorded").size() == 1);
  CHECK(node.fake.published("activity.recorded")[0].server == kServer);
  node.turn();
  REQUIRE(node.requests.size() == 1);
  REQUIRE(node.requests[0].size() == 1);
  Json sent = node.requests[0][0];
  CHECK(node.fake.published("activity.recorded")[0].json() == sent);
  CHECK(sent["timestamp"].get<std::string>().ends_with("Z"));
  sent.erase("timestamp");
  const Json wanted = {{"user", kUser},
                       {"server", kServer},
                       {"event", "server:console.command"},
                       {"metadata", {{"command", "say hi"}}},
                       {"ip", "198.51.100.4"}};
  CHECK(sent == wanted);
  CHECK(node.stored() == 0);
  node.turn();
  CHECK(node.requests.size() == 1); // nothing is sent when nothing happened
}

TEST_CASE("an entry is only answered once it is stored") {
  Node node;
  node.start();
  node.fake.setWork(Work::held);
  const auto answer = node.fake.call("activity/record", "", command("a").dump());
  CHECK_FALSE(answer->done);
  CHECK(node.stored() == 0);
  node.fake.setWork(Work::pumped);
  node.fake.runWork();
  while (node.fake.workWaiting() > 0) node.fake.runWork();
  CHECK(answer->done);
  CHECK(answer->status == PINION_OK);
  CHECK(node.stored() == 1);
}

TEST_CASE("what is given again is kept once, and what was not stored yet is stored") {
  Node node;
  node.refused = true;
  node.start();
  const Json first = files("write", {"/a"}, "2026-01-02T03:04:05.000000001Z"),
             second = files("write", {"/a"}, "2026-01-02T03:04:05.000000002Z");
  node.record(first);
  node.record(Json{{"again", true}, {"entries", {first, second}}});
  CHECK(node.stored() == 2);
  node.record(Json{{"again", true}, {"entries", {first, second}}});
  CHECK(node.stored() == 2);
  CHECK(node.fake.published("activity.recorded").size() == 2);
  node.record(Json{{"entries", {second}}}); // who does not say so means another one
  CHECK(node.stored() == 3);
}

TEST_CASE("what an earlier daemon left is sent at once, also when it comes amid a turn") {
  Node node;
  node.start();
  const Json first = files("write", {"/a"}, "2026-01-02T03:04:05.000000001Z"),
             second = files("delete", {"/a"}, "2026-01-02T03:04:05.000000002Z");
  node.record(Json{{"again", true}, {"entries", {first}}});
  CHECK(node.requests.size() == 1);
  CHECK(node.stored() == 0);
  node.record(first);
  node.held = true;
  node.turn();
  REQUIRE(node.pending.size() == 1);
  node.record(Json{{"again", true}, {"entries", {second}}});
  CHECK(node.requests.size() == 2);
  node.held = false;
  node.pending[0].ok("");
  node.fake.pump();
  REQUIRE(node.requests.size() == 3);
  CHECK(node.requests[2][0]["event"] == "server:sftp.delete");
  CHECK(node.stored() == 0);
}

TEST_CASE("what is given again while it is being stored is kept once") {
  Node node;
  node.start();
  node.refused = true;
  node.fake.setWork(Work::held);
  const Json entry = files("delete", {"/a"}, "2026-01-02T03:04:05.000000001Z");
  const auto slow = node.fake.call("activity/record", "", entry.dump());
  const auto again = node.fake.call("activity/record", "", Json{{"again", true}, {"entries", {entry}}}.dump());
  CHECK_FALSE(again->done);
  node.fake.setWork(Work::pumped);
  while (node.fake.workWaiting() > 0) node.fake.runWork();
  CHECK(slow->status == PINION_OK);
  CHECK(again->status == PINION_OK);
  CHECK(node.stored() == 1);
}

TEST_CASE("a malformed entry is refused with the reason, and of several none is kept") {
  Node node;
  node.start();
  const auto answer = node.fake.call("activity/record", "", R"({"server":"x"})");
  CHECK(answer->status == PINION_E_INVALID);
  CHECK(answer->text == "\"server\" is no UUID");
  const Json two = {{"entries", {command("a"), {{"server", "x"}}}}};
  CHECK(node.fake.call("activity/record", "", two.dump())->status == PINION_E_INVALID);
  CHECK(node.stored() == 0);
}

TEST_CASE("an entry that cannot be stored is told so, and the next one works") {
  Node node;
  node.start();
  node.fake.failNext("store.apply", PINION_E_IO);
  CHECK(node.fake.call("activity/record", "", command("a").dump())->status == PINION_E_IO);
  CHECK(node.fake.published("activity.recorded").empty());
  node.record(command("b"));
  node.turn();
  CHECK(node.commands() == Texts{"b"});
}

TEST_CASE("a full pool delays an entry, and loses none") {
  Node node;
  node.start();
  node.record(command("first"));
  node.fake.failNext("tasks.run", PINION_E_BUSY);
  const auto answer = node.fake.call("activity/record", "", command("a").dump());
  CHECK_FALSE(answer->done);
  node.fake.advance(100);
  CHECK(answer->status == PINION_OK);
  CHECK(node.stored() == 2);
}

TEST_CASE("what comes while a transaction runs goes into the next one together") {
  Node node;
  node.start();
  node.record(command("first"));
  node.fake.setWork(Work::held);
  std::vector<std::shared_ptr<pinion::testing::FakeAnswer>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(node.fake.call("activity/record", "", command(std::to_string(i)).dump()));
  CHECK(node.fake.workWaiting() == 1);
  node.fake.runWork();
  CHECK(answers[0]->done);
  CHECK_FALSE(answers[1]->done);
  CHECK(node.fake.workWaiting() == 1);
  node.fake.runWork();
  CHECK(std::all_of(answers.begin(), answers.end(), [](const auto &one) { return one->status == PINION_OK; }));
  CHECK(node.fake.workWaiting() == 0);
  CHECK(node.stored() == 51);
}

TEST_CASE("entries beyond the bound of what waits are refused at once") {
  Node node;
  node.start();
  node.record(command("first"));
  node.fake.setWork(Work::held);
  Json many = {{"entries", Json::array()}};
  for (std::size_t i = 0; i < kMostEntries; ++i) many["entries"].push_back(command("x"));
  const std::string payload = many.dump();
  std::size_t kept = 0;
  std::shared_ptr<pinion::testing::FakeAnswer> answer;
  for (;; ++kept) {
    answer = node.fake.call("activity/record", "", payload);
    if (answer->done) break;
    REQUIRE(kept <= Journal::kMostWaiting / kMostEntries + 1);
  }
  CHECK(kept >= Journal::kMostWaiting / kMostEntries);
  CHECK(answer->status == PINION_E_BUSY);
}

TEST_CASE("what was not sent when the daemon ended is sent at its next start, before the first turn") {
  pinion::testing::FakeHost second("activity");
  {
    Node node;
    node.refused = true;
    node.start();
    node.record(command("a"));
    node.turn();
    CHECK(node.requests.size() == 1);
    second.store = node.fake.store;
  }
  Node node;
  node.fake.store = second.store;
  node.start();
  CHECK(node.commands() == Texts{"a"});
  node.record(command("b"));
  node.turn();
  CHECK(node.commands() == Texts{"a", "b"});
  CHECK(node.stored() == 0);
}

TEST_CASE("entries get numbers that were never used, also over a restart") {
  Node first;
  first.refused = true;
  first.start();
  first.record(command("a"));
  Node second;
  second.fake.store = first.fake.store;
  second.refused = true;
  second.start();
  second.record(command("b"));
  CHECK(second.stored() == 2);
}

TEST_CASE("refused entries are kept and tried at each turn; the failure is told once") {
  Node node;
  node.refused = true;
  node.start();
  node.record(command("a"));
  node.turn();
  node.record(command("b"));
  node.turn();
  CHECK(node.commands() == Texts{"a", "a", "b"});
  CHECK(node.warnings() == Texts{"activity cannot be sent to the Panel; it is kept and tried again"});
  node.refused = false;
  node.requests.clear();
  node.turn();
  node.turn();
  CHECK(node.commands() == Texts{"a", "b"});
  CHECK(node.stored() == 0);
  CHECK(node.fake.logs.back().message == "activity is sent to the Panel again");
}

TEST_CASE("a batch has the set size, and what is left follows at once") {
  Node node(5);
  node.start();
  for (int i = 0; i < 13; ++i) node.record(command(std::to_string(i)));
  node.turn();
  REQUIRE(node.requests.size() == 3);
  CHECK(node.requests[0].size() == 5);
  CHECK(node.requests[2].size() == 3);
  CHECK(node.commands().front() == "0");
  CHECK(node.commands().back() == "12");
  CHECK(node.stored() == 0);
}

TEST_CASE("a batch is bounded by its bytes too") {
  Node node(1000);
  node.start();
  for (int i = 0; i < 12; ++i) node.record(command(std::string(200'000, 'x')));
  node.turn();
  REQUIRE(node.requests.size() == 3);
  for (const Json &request : node.requests) CHECK(request.dump().size() <= kMostBody + 100);
  CHECK(node.stored() == 0);
}

TEST_CASE("a turn while the last one still runs is skipped") {
  Node node;
  node.held = true;
  node.start();
  node.record(command("a"));
  node.turn();
  node.turn();
  node.turn();
  CHECK(node.requests.size() == 1);
  REQUIRE(node.pending.size() == 1);
  node.held = false;
  node.pending[0].ok("");
  node.fake.pump();
  node.turn();
  CHECK(node.requests.size() == 1);
  CHECK(node.stored() == 0);
}

TEST_CASE("entries that were sent but could not be removed are not sent again") {
  Node node;
  node.start();
  node.record(command("a"));
  node.fake.failNext("store.apply", PINION_E_IO);
  node.turn();
  CHECK(node.commands() == Texts{"a"});
  CHECK(node.stored() == 1);
  node.record(command("b"));
  node.turn();
  CHECK(node.commands() == Texts{"a", "b"});
  CHECK(node.stored() == 0);
}

TEST_CASE("entries of SFTP are joined by user, event and minute") {
  Node node;
  node.start();
  const std::string other = "29a17d36-36b3-4ac6-9fbf-d3b708af2056";
  node.record(files("write", {"/b"}, "2024-03-17T20:58:30.5Z"));
  node.record(files("write", {"/a"}, "2024-03-17T20:58:30Z"));
  node.record(files("write", {"/late"}, "2024-03-17T20:59:00Z"));
  node.record(files("delete", {"/c", "/d"}, "2024-03-17T20:58:31Z"));
  node.record(files("write", {"/theirs"}, "2024-03-17T20:58:32Z", other));
  node.record(files("rename", {{{"from", "/x"}, {"to", "/y"}}}, "2024-03-17T20:58:32Z"));
  node.turn();
  REQUIRE(node.requests.size() == 1);
  const Json &sent = node.requests[0];
  REQUIRE(sent.size() == 5);
  CHECK(sent[0]["metadata"] == Json{{"files", {"/b", "/a"}}});
  CHECK(sent[0]["timestamp"] == "2024-03-17T20:58:30Z");
  CHECK(sent[0]["event"] == "server:sftp.write");
  CHECK(sent[1]["metadata"]["files"] == Json{"/late"});
  CHECK(sent[2]["metadata"]["files"] == Json{"/c", "/d"});
  CHECK(sent[3]["user"] == other);
  CHECK(sent[4]["metadata"]["files"][0] == Json{{"from", "/x"}, {"to", "/y"}});
  CHECK(node.stored() == 0);
}

TEST_CASE("joined entries are at most as many as the set size; the rest comes after them") {
  Node node(2);
  node.start();
  for (int i = 0; i < 9; ++i)
    node.record(files("write", {"/" + std::to_string(i)}, "2024-03-17T20:0" + std::to_string(i % 3) + ":00Z"));
  node.turn();
  std::vector<std::string> names;
  for (const Json &request : node.requests) {
    CHECK(request.size() <= 2);
    for (const Json &entry : request)
      for (const auto &name : entry["metadata"]["files"]) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  CHECK(names == Texts{"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8"});
  CHECK(node.stored() == 0);
}

TEST_CASE("more files than one transaction takes reach a Panel that was down once each, in bounded requests") {
  constexpr int kFiles =
      40'000; // more than SQLite binds variables in one statement, 32,766: what the attack counted on
  static_assert(kMostRows < kFiles);
  Node node;
  node.refused = true;
  node.start();
  for (int block = 0; block < kFiles / 1000; ++block) {
    Json many = {{"entries", Json::array()}};
    for (int i = 0; i < 1000; ++i)
      many["entries"].push_back(
          files("create", {"/world/" + std::to_string(block * 1000 + i)}, "2024-03-17T20:58:30Z"));
    node.record(many);
  }
  node.turn();
  CHECK(node.requests.size() == 1);
  node.refused = false;
  node.requests.clear();
  node.turn();
  std::vector<std::string> names;
  for (const Json &request : node.requests) {
    CHECK(request.dump().size() <= kMostBody);
    for (const Json &entry : request)
      for (const auto &name : entry["metadata"]["files"]) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  CHECK(names.size() == kFiles);
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(node.stored() == 0);
}

TEST_CASE("beyond a million entries the oldest are dropped, with one warning") {
  Node node;
  node.refused = true;
  node.fake.store["next"] = std::to_string(Journal::kMostKept + 4000);
  node.fake.store["p/0000000000000007"] = "{}";
  node.fake.store["s/0000000000003999"] = "{}";
  node.fake.store["p/0000000000900000"] = "{}";
  node.start();
  Json many = {{"entries", Json::array()}};
  for (int i = 0; i < 1000; ++i) many["entries"].push_back(command("x"));
  node.record(many);
  CHECK_FALSE(node.fake.store.contains("p/0000000000000007"));
  CHECK_FALSE(node.fake.store.contains("s/0000000000003999"));
  CHECK(node.fake.store.contains("p/0000000000900000"));
  node.fake.store["p/0000000000000008"] = "{}";
  for (int i = 0; i < 5; ++i) node.record(many);
  CHECK_FALSE(node.fake.store.contains("p/0000000000000008"));
  const auto warnings = node.warnings();
  CHECK(std::count(
            warnings.begin(), warnings.end(),
            "the Panel takes no activity and too much waits; the oldest entries are dropped, see to the Panel") == 1);
}

TEST_CASE("the interval is the node's, and nonsense in it is the default") {
  Node node;
  node.fake.node["system"]["activity_send_interval"] = 5;
  node.fake.node["system"]["activity_send_count"] = -3;
  node.start();
  node.record(command("a"));
  node.fake.advance(5000);
  CHECK(node.commands() == Texts{"a"});
}
