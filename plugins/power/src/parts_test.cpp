// The parts that need no host.
#include "action_lock.hpp"
#include "crash_rule.hpp"
#include "daemon_line.hpp"
#include "done_matcher.hpp"
#include "profile.hpp"
#include "requests.hpp"
#include "stop_way.hpp"
#include "throttle.hpp"

#include <catch2/catch.hpp>

using namespace power;
using namespace std::chrono_literals;
using pinion::Json;

// ---- daemon lines -----------------------------------------------------------------------------------------------

TEST_CASE("a daemon line has the node's name in yellow and bold, and ends with a reset") {
  CHECK(daemonLine("Pterodactyl", "Exit code: 3") ==
        "\x1b[33m\x1b[1m[Pterodactyl Daemon]:\x1b[39m Exit code: 3\x1b[0m");
}

TEST_CASE("known colour tags become escapes, unknown ones and lone brackets stay") {
  CHECK(colored("[red]no[reset]") == "\x1b[31mno\x1b[0m\x1b[0m");
  CHECK(colored("[_light_blue_]x") == "\x1b[104mx\x1b[0m");
  CHECK(colored("[Server] [RED] a[b [") == "[Server] [RED] a[b [");
  CHECK(colored("[[bold]") == "[\x1b[1m\x1b[0m");
  CHECK(colored("").empty());
}

// ---- done detection ---------------------------------------------------------------------------------------------

TEST_CASE("a done entry is found as the contract says") {
  struct Row {
    std::vector<std::string> done;
    std::string line;
    bool hit;
  };
  const std::vector<Row> rows{
      {{"READY"}, "it is READY now", true},
      {{"READY"}, "ready", false},
      {{"alpha", "beta"}, "only beta here", true},
      {{")! For help, type "}, "Done (1.2s)! For help, type \"help\"", true},
      {{"regex:^Done \\([0-9.]+s\\)!"}, "Done (12.3s)!", true},
      {{"regex:^Done"}, "Not Done", false},
      {{"regex:server (up|ready)$"}, "the server ready", true},
      {{"regex:[unclosed"}, "regex:[unclosed", true},
      {{"regex:[unclosed"}, "unclosed", false},
      {{"regex:(?i)started"}, "STARTED", true},
      {{"."}, "no dot", false},
      {{"regex:"}, "a regex: in a line", true}, // too short for an expression
      {{""}, "anything", true},
      {{}, "anything", false},
  };
  for (const auto &row : rows) {
    INFO(row.line);
    DoneMatcher matcher(row.done, false);
    CHECK(matcher.matches(row.line) == row.hit);
  }
}

TEST_CASE("an expression that does not compile is named") {
  CHECK(DoneMatcher({"fine", "regex:[unclosed", "regex:good"}, false).refused() ==
        std::vector<std::string>{"regex:[unclosed"});
}

TEST_CASE("colours are looked through only when asked") {
  const std::string line = "all \x1b[1;32msystems\x1b[0m go";
  CHECK(DoneMatcher({"all systems go"}, true).matches(line));
  CHECK_FALSE(DoneMatcher({"all systems go"}, false).matches(line));
}

TEST_CASE("ANSI sequences are taken out, the rest stays") {
  struct Row {
    std::string line, wanted;
  };
  const std::vector<Row> rows{
      {"plain", "plain"},
      {"\x1b[0m", ""},
      {"a\x1b[38;5;196mb", "ab"},
      {"\x1b]0;title\x07text", "text"},
      {"\x1b]0;my title\x07text", "y title\x07text"}, // a title with a blank is none: it ends at the first final byte
      {"\x1b];title\x07text", "text"},
      {"\xc2\x9b"
       "31mred",
       "red"},
      {"\x1b[?25l\x1b[2Kx", "x"},
      {"\x1b", "\x1b"},
      {"\x1b[", "\x1b["},
      {"\x1b[12345m", "m"}, // a number has four digits at most, and a digit may be final
  };
  for (const auto &row : rows) {
    std::string buffer;
    INFO(row.wanted);
    CHECK(withoutAnsi(row.line, buffer) == row.wanted);
  }
}

// ---- throttle ---------------------------------------------------------------------------------------------------

TEST_CASE("lines over the limit of a window are dropped and the first drop is told once") {
  using Verdict = Throttle::Verdict;
  Throttle throttle(true, 2, 100ms);
  const Throttle::Clock::time_point t{};
  CHECK(throttle.line(t) == Verdict::pass);
  CHECK(throttle.line(t + 10ms) == Verdict::pass);
  CHECK(throttle.line(t + 20ms) == Verdict::first_drop);
  CHECK(throttle.line(t + 100ms) == Verdict::drop);
  CHECK(throttle.line(t + 150ms) == Verdict::pass); // a new window begins with this line
  CHECK(throttle.line(t + 200ms) == Verdict::pass);
  CHECK(throttle.line(t + 249ms) == Verdict::first_drop);
}

TEST_CASE("a throttle that is off lets everything through") {
  Throttle throttle(false, 0, 100ms);
  for (int i = 0; i < 100; ++i) CHECK(throttle.line({}) == Throttle::Verdict::pass);
}

// ---- stop, crash ------------------------------------------------------------------------------------------------

TEST_CASE("the stop configuration says how to stop") {
  using Kind = StopWay::Kind;
  struct Row {
    std::string type, value;
    Kind kind;
    std::string wanted;
  };
  const std::vector<Row> rows{
      {"command", "stop", Kind::command, "stop"},
      {"signal", "C", Kind::signal, "SIGINT"},
      {"signal", "sigint", Kind::signal, "SIGINT"},
      {"signal", "SIGTERM", Kind::signal, "SIGTERM"},
      {"signal", "SIGABRT", Kind::signal, "SIGABRT"},
      {"signal", "SIGKILL", Kind::kill, ""},
      {"signal", "X", Kind::kill, ""},
      {"signal", "", Kind::kill, ""},
      {"", "", Kind::kill, ""},
      {"stop", "", Kind::native, ""},
      {"whatever", "x", Kind::native, ""},
  };
  for (const auto &row : rows) {
    INFO(row.type << " " << row.value);
    const StopWay way = stopWay(row.type, row.value);
    CHECK(way.kind == row.kind);
    CHECK(way.value == row.wanted);
  }
}

TEST_CASE("a crash is judged by exit, policy and the last one") {
  const auto now = std::chrono::steady_clock::time_point(1000s);
  CHECK(judge({0, false}, {true, 60s}, {}, now) == CrashVerdict::restart);
  CHECK(judge({0, false}, {false, 60s}, {}, now) == CrashVerdict::no_crash);
  CHECK(judge({0, true}, {false, 60s}, {}, now) == CrashVerdict::restart);
  CHECK(judge({1, false}, {false, 60s}, {}, now) == CrashVerdict::restart);
  CHECK(judge({1, false}, {true, 60s}, now - 59s, now) == CrashVerdict::too_soon);
  CHECK(judge({1, false}, {true, 60s}, now - 60s, now) == CrashVerdict::restart);
  CHECK(judge({1, false}, {true, 0s}, now, now) == CrashVerdict::restart);
}

// ---- lock -------------------------------------------------------------------------------------------------------

TEST_CASE("the lock goes to those who wait in the order they came") {
  ActionLock lock;
  REQUIRE(lock.tryAcquire());
  CHECK_FALSE(lock.tryAcquire());
  std::string order;
  lock.enqueue([&](bool granted) { order += granted ? "a" : "!"; });
  const auto second = lock.enqueue([&](bool) { order += "b"; });
  lock.enqueue([&](bool granted) { order += granted ? "c" : "!"; });
  lock.abandon(second);
  lock.release();
  CHECK(order == "a");
  CHECK(lock.held());
  lock.release();
  CHECK(order == "ac");
  lock.release();
  CHECK_FALSE(lock.held());
  CHECK(lock.tryAcquire());
}

TEST_CASE("a lock that is closed tells those who wait and is never had again") {
  ActionLock lock;
  REQUIRE(lock.tryAcquire());
  int refused = 0;
  lock.enqueue([&](bool granted) { refused += granted ? 0 : 1; });
  lock.close();
  lock.enqueue([&](bool granted) { refused += granted ? 0 : 1; });
  CHECK(refused == 2);
  lock.release();
  CHECK_FALSE(lock.tryAcquire());
}

TEST_CASE("a lock with a capacity is had by that many") {
  ActionLock lock(2);
  REQUIRE(lock.tryAcquire());
  {
    const ActionLockGuard guard(lock, lock.tryAcquire());
    CHECK(lock.held());
  }
  CHECK_FALSE(lock.held());
  const ActionLockGuard nothing(lock, false);
}

// ---- requests ---------------------------------------------------------------------------------------------------

TEST_CASE("numbers of the routes are kept in their bounds") {
  CHECK(lockWaitSeconds(0) == 0);
  CHECK(lockWaitSeconds(300) == 300);
  CHECK(lockWaitSeconds(301) == 30);
  CHECK(lockWaitSeconds(-1) == 30);
  CHECK(logSize("5") == 5);
  CHECK(logSize("100") == 100);
  for (const char *text : {"", "0", "-3", "101", "500", "x", "5x", "99999999999"}) CHECK(logSize(text) == 100);
  CHECK(knownAction("kill"));
  for (const char *text : {"", "Start", "start ", "stop\n", "pause"}) CHECK_FALSE(knownAction(text));
}

// ---- definition -------------------------------------------------------------------------------------------------

TEST_CASE("a profile is what the definition says, with defaults for what is missing or mistyped") {
  const auto profile = readProfile(Json::parse(R"({"crash_detection_enabled":false,"build":{"disk_space":12}})"),
                                   Json::parse(R"({"startup":{"done":["x",5],"strip_ansi":true},
                                                   "stop":{"type":"signal","value":"C"}})"));
  CHECK_FALSE(profile.crash_detection);
  CHECK(profile.disk_limit_mib == 12);
  CHECK(profile.stop.value == "SIGINT");
  const auto nothing = readProfile(Json(), Json::parse(R"({"startup":[],"stop":"x"})"));
  CHECK(nothing.crash_detection);
  CHECK(nothing.stop.kind == StopWay::Kind::kill);
}

TEST_CASE("steps come by order, then by address") {
  const auto steps = orderedSteps(Json::parse(R"([{"address":"start-step/b","about":{}},
    {"address":"start-step/a","about":{"order":50,"required":true}}, {"address":"start-step/late","about":{"order":60}},
    {"address":"start-step/z","about":{"order":1}}, {"about":{}}])"));
  REQUIRE(steps.size() == 4);
  CHECK(steps[0].address == "start-step/z");
  CHECK(steps[1].address == "start-step/a");
  CHECK(steps[1].required);
  CHECK(steps[2].address == "start-step/b");
  CHECK(steps[3].address == "start-step/late");
}
