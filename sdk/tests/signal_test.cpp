// A signal, and those who wait for it.
#include "scripted_for_tests.hpp"

using namespace pinion;
using namespace pinion::testing;

TEST_CASE("a signal wakes all who wait, in order, and the others after their time") {
  Stage stage;
  stage.start();
  const auto wait = [&stage](std::string name, uint32_t ms) {
    stage.fake.onLane([&] {
      Scripted &it = *stage.plugin.operator->();
      it.host.spawn([&it, name, ms]() -> Task<> {
        const bool notified = co_await it.signal.wait(it.host, ms);
        it.note(name + (notified ? " notified" : " timed out"));
      });
    });
  };
  wait("a", 1000);
  wait("b", 50);
  wait("c", 1000);
  stage.fake.advance(50);
  stage.fake.onLane([&] { stage.plugin->signal.notify(); });
  CHECK(stage.plugin->notes == Notes{"b timed out", "a notified", "c notified"});
  CHECK(stage.fake.timers() == 0);
  stage.fake.onLane([&] { stage.plugin->signal.notify(); });
  CHECK(stage.plugin->notes.size() == 3);
}

TEST_CASE("a signal that goes before its waiters leaves them to their time") {
  Stage stage;
  stage.start();
  auto signal = std::make_unique<Signal>();
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    it.host.spawn([&it, &signal]() -> Task<> {
      const bool notified = co_await signal->wait(it.host, 50);
      it.note(notified ? "notified" : "timed out");
    });
  });
  signal.reset();
  stage.fake.advance(50);
  CHECK(stage.plugin->notes == Notes{"timed out"});
}
