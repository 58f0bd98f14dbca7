#include "http/shares.hpp"

#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>
#include <mutex>
#include <vector>

using namespace pinion::core;
using namespace pinion::core::http;
using pinion::core::testing::Signal;

TEST_CASE("one server's long transfers leave threads to the others, and wait in their order") {
  Pool pool("shares", {.min_threads = 0, .max_threads = 4, .queue = 8});
  Shares shares(pool, 1, 4);
  Signal begun, go_on, other, done;
  std::mutex mutex;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i)
    REQUIRE(shares.post("a", [&, i] {
      {
        const std::lock_guard lock(mutex);
        order.push_back(i);
      }
      begun.set();
      (void)go_on.wait();
      done.set();
    }));
  CHECK_FALSE(shares.post("a", [] {})); // no further one may wait
  REQUIRE(begun.wait());
  REQUIRE(shares.post("b", [&] { other.set(); }));
  CHECK(other.wait());
  CHECK(begun.count() == 1);
  go_on.set();
  REQUIRE(done.wait(5));
  pool.stop();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
  CHECK_FALSE(shares.post("a", [] {}));
}

TEST_CASE("a pool that is full refuses a long transfer, and forgets it") {
  Pool pool("shares", {.min_threads = 0, .max_threads = 1, .queue = 1});
  Shares shares(pool, 8, 8);
  Signal begun, go_on, done;
  REQUIRE(shares.post("a", [&] {
    begun.set();
    (void)go_on.wait();
  }));
  REQUIRE(begun.wait());
  REQUIRE(shares.post("b", [&] { done.set(); }));
  auto held = std::make_shared<int>(0);
  CHECK_FALSE(shares.post("c", [held] {}));
  CHECK(held.use_count() == 1);
  go_on.set();
  CHECK(done.wait());
}
