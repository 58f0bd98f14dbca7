#include "idle_stop.hpp"

#include <pinion/testing/fake_host.hpp>

#include <cstdio>
#include <cstdlib>

static void expect(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

static const std::string server = "11111111-2222-4333-8444-555555555555";

// [test]
static void aSilentServerIsStopped() {
  pinion::testing::FakeHost fake;
  fake.addServer(server);
  fake.config = {{"minutes", 10}};
  std::vector<std::string> asked;
  fake.offer("power/act", [&](pinion::testing::FakeCall call) { // the test plays the power plugin
    asked.push_back(call.server + " " + call.payload);
    call.ok();
  });
  pinion::testing::Running<IdleStop> plugin(fake, "idle-stop");
  expect(static_cast<bool>(plugin.start()), "the plugin starts");

  fake.publish("status", server, "running", PINION_EVENT_RAW);
  fake.advance(9 * 60'000); // the fake's clock: no test waits
  fake.publish("console output", server, "a player joined", PINION_EVENT_RAW);
  fake.advance(9 * 60'000);
  expect(asked.empty(), "a server that speaks is left alone");

  fake.advance(60'000);
  fake.publish("status", server, "offline", PINION_EVENT_RAW);
  fake.advance(60 * 60'000);
  expect(asked == std::vector<std::string>{server + R"( {"action":"stop"})"}, "ten silent minutes stop it");
  expect(fake.misuse().empty(), "no rule of the ABI is broken");
}
// [test]

static void aServerThatStopsByItselfIsForgotten() {
  pinion::testing::FakeHost fake;
  fake.addServer(server);
  pinion::testing::Running<IdleStop> plugin(fake, "idle-stop");
  expect(static_cast<bool>(plugin.start()), "the plugin starts");
  fake.publish("status", server, "running", PINION_EVENT_RAW);
  fake.pump();
  expect(fake.request("GET", "/api/idle-stop")->json()["watched"].size() == 1, "a running server is watched");
  fake.publish("status", server, "offline", PINION_EVENT_RAW);
  fake.pump();
  expect(fake.request("GET", "/api/idle-stop")->body == R"({"watched":[]})", "an offline server is not");
  fake.advance(29 * 60'000);
  fake.publish("status", server, "running", PINION_EVENT_RAW); // its silence begins anew
  fake.advance(29 * 60'000);
  expect(fake.logs.empty(), "nothing is stopped");
}

static void aStopThatFailsIsLogged() {
  pinion::testing::FakeHost fake; // nobody offers power/act here
  fake.addServer(server);
  pinion::testing::Running<IdleStop> plugin(fake, "idle-stop");
  expect(static_cast<bool>(plugin.start()), "the plugin starts");
  fake.publish("status", server, "running", PINION_EVENT_RAW);
  fake.advance(31 * 60'000);
  expect(fake.logs.size() == 2 && fake.logs[1].level == PINION_LOG_WARN, "the failure is logged");
}

int main() {
  aSilentServerIsStopped();
  aServerThatStopsByItselfIsForgotten();
  aStopThatFailsIsLogged();
  return 0;
}
