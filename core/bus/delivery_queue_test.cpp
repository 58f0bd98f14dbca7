// What a subscription keeps, loses and is told while its lane does not run, and events that their publisher bounds.
#include "bus/bench_for_tests.hpp"

#include <atomic>

using namespace pinion::core;
using namespace std::chrono_literals;
using testing::Bench;
using testing::Heard;
using testing::kOne;
using testing::kTwo;

TEST_CASE("dropping and replacing keeps the publish order of what is left") {
  Bench bench;
  Heard heard;
  bench.listen("log", heard, Policy::dropOldest, 2);
  bench.listen("stats", heard, Policy::latest);
  bench.listen("fact", heard);
  bench.lane.pause();
  bench.bus.publish("stats", kOne, "1");
  bench.bus.publish("log", "", "1");
  bench.bus.publish("fact", "", "1");
  bench.bus.publish("log", "", "2");
  bench.bus.publish("stats", kOne, "2");
  bench.bus.publish("log", "", "3");
  bench.bus.publish("fact", "", "2");
  bench.lane.resume();
  bench.settle(bench.lane);
  CHECK(heard == Heard{"fact:1", "log:2!gap", "stats:2", "log:3", "fact:2"});
}

TEST_CASE("a subscription for all events that runs over is ended, told so, and nobody else notices") {
  Bench bench;
  Heard small, large;
  const auto id = bench.listen("t", small, Policy::all, 3);
  bench.listen("t", large);
  bench.lane.pause();
  for (int i = 0; i < 6; ++i) bench.bus.publish("t", "", std::to_string(i));
  bench.lane.resume();
  bench.settle(bench.lane);
  bench.bus.publish("t", "", "later");
  bench.settle(bench.lane);
  CHECK(small == Heard{"t:0", "t:1", "t:2", "ended"});
  CHECK(large.size() == 7);
  CHECK_FALSE(bench.bus.cancel(id));
}

TEST_CASE("of figures only the newest of each topic and server is kept") {
  Bench bench;
  Heard heard;
  bench.listen("stat*", heard, Policy::latest);
  bench.lane.pause();
  for (int i = 0; i < 5000; ++i) {
    bench.bus.publish("stats", kOne, std::to_string(i));
    bench.bus.publish("stats", kTwo, std::to_string(i));
  }
  bench.bus.publish("status", kOne, "running");
  CHECK(bench.lane.queued() <= 4);
  bench.lane.resume();
  bench.settle(bench.lane);
  CHECK(heard == Heard{"stats:4999", "stats:4999", "status:running"});
}

TEST_CASE("figures of more servers than there is room for push out the oldest") {
  Bench bench;
  Heard heard;
  bench.listen("*", heard, Policy::latest, 2);
  bench.lane.pause();
  for (const char *topic : {"a", "b", "c"}) bench.bus.publish(topic, "", "1");
  bench.lane.resume();
  bench.settle(bench.lane);
  CHECK(heard == Heard{"b:1", "c:1"});
}

TEST_CASE("a console subscription loses its oldest lines and says where") {
  Bench bench;
  Heard heard;
  bench.listen("line", heard, Policy::dropOldest, 3);
  bench.lane.pause();
  for (int i = 0; i < 10000; ++i) bench.bus.publish("line", kOne, std::to_string(i));
  CHECK(bench.lane.queued() == 3); // constant memory, however long nobody reads
  bench.lane.resume();
  bench.settle(bench.lane);
  bench.bus.publish("line", kOne, "next");
  bench.settle(bench.lane);
  CHECK(heard == Heard{"line:9997!gap", "line:9998", "line:9999", "line:next"});
}

TEST_CASE("an event that its publisher bounds is never dropped and takes no room") {
  Bench bench;
  const auto policy = GENERATE(Policy::all, Policy::latest, Policy::dropOldest);
  Heard heard;
  bench.listen("line", heard, policy, 2);
  bench.lane.pause();
  std::atomic<int> released = 0;
  for (int i = 0; i < 50; ++i) bench.bus.publish("line", kOne, std::to_string(i), true, [&] { ++released; });
  bench.bus.publish("line", kOne, "own");
  CHECK(released == 0);
  bench.lane.resume();
  bench.settle(bench.lane);
  REQUIRE(heard.size() == 51);
  CHECK(heard.front() == "line:0");
  CHECK(heard.back() == "line:own");
  CHECK(released == 50);
}

TEST_CASE("a bounded event is released at once when nobody listens, and when who listened is cancelled") {
  Bench bench;
  std::atomic<int> released = 0;
  bench.bus.publish("line", kOne, "x", true, [&] { ++released; });
  CHECK(released == 1);
  Heard heard;
  const auto first = bench.listen("line", heard);
  const auto second = bench.listen("line", heard);
  bench.lane.pause();
  bench.bus.publish("line", kOne, "x", true, [&] { ++released; });
  CHECK(bench.bus.cancel(first));
  CHECK(released == 1);
  CHECK(bench.bus.cancel(second));
  CHECK(released == 2);
  bench.lane.resume();
  bench.settle(bench.lane);
  CHECK(heard.empty());
}

TEST_CASE("releasing an event may publish the next one") {
  Bench bench;
  Heard heard;
  bench.listen("line", heard);
  bench.bus.publish("line", kOne, "1", true, [&] { bench.bus.publish("line", kOne, "2"); });
  bench.settle(bench.lane);
  bench.settle(bench.lane);
  CHECK(heard == Heard{"line:1", "line:2"});
}

TEST_CASE("a bounded event whose listener's lane is closed is released") {
  Bench bench;
  Heard heard;
  bench.listen("line", heard);
  bench.lane.close();
  std::atomic<int> released = 0;
  bench.bus.publish("line", kOne, "1", true, [&] { ++released; });
  CHECK(released == 1);
}

TEST_CASE("what waits for a lane that is closed is freed with it") {
  Bench bench;
  Heard heard;
  bench.listen("line", heard);
  std::atomic<int> released = 0;
  auto witness = std::make_shared<int>(1);
  bench.lane.pause();
  for (int i = 0; i < 3; ++i) bench.bus.publish("line", kOne, "1", true, [&] { ++released; });
  bench.bus.call(bench.lane, "no/where", std::make_unique<Event>(), 1h, [witness](const Result<std::string> &) {});
  CHECK(released == 0);
  CHECK(witness.use_count() == 2);
  bench.lane.close();
  CHECK(released == 3);
  CHECK(witness.use_count() == 1);
  CHECK(heard.empty());
}
