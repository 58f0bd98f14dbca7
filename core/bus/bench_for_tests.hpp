// A bus with two lanes on a pool. Only for *_test.cpp files.
#pragma once

#include "bus/bus.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

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

inline const std::string kOne = "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9";
inline const std::string kTwo = "1a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9";

// Listens on its first lane.
struct Bench : BusBench {
  Lane &lane = first, &other = second;

  // Appends "topic:payload" (and "!gap", "ended") of what comes to `heard`, which is the lane's.
  Bus::Id listen(const char *pattern, std::vector<std::string> &heard, Policy policy = Policy::all,
                 std::size_t capacity = 1024) {
    const auto id = bus.subscribe(
        lane, pattern, policy,
        [&heard](const Delivery &d) {
          if (!d.event)
            heard.push_back("ended");
          else
            heard.push_back(d.event->topic + ":" + d.event->payload + (d.gap ? "!gap" : ""));
        },
        capacity);
    REQUIRE(id);
    return *id;
  }
};

using Heard = std::vector<std::string>;

} // namespace pinion::core::testing
