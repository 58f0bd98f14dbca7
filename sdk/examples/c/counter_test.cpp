// The counter behind its C entry, on the host in memory.
#include <pinion/testing/fake_host.hpp>

#include <cstdio>
#include <cstdlib>

static void expect(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

int main() {
  pinion::testing::FakeHost fake;
  fake.addServer("11111111-2222-4333-8444-555555555555");
  pinion::testing::LoadedPlugin counter(fake, pinion_plugin_entry_v1);
  expect(static_cast<bool>(counter.start()), "the plugin starts");

  fake.publish("status", "11111111-2222-4333-8444-555555555555", "starting", PINION_EVENT_RAW);
  fake.publish("status", "11111111-2222-4333-8444-555555555555", "running", PINION_EVENT_RAW);
  fake.publish("stats", "11111111-2222-4333-8444-555555555555", "{}");
  fake.pump();

  const auto seen = fake.published("example-counter.seen");
  expect(seen.size() == 2, "each change of state is told on");
  expect(seen[1].json()["seen"] == 2, "the event holds the count");
  expect(seen[1].server == "11111111-2222-4333-8444-555555555555", "the event names the server");
  expect(fake.call("example-counter/total", "", "{}")->text == "{\"total\":2}", "the address gives the count");
  expect(fake.request("GET", "/api/example-counter")->body == "{\"total\":2}", "the route gives the count");

  pinion::testing::FakeHost second;
  second.failNext("bus.offer", PINION_E_BUSY);
  pinion::testing::LoadedPlugin refused(second, pinion_plugin_entry_v1);
  expect(!refused.start(), "a start that cannot have its address fails");

  expect(fake.misuse().empty() && second.misuse().empty(), "no rule of the ABI is broken");
  return 0;
}
