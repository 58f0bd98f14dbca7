// A bus with two lanes on a pool. Only for *_test.cpp files.
#pragma once

#include "bus/bus.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

namespace pinion::core::testing {

struct BusBench {
  Loop loop;
  Pool pool{"lane", {2, 4, 100}};
  Lane first{pool, "first"};
  Lane second{pool, "second"};
  Bus bus{loop};

  BusBench() { loop.start("io-test"); }
  // Everything that was posted to the lane before has run.
  void settle(Lane &which) {
    Signal done;
    REQUIRE(which.post([&] { done.set(); }));
    REQUIRE(done.wait());
  }
};

} // namespace pinion::core::testing
