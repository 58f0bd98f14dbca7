#include "tasks/loop.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cstdlib>
#include <string>

using namespace pinion::core;
using namespace std::chrono_literals;
using testing::Signal;

namespace {

// Runs `f` on the loop's thread and waits for it.
template <typename F> void onLoop(Loop &loop, F f) {
  Signal done;
  REQUIRE(loop.post([&] {
    f();
    done.set();
  }));
  REQUIRE(done.wait());
}

void raise(int fd) {
  const std::uint64_t one = 1;
  if (::write(fd, &one, sizeof one) != sizeof one) std::abort(); // on any thread, so no REQUIRE
}

UniqueFd counter() { return UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

} // namespace

TEST_CASE("posted work runs on the loop's own named thread, in order") {
  Loop loop;
  loop.start("io-test");
  std::vector<int> order;
  std::string name(16, '\0');
  bool inside = false;
  for (int i = 0; i < 100; ++i) loop.post([&, i] { order.push_back(i); });
  onLoop(loop, [&] {
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    inside = loop.inLoop();
  });
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(std::string(name.c_str()) == "io-test");
  CHECK(inside);
  CHECK_FALSE(loop.inLoop());
}

TEST_CASE("stop runs what was posted before and refuses what comes after") {
  Loop loop;
  loop.start("io-test");
  int ran = 0;
  for (int i = 0; i < 1000; ++i) loop.post([&] { ++ran; });
  loop.stop();
  CHECK(ran == 1000);
  CHECK_FALSE(loop.post([&] { ++ran; }));
  CHECK(loop.after(0ms, [] {}) == 0);
  loop.stop();
  CHECK(ran == 1000);
}

TEST_CASE("a loop that was never started can be stopped, and frees what was posted") {
  auto witness = std::make_shared<int>(1);
  Loop loop;
  loop.post([witness] {});
  loop.after(1h, [witness] {});
  loop.stop();
  CHECK(witness.use_count() == 1);
}

TEST_CASE("a job may stop its own loop") {
  Loop loop;
  loop.start("io-test");
  Signal ran;
  loop.post([&] {
    loop.stop();
    ran.set();
  });
  CHECK(ran.wait());
}

TEST_CASE("a descriptor that is ready calls back until it is removed") {
  Loop loop;
  loop.start("io-test");
  const auto fd = counter();
  Signal ready;
  testing::Elsewhere elsewhere;
  onLoop(loop, [&] {
    loop.add(fd.get(), EPOLLIN, [&](std::uint32_t events) {
      elsewhere.check((events & EPOLLIN) != 0);
      std::uint64_t value = 0;
      elsewhere.check(::read(fd.get(), &value, sizeof value) == sizeof value);
      ready.set();
    });
  });
  raise(fd.get());
  REQUIRE(ready.wait(1));
  raise(fd.get());
  REQUIRE(ready.wait(2));
  onLoop(loop, [&] { loop.remove(fd.get()); });
  raise(fd.get());
  onLoop(loop, [] {});
  CHECK(ready.count() == 2);
  CHECK(elsewhere.failed() == 0);
}

TEST_CASE("a callback may remove its own descriptor, and one that is ready in the same turn") {
  Loop loop;
  loop.start("io-test");
  const auto first = counter();
  const auto second = counter();
  Signal calls;
  onLoop(loop, [&] {
    const auto both = [&](std::uint32_t) {
      loop.remove(first.get());
      loop.remove(second.get());
      calls.set();
    };
    loop.add(first.get(), EPOLLIN, both);
    loop.add(second.get(), EPOLLIN, both);
    raise(first.get());
    raise(second.get());
  });
  REQUIRE(calls.wait());
  onLoop(loop, [] {});
  CHECK(calls.count() == 1);
}

TEST_CASE("an event of a removed descriptor does not reach the next owner of its number") {
  Loop loop;
  loop.start("io-test");
  const auto first = counter();
  const auto second = counter();
  Signal calls;
  int wrong = 0;
  onLoop(loop, [&] {
    // Whichever is called first replaces the other: the other's event of this turn is then stale.
    const auto replace = [&](int other) {
      loop.remove(other);
      std::uint64_t value = 0;
      [[maybe_unused]] const auto got = ::read(other, &value, sizeof value);
      loop.add(other, EPOLLIN, [&](std::uint32_t) { ++wrong; });
      calls.set();
    };
    loop.add(first.get(), EPOLLIN, [&, replace](std::uint32_t) {
      loop.modify(first.get(), 0);
      replace(second.get());
    });
    loop.add(second.get(), EPOLLIN, [&, replace](std::uint32_t) {
      loop.modify(second.get(), 0);
      replace(first.get());
    });
    raise(first.get());
    raise(second.get());
  });
  REQUIRE(calls.wait());
  onLoop(loop, [] {});
  onLoop(loop, [] {});
  CHECK(calls.count() == 1);
  CHECK(wrong == 0);
}

TEST_CASE("what a descriptor is watched for can be changed") {
  Loop loop;
  loop.start("io-test");
  const auto fd = counter();
  Signal ready;
  onLoop(loop, [&] {
    loop.add(fd.get(), 0, [&](std::uint32_t) {
      loop.modify(fd.get(), 0);
      ready.set();
    });
  });
  raise(fd.get());
  onLoop(loop, [] {});
  CHECK(ready.count() == 0);
  onLoop(loop, [&] { loop.modify(fd.get(), EPOLLIN); });
  CHECK(ready.wait());
}

TEST_CASE("a descriptor that cannot be watched is refused with an exception") {
  Loop loop;
  CHECK_THROWS_AS(loop.add(-1, EPOLLIN, [](std::uint32_t) {}), std::system_error);
}

TEST_CASE("timers fire in the order of their times, those of one time in the order they were made") {
  bool made_in_time = false; // else the last one made may rightly be due after the first
  while (!made_in_time) {
    Loop loop;
    std::vector<int> order;
    Signal done;
    const auto begin = Clock::now();
    loop.after(20ms, [&] {
      order.push_back(4);
      done.set();
    });
    loop.after(0ms, [&] { order.push_back(1); });
    loop.after(1ms, [&] { order.push_back(2); });
    loop.after(1ms, [&] { order.push_back(3); });
    made_in_time = Clock::now() - begin < 19ms;
    loop.start("io-test");
    REQUIRE(done.wait());
    loop.stop();
    if (made_in_time) CHECK(order == std::vector<int>{1, 2, 3, 4});
  }
}

TEST_CASE("a timer never fires before its time") {
  Loop loop;
  loop.start("io-test");
  Signal done;
  const auto begin = Clock::now();
  Clock::time_point fired;
  loop.after(15ms, [&] {
    fired = Clock::now();
    done.set();
  });
  REQUIRE(done.wait());
  CHECK(fired - begin >= 15ms);
}

TEST_CASE("a periodic timer fires until it cancels itself") {
  Loop loop;
  loop.start("io-test");
  Signal ticks;
  std::atomic<Loop::TimerId> id = 0;
  auto witness = std::make_shared<int>(1);
  onLoop(loop, [&] {
    id = loop.after(
        1ms,
        [&, witness] {
          ticks.set();
          if (ticks.count() == 3) loop.cancel(id);
        },
        1ms);
  });
  REQUIRE(ticks.wait(3));
  onLoop(loop, [] {});
  CHECK(witness.use_count() == 1);
  Signal later;
  loop.after(10ms, [&] { later.set(); });
  REQUIRE(later.wait());
  CHECK(ticks.count() == 3);
}

TEST_CASE("a timer that is cancelled on the loop's thread does not fire, even when it was due") {
  Loop loop;
  Signal done;
  bool fired = false;
  Loop::TimerId victim = 0;
  loop.after(0ms, [&] { loop.cancel(victim); });
  victim = loop.after(0ms, [&] { fired = true; });
  loop.after(1ms, [&] { done.set(); });
  loop.start("io-test");
  REQUIRE(done.wait());
  CHECK_FALSE(fired);
  loop.cancel(victim);
  loop.cancel(12345);
}

TEST_CASE("timers and work from many threads all arrive") {
  Loop loop;
  loop.start("io-test");
  Signal arrived;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) {
        loop.post([&] { arrived.set(); });
        loop.after(std::chrono::microseconds(i), [&] { arrived.set(); });
      }
    });
  for (auto &thread : threads) thread.join();
  CHECK(arrived.wait(2000));
}

TEST_CASE("a group of loops hands them out in turn") {
  LoopGroup group(3);
  REQUIRE(group.size() == 3);
  Loop &first = group.next();
  Loop &second = group.next();
  Loop &third = group.next();
  CHECK(&first == &group.first());
  CHECK(&second == &group.at(1));
  CHECK(&third == &group.at(2));
  CHECK(&group.next() == &first);
  group.start();
  onLoop(second, [] {});
  group.stop();
  CHECK_FALSE(third.post([] {}));
}

TEST_CASE("a group without a size has a loop a core, four at most") {
  const LoopGroup group;
  CHECK(group.size() >= 1);
  CHECK(group.size() <= 4);
}
