// Who hears what, in which order, and until when.
#include "base/ids.hpp"
#include "bus/bench_for_tests.hpp"

#include <atomic>
#include <future>
#include <thread>

using namespace pinion::core;
using namespace std::chrono_literals;
using testing::Bench;
using testing::Heard;
using testing::kOne;
using testing::kTwo;
using testing::Signal;

TEST_CASE("an event reaches those who listen to its topic, with all that belongs to it") {
  Bench bench;
  EventPtr got;
  REQUIRE(bench.bus.subscribe(bench.lane, "status", Policy::all, [&](const Delivery &d) { got = d.event; }));
  bench.bus.publish("other", kOne, "no");
  bench.bus.publish("status", kOne, "running", true);
  bench.settle(bench.lane);
  REQUIRE(got);
  CHECK(got->topic == "status");
  CHECK(got->server == kOne);
  CHECK(got->source == "core");
  CHECK(got->payload == "running");
  CHECK(got->raw);
  CHECK(got->seq > 0);
  CHECK(got->time_ms > 1500000000000);
}

TEST_CASE("all who hear an event share one copy") {
  Bench bench;
  std::vector<const Event *> seen;
  for (int i = 0; i < 3; ++i)
    REQUIRE(
        bench.bus.subscribe(bench.lane, "t", Policy::all, [&](const Delivery &d) { seen.push_back(d.event.get()); }));
  bench.bus.publish("t", "", "1");
  bench.settle(bench.lane);
  REQUIRE(seen.size() == 3);
  CHECK(seen[0] == seen[1]);
  CHECK(seen[1] == seen[2]);
}

TEST_CASE("a pattern chooses by topic, beginning of a topic, and server") {
  Bench bench;
  Heard exact, prefix, any, exact_one, prefix_one, any_one;
  bench.listen("install output", exact);
  bench.listen("install*", prefix);
  bench.listen("*", any);
  bench.listen(("install output@" + kOne).c_str(), exact_one);
  bench.listen(("install*@" + kOne).c_str(), prefix_one);
  bench.listen(("*@" + kOne).c_str(), any_one);
  bench.bus.publish("install output", kOne, "1");
  bench.bus.publish("install output", kTwo, "2");
  bench.bus.publish("install output", "", "3");
  bench.bus.publish("install started", kOne, "4");
  bench.bus.publish("status", kOne, "5");
  bench.settle(bench.lane);
  CHECK(exact == Heard{"install output:1", "install output:2", "install output:3"});
  CHECK(prefix == Heard{"install output:1", "install output:2", "install output:3", "install started:4"});
  CHECK(any.size() == 5);
  CHECK(exact_one == Heard{"install output:1"});
  CHECK(prefix_one == Heard{"install output:1", "install started:4"});
  CHECK(any_one == Heard{"install output:1", "install started:4", "status:5"});
}

TEST_CASE("a malformed pattern is refused with a sentence") {
  Bench bench;
  const auto refusal = [&](std::string pattern) {
    const auto id = bench.bus.subscribe(bench.lane, pattern, Policy::all, [](const Delivery &) {});
    REQUIRE_FALSE(id);
    CHECK(id.error().code == Code::invalid);
    return id.error().text;
  };
  CHECK(refusal("") == "pattern \"\": it names no topic; * means every topic");
  CHECK(refusal("@" + kOne) == "pattern \"@" + kOne + "\": it names no topic; * means every topic");
  CHECK(refusal("t@me") == "pattern \"t@me\": what follows @ is no lower-case server UUID");
  CHECK(refusal("t*x") == "pattern \"t*x\": a * may only stand at its end");
  CHECK(refusal("**") == "pattern \"**\": a * may only stand at its end");
  CHECK(refusal("a@b@" + kOne) == "pattern \"a@b@" + kOne + "\": a topic holds no @");
  CHECK(refusal("a\nb") == "pattern \"a\\nb\": it holds a control character");
  CHECK(refusal(std::string(300, 'x')).find("longer than 256 bytes") != std::string::npos);
  CHECK_FALSE(bench.bus.subscribe(
      bench.lane, "t", Policy::all, [](const Delivery &) {}, 0));
}

TEST_CASE("the bus tells whether anyone would hear a topic") {
  Bench bench;
  Heard heard;
  CHECK_FALSE(bench.bus.wanted("stats", kOne));
  const auto one = bench.listen(("stats@" + kOne).c_str(), heard);
  CHECK(bench.bus.wanted("stats", kOne));
  CHECK_FALSE(bench.bus.wanted("stats", kTwo));
  CHECK_FALSE(bench.bus.wanted("stats", ""));
  CHECK_FALSE(bench.bus.wanted("status", kOne));
  const auto prefix = bench.listen("con*", heard);
  CHECK(bench.bus.wanted("console output", kTwo));
  const auto any = bench.listen(("*@" + kTwo).c_str(), heard);
  CHECK(bench.bus.wanted("whatever", kTwo));
  for (const auto id : {one, prefix, any}) CHECK(bench.bus.cancel(id));
  CHECK_FALSE(bench.bus.wanted("stats", kOne));
  CHECK_FALSE(bench.bus.wanted("console output", kTwo));
}

TEST_CASE("events come to one lane in publish order, across its subscriptions") {
  Bench bench;
  Heard heard;
  bench.listen("b", heard, Policy::latest);
  bench.listen("a", heard);
  bench.listen(("c@" + kOne).c_str(), heard, Policy::dropOldest);
  bench.lane.pause();
  Heard expected;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    bench.bus.publish("a", kTwo, n);
    bench.bus.publish("c", kOne, n);
    expected.push_back("a:" + n);
    expected.push_back("c:" + n);
  }
  bench.bus.publish("b", "", "last");
  expected.push_back("b:last");
  bench.lane.resume();
  bench.settle(bench.lane);
  CHECK(heard == expected);
}

TEST_CASE("events, calls and answers of one lane keep their order too") {
  Bench bench;
  Heard heard;
  testing::Elsewhere elsewhere;
  bench.listen("t", heard);
  REQUIRE(bench.bus.offer(bench.lane, "me", "me/do", "{}", [&](const EventPtr &e, const CallReply &reply) {
    heard.push_back("call:" + e->payload);
    elsewhere.check(reply.answer(std::string()) == Code::ok);
  }));
  bench.lane.pause();
  Signal answered;
  for (int i = 0; i < 3; ++i) {
    bench.bus.publish("t", "", std::to_string(i));
    auto event = std::make_unique<Event>();
    event->payload = std::to_string(i);
    bench.bus.call(bench.other, "me/do", std::move(event), 20s, [&](const Result<std::string> &r) {
      elsewhere.check(static_cast<bool>(r));
      answered.set();
    });
  }
  bench.lane.resume();
  REQUIRE(answered.wait(3));
  CHECK(elsewhere.failed() == 0);
  CHECK(heard == Heard{"t:0", "call:0", "t:1", "call:1", "t:2", "call:2"});
}

TEST_CASE("a subscription that is cancelled hears nothing more; a running callback is waited for") {
  Bench bench;
  Signal entered;
  std::promise<void> go;
  std::atomic<int> finished = 0;
  testing::Elsewhere elsewhere;
  const auto id =
      bench.bus.subscribe(bench.lane, "t", Policy::all, [&, released = go.get_future().share()](const Delivery &) {
        entered.set();
        released.wait();
        ++finished;
      });
  REQUIRE(id);
  bench.bus.publish("t", "", "1");
  bench.bus.publish("t", "", "2");
  REQUIRE(entered.wait());
  auto cancelled = std::async(std::launch::async, [&] {
    elsewhere.check(bench.bus.cancel(*id));
    return finished.load();
  });
  while (bench.bus.wanted("t", "")) std::this_thread::yield(); // cancel() has begun
  go.set_value();
  CHECK(cancelled.get() == 1);
  bench.settle(bench.lane);
  CHECK(finished == 1);
  CHECK(elsewhere.failed() == 0);
  CHECK_FALSE(bench.bus.cancel(*id));
}

TEST_CASE("a callback may cancel its own subscription and one that has events waiting") {
  Bench bench;
  Heard heard, victim;
  testing::Elsewhere elsewhere;
  const auto victim_id = bench.listen("v", victim);
  Bus::Id own = 0;
  const auto made = bench.bus.subscribe(bench.lane, "t", Policy::all, [&](const Delivery &d) {
    heard.push_back(d.event->payload);
    elsewhere.check(bench.bus.cancel(own));
    elsewhere.check(bench.bus.cancel(victim_id));
  });
  REQUIRE(made);
  own = *made;
  bench.lane.pause();
  bench.bus.publish("t", "", "1");
  bench.bus.publish("v", "", "1");
  bench.bus.publish("t", "", "2");
  bench.lane.resume();
  bench.settle(bench.lane);
  CHECK(heard == Heard{"1"});
  CHECK(victim.empty());
  CHECK(elsewhere.failed() == 0);
}

TEST_CASE("what a subscription captured is freed when it is cancelled") {
  Bench bench;
  auto witness = std::make_shared<int>(1);
  const auto id = bench.bus.subscribe(bench.lane, "t", Policy::all, [witness](const Delivery &) {});
  bench.bus.publish("t", "", "1");
  bench.settle(bench.lane);
  REQUIRE(bench.bus.cancel(*id));
  bench.settle(bench.lane);
  CHECK(witness.use_count() == 1);
}

TEST_CASE("thousands of subscriptions to single servers do not slow a publish down") {
  Bench bench;
  std::vector<std::string> servers;
  for (int i = 0; i < 4000; ++i) servers.push_back(randomUuid());
  std::atomic<int> heard = 0;
  for (const auto &server : servers)
    for (const char *topic : {"status@", "con*@"})
      REQUIRE(bench.bus.subscribe(bench.lane, topic + server, Policy::all, [&](const Delivery &) { ++heard; }));
  // Linear in the subscriptions this would compare 160 million strings; by hash it takes some milliseconds.
  const auto begin = Clock::now();
  for (int i = 0; i < 20000; ++i) CHECK_FALSE(bench.bus.wanted("status", kOne));
  CHECK(Clock::now() - begin < 5s);
  for (const auto &server : servers) bench.bus.publish("status", server, "");
  bench.settle(bench.lane);
  CHECK(heard == 4000);
}

TEST_CASE("many publishers and cancels at once lose nothing that was subscribed before") {
  Bench bench;
  std::atomic<int> heard = 0;
  REQUIRE(bench.bus.subscribe(
      bench.lane, "t", Policy::all, [&](const Delivery &) { ++heard; }, 100000));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) bench.bus.publish("t", kOne, "x");
    });
  threads.emplace_back([&] {
    for (int i = 0; i < 300; ++i) {
      const auto id = bench.bus.subscribe(
          bench.other, "t", Policy::dropOldest, [](const Delivery &) {}, 4);
      bench.bus.cancel(*id);
    }
  });
  for (auto &thread : threads) thread.join();
  bench.settle(bench.lane);
  CHECK(heard == 3000);
}
