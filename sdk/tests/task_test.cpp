// Coroutines: tasks that await tasks, how they begin, and work on the pool.
#include "scripted_for_tests.hpp"

using namespace pinion;
using namespace pinion::testing;

namespace {
Task<Result<void>> nothing() { co_return {}; }
Task<int> throwing(Host host) {
  co_await host.sleep(10);
  throw std::runtime_error("from below");
}
} // namespace

TEST_CASE("tasks await tasks, and what one throws reaches the one that awaits it") {
  Stage stage;
  stage.start();
  stage.spawn([&]() -> Task<> {
    return [](Scripted &it) -> Task<> {
      it.note(std::to_string(co_await twice(it.host, 21)));
      it.note(co_await nothing() ? "fine" : "failed");
      try {
        co_await throwing(it.host);
      } catch (const std::exception &e) {
        it.note(e.what());
      }
      co_await throwing(it.host);
    }(*stage.plugin.operator->());
  });
  stage.fake.advance(100);
  CHECK(stage.plugin->notes == Notes{"42", "fine", "from below"});
  CHECK(stage.logged("from below"));
}

TEST_CASE("a spawned lambda keeps its captures as long as its frame") {
  Stage stage;
  stage.start();
  int gone = 0;
  {
    auto text = std::make_shared<std::string>("captured");
    stage.fake.onLane([&] {
      Scripted &it = *stage.plugin.operator->();
      const auto witness = std::make_shared<Witness>(gone);
      it.host.spawn([&it, text, witness]() -> Task<> {
        co_await it.host.sleep(10);
        it.note(*text);
      });
    });
  }
  CHECK(gone == 0);
  stage.fake.advance(10);
  CHECK(stage.plugin->notes == Notes{"captured"});
  CHECK(gone == 1);
}

TEST_CASE("a coroutine spawned off the lane begins on the lane") {
  Stage stage([](Scripted &it) -> Result<void> {
    it.host.spawn([&it]() -> Task<> {
      it.note("began");
      co_return;
    });
    it.note("start is over");
    return {};
  });
  stage.start();
  CHECK(stage.plugin->notes == Notes{"start is over"});
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"start is over", "began"});
}

TEST_CASE("a coroutine that cannot be started or cannot sleep leaves a log line") {
  Stage stage;
  stage.start();
  int gone = 0;
  stage.fake.failNext("timers.after", PINION_E_BUSY);
  stage.plugin->host.spawn([witness = std::make_shared<Witness>(gone)]() -> Task<> { co_return; });
  CHECK(gone == 1);
  CHECK(stage.fake.logs.back().message == "a coroutine could not be started");
  stage.fake.onLane([&] {
    stage.plugin->host.spawn([&stage, host = stage.plugin->host]() -> Task<> {
      stage.fake.failNext("timers.after", PINION_E_BUSY);
      for (;;) co_await host.sleep(10); // would spin for ever if a failure were taken for a sleep
    });
  });
  CHECK(stage.logged("cannot sleep: timers.after: the test let it fail"));
}

TEST_CASE("work runs on the pool and its value, its failure and its refusal come back to the lane") {
  Stage stage;
  stage.start();
  stage.fake.setWork(testing::Work::held);
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    it.host.spawn([&it]() -> Task<> {
      it.note(co_await it.host.run([] { return std::string("value"); }));
      const auto result = co_await it.host.run([]() -> Result<int> { return Error{PINION_E_IO, "disk"}; });
      it.note(result.error().text);
      int done = 0;
      co_await it.host.run([&done] { done = 1; });
      it.note(std::to_string(done));
      co_await it.host.run([]() -> int { throw std::runtime_error("work threw"); });
    });
  });
  CHECK(stage.fake.workWaiting() == 1);
  CHECK(stage.plugin->notes.empty());
  for (int i = 0; i < 4; ++i) stage.fake.runWork();
  CHECK(stage.plugin->notes == Notes{"value", "disk", "1"});
  CHECK(stage.logged("work threw"));
  stage.fake.onLane([&] {
    stage.fake.failNext("tasks.run", PINION_E_BUSY);
    stage.plugin->host.spawn([host = stage.plugin->host]() -> Task<> { co_await host.run([] { return 1; }); });
  });
  CHECK(stage.logged("tasks.run: the test let it fail"));
}
