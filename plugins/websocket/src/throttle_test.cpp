#include "throttle.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace pinion::websocket;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Takes as often as it can at that time.
int takeAll(Bucket &bucket, const Bucket::Rate &rate, std::int64_t now) {
  int count = 0;
  while (count < 1000 && bucket.take(rate, now)) ++count;
  return count;
}

} // namespace

TEST_CASE("a bucket gives its burst at once and refills steadily") {
  const Bucket::Rate rate{kSecond, 4};
  Bucket bucket;
  CHECK(takeAll(bucket, rate, 0) == 4);
  CHECK(takeAll(bucket, rate, kSecond - 1) == 0);
  CHECK(takeAll(bucket, rate, kSecond) == 1);
  CHECK(takeAll(bucket, rate, 2 * kSecond + kSecond / 2) == 1);
  CHECK(takeAll(bucket, rate, 3 * kSecond) == 1); // the half second before was kept
  CHECK(takeAll(bucket, rate, 100 * kSecond) == 4);
}

TEST_CASE("a bucket tells how long it stays empty") {
  constexpr Bucket::Rate rate{200, 2};
  Bucket bucket;
  CHECK(bucket.wait(rate, 0) == 0);
  CHECK(bucket.take(rate, 0));
  CHECK(bucket.take(rate, 0));
  CHECK(bucket.wait(rate, 0) == 200);
  CHECK(bucket.wait(rate, 150) == 50);
  CHECK_FALSE(bucket.take(rate, 199));
  CHECK(bucket.wait(rate, 200) == 0);
  CHECK(bucket.take(rate, 200));
}

TEST_CASE("an attempt that fails costs nothing") {
  const Bucket::Rate rate{kSecond, 1};
  Bucket bucket;
  CHECK(bucket.take(rate, 5));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(bucket.take(rate, 6 + i));
  CHECK(bucket.take(rate, kSecond + 5));
}

TEST_CASE("a clock that begins below zero is as good as any") {
  Bucket bucket;
  CHECK(takeAll(bucket, {kSecond, 3}, -1000 * kSecond) == 3);
}

TEST_CASE("frames come ten at once and five a second") {
  Throttle throttle;
  for (int i = 0; i < 10; ++i) CHECK(throttle.frame(0) == Verdict::pass);
  CHECK(throttle.frame(0) == Verdict::announce);
  CHECK(throttle.frame(1) == Verdict::drop);
  int passed = 0;
  for (int ms = 1; ms <= 1000; ++ms) passed += throttle.frame(ms * kSecond / 1000) == Verdict::pass ? 1 : 0;
  CHECK(passed == 5);
}

TEST_CASE("the notice for all frames is given again after one was accepted") {
  Throttle throttle;
  for (int i = 0; i < 10; ++i) CHECK(throttle.frame(0) == Verdict::pass);
  CHECK(throttle.frame(0) == Verdict::announce);
  CHECK(throttle.frame(kSecond / 5) == Verdict::pass);
  CHECK(throttle.frame(kSecond / 5) == Verdict::announce);
  CHECK(throttle.frame(kSecond / 5) == Verdict::drop);
}

TEST_CASE("each event has a burst of its own") {
  const auto [name, burst] = GENERATE(table<std::string, int>({{"auth", 2},
                                                               {"send logs", 2},
                                                               {"send command", 10},
                                                               {"send stats", 4},
                                                               {"set state", 4},
                                                               {"whatever", 4},
                                                               {"", 4}}));
  Throttle throttle;
  for (int i = 0; i < burst; ++i) CHECK(throttle.event(name, 0) == Verdict::pass);
  CHECK(throttle.event(name, 0) == Verdict::announce);
  CHECK(throttle.event(name, 0) == Verdict::drop);
}

TEST_CASE("events refill each at its rate") {
  Throttle throttle;
  while (throttle.event("auth", 0) == Verdict::pass) {
  }
  while (throttle.event("send command", 0) == Verdict::pass) {
  }
  CHECK(throttle.event("auth", 5 * kSecond - 1) == Verdict::drop);
  CHECK(throttle.event("auth", 5 * kSecond) == Verdict::pass);
  CHECK(throttle.event("send command", kSecond) == Verdict::pass);
  CHECK(throttle.event("send command", kSecond) == Verdict::announce);
}

TEST_CASE("all other names share one bucket, and each is told once by its own name") {
  Throttle throttle;
  for (const auto *name : {"send stats", "set state", "x", "y"}) CHECK(throttle.event(name, 0) == Verdict::pass);
  for (const auto *name : {"send stats", "set state", "x"}) {
    CHECK(throttle.event(name, 0) == Verdict::announce);
    CHECK(throttle.event(name, 0) == Verdict::drop);
  }
  CHECK(throttle.event("auth", 0) == Verdict::pass);
}

TEST_CASE("an event that is accepted again is announced again") {
  for (const std::string name : {"send stats", "something else"}) {
    Throttle throttle;
    while (throttle.event(name, 0) == Verdict::pass) {
    }
    CHECK(throttle.event(name, kSecond) == Verdict::pass);
    CHECK(throttle.event(name, kSecond) == Verdict::announce);
  }
}
