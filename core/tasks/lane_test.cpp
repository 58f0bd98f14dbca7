#include "tasks/pool.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <vector>

using namespace pinion::core;
using namespace std::chrono_literals;
using testing::Signal;

namespace {

struct Bench {
  Pool pool{"lane", {2, 4, 100}};
  Lane lane{pool, "power"};

  void settle() {
    Signal done;
    REQUIRE(lane.post([&] { done.set(); }));
    REQUIRE(done.wait());
  }
};

} // namespace

TEST_CASE("the jobs of a lane run one after another, in order") {
  Bench bench;
  std::vector<int> order; // no lock: the lane is one
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  for (int i = 0; i < 2000; ++i)
    bench.lane.post([&, i] {
      if (++inside != 1) overlapped = true;
      order.push_back(i);
      --inside;
    });
  bench.settle();
  CHECK_FALSE(overlapped);
  REQUIRE(order.size() == 2000);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(bench.lane.name() == "power");
}

TEST_CASE("two lanes run beside each other") {
  Pool pool("lane", {2, 2, 100});
  Lane one(pool, "one"), two(pool, "two");
  Signal met;
  testing::Elsewhere elsewhere;
  const auto meet = [&] {
    met.set();
    elsewhere.check(met.wait(2));
  };
  Signal done;
  one.post([&] {
    meet();
    done.set();
  });
  two.post([&] {
    meet();
    done.set();
  });
  CHECK(done.wait(2));
  CHECK(elsewhere.failed() == 0);
}

TEST_CASE("a long queue of one lane lets another lane through on a pool of one thread") {
  Pool pool("lane", {1, 1, 100});
  Lane busy(pool, "busy"), quick(pool, "quick");
  std::promise<void> go;
  Signal started, quick_ran, all;
  busy.post([&, released = go.get_future().share()] {
    started.set();
    released.wait();
  });
  REQUIRE(started.wait());
  std::atomic<int> left_when_quick_ran = 0;
  for (int i = 0; i < 5000; ++i) busy.post([&] { all.set(); });
  quick.post([&] {
    left_when_quick_ran = 5000 - all.count();
    quick_ran.set();
  });
  go.set_value();
  REQUIRE(quick_ran.wait());
  CHECK(left_when_quick_ran > 0);
  CHECK(all.wait(5000));
}

TEST_CASE("a lane knows whether the caller runs in it") {
  Bench bench;
  bool inside = false;
  Lane other(bench.pool, "other");
  bool in_other = true;
  bench.lane.post([&] {
    inside = bench.lane.inLane();
    in_other = other.inLane();
  });
  bench.settle();
  CHECK(inside);
  CHECK_FALSE(in_other);
  CHECK_FALSE(bench.lane.inLane());
}

TEST_CASE("pause waits for the running job, and nothing begins until resume") {
  Bench bench;
  Signal started, ran;
  std::promise<void> go;
  std::atomic<bool> finished = false;
  bench.lane.post([&, released = go.get_future().share()] {
    started.set();
    released.wait();
    finished = true;
  });
  bench.lane.post([&] { ran.set(); });
  REQUIRE(started.wait());
  REQUIRE_FALSE(bench.lane.pauseFor(0ms)); // from here on nothing begins; pause() has the running job to wait for
  auto paused = std::async(std::launch::async, [&] {
    bench.lane.pause();
    return finished.load();
  });
  go.set_value();
  CHECK(paused.get());
  CHECK(ran.count() == 0);
  CHECK(bench.lane.queued() == 1);
  bench.lane.post([&] { ran.set(); });
  CHECK(bench.lane.queued() == 2);
  bench.lane.resume();
  CHECK(ran.wait(2));
}

TEST_CASE("pausing with a limit gives up on a job that does not end, and the next one still does not begin") {
  Bench bench;
  Signal started, ran;
  std::promise<void> go;
  bench.lane.post([&, released = go.get_future().share()] {
    started.set();
    released.wait();
  });
  bench.lane.post([&] { ran.set(); });
  REQUIRE(started.wait());
  CHECK_FALSE(bench.lane.pauseFor(1ms));
  go.set_value();
  CHECK(bench.lane.pauseFor(testing::kDeadline));
  CHECK(ran.count() == 0);
  bench.lane.resume();
  CHECK(ran.wait());
}

TEST_CASE("close waits for the running job, drops the rest and refuses from then on") {
  Bench bench;
  Signal started;
  std::promise<void> go;
  std::atomic<int> ran = 0;
  auto witness = std::make_shared<int>(1);
  bench.lane.post([&, released = go.get_future().share()] {
    started.set();
    released.wait();
    ++ran;
  });
  bench.lane.post([&, witness] { ran += 100; });
  REQUIRE(started.wait());
  auto closed = std::async(std::launch::async, [&] {
    bench.lane.close();
    return ran.load();
  });
  while (bench.lane.post([] {})) // until close() has begun; each turn of the wait posts a job that close() drops
    std::this_thread::yield();
  go.set_value();
  CHECK(closed.get() == 1);
  CHECK(witness.use_count() == 1);
  CHECK_FALSE(bench.lane.post([&] { ++ran; }));
  bench.lane.close();
  CHECK(ran == 1);
}

TEST_CASE("a job may close its own lane") {
  Bench bench;
  Signal done;
  std::atomic<bool> ran_after = false;
  bench.lane.post([&] {
    bench.lane.post([&] { ran_after = true; });
    bench.lane.close();
    done.set();
  });
  REQUIRE(done.wait());
  bench.pool.stop();
  CHECK_FALSE(ran_after);
}

TEST_CASE("a paused lane can be closed") {
  Bench bench;
  bench.lane.pause();
  bench.lane.post([] {});
  bench.lane.close();
  bench.lane.resume();
  CHECK(bench.lane.queued() == 0);
}

TEST_CASE("what a dropped job captured may post to the lane while it goes") {
  Bench bench;
  struct Poster {
    Lane &lane;
    bool &refused;
    ~Poster() {
      refused = !lane.post([] {});
    }
  };
  bool refused = false;
  bench.lane.pause();
  std::shared_ptr<Poster> poster(new Poster{bench.lane, refused});
  bench.lane.post([poster] {});
  poster.reset();
  bench.lane.close();
  CHECK(refused);
}

TEST_CASE("a lane whose pool has stopped refuses") {
  Pool pool("lane", {1, 1, 10});
  Lane lane(pool, "late");
  pool.stop();
  CHECK_FALSE(lane.post([] {}));
}

TEST_CASE("only a job that takes longer than the limit is reported") {
  Bench bench;
  std::vector<std::chrono::milliseconds> above, below;
  bench.lane.onSlow(0ms, [&](std::chrono::milliseconds took) { above.push_back(took); });
  bench.lane.post([] {
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < 2ms) {
    }
  });
  bench.settle();
  // The settling job may be a slow one too, when the machine is busy: with pause() its report is over.
  bench.lane.pause();
  REQUIRE_FALSE(above.empty());
  CHECK(above[0] >= 2ms);
  bench.lane.onSlow(1h, [&](std::chrono::milliseconds took) { below.push_back(took); });
  bench.lane.resume();
  bench.lane.post([] {});
  bench.settle();
  bench.lane.pause();
  CHECK(below.empty());
}
