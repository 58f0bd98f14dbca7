#include "servers/disk_use.hpp"

#include <catch2/catch.hpp>

#include <thread>
#include <vector>

using namespace pinion::core;

TEST_CASE("growth up to the limit is counted and beyond it is not") {
  DiskUse use;
  CHECK(use.grow(60, 100));
  CHECK(use.grow(40, 100));
  CHECK_FALSE(use.grow(1, 100));
  CHECK(use.bytes() == 100);
  CHECK(use.grow(-30, 100));
  CHECK(use.grow(30, 100));
  CHECK(use.bytes() == 100);
}

TEST_CASE("no limit is no bound, and nothing fits into a negative one") {
  DiskUse use;
  CHECK(use.grow(INT64_MAX / 2, 0));
  CHECK_FALSE(use.grow(1, -5));
  CHECK(use.grow(-1, -5));
  CHECK(use.grow(0, -5));
}

TEST_CASE("growth that cannot be counted is refused and leaves the figure as it was") {
  DiskUse use;
  REQUIRE(use.grow(10, 0));
  CHECK_FALSE(use.grow(INT64_MAX, 0));
  CHECK_FALSE(use.grow(INT64_MAX, 100));
  CHECK(use.bytes() == 10);
}

TEST_CASE("giving back more than there is ends at nothing") {
  DiskUse use;
  REQUIRE(use.grow(10, 0));
  CHECK(use.grow(-11, 0));
  CHECK(use.bytes() == 0);
  CHECK(use.grow(INT64_MIN, 0));
  CHECK(use.bytes() == 0);
}

TEST_CASE("what is written during a walk is added to what the walk found") {
  DiskUse use;
  REQUIRE(use.grow(5, 0)); // before: the walk sees it
  use.beginWalk();
  REQUIRE(use.grow(7, 0));
  REQUIRE(use.grow(-2, 0));
  CHECK(use.bytes() == 10);
  CHECK_FALSE(use.measured());
  use.endWalk(100);
  CHECK(use.measured());
  CHECK(use.bytes() == 105);
  REQUIRE(use.grow(1, 0));
  use.beginWalk();
  use.endWalk(50);
  CHECK(use.bytes() == 50);
}

TEST_CASE("what goes during a walk never makes the figure negative") {
  DiskUse use;
  REQUIRE(use.grow(100, 0));
  use.beginWalk();
  REQUIRE(use.grow(-100, 0));
  use.endWalk(0);
  CHECK(use.bytes() == 0);
}

TEST_CASE("a walk that cannot see all that was counted raises the figure and never lowers it") {
  DiskUse use;
  REQUIRE(use.grow(100, 0));
  use.beginWalk();
  REQUIRE(use.grow(5, 0));
  use.endWalk(30, false);
  CHECK(use.measured());
  CHECK(use.bytes() == 105);
  use.beginWalk();
  use.endWalk(120, false);
  CHECK(use.bytes() == 120);
}

TEST_CASE("a walk that failed leaves the figure") {
  DiskUse use;
  REQUIRE(use.grow(3, 0));
  use.beginWalk();
  REQUIRE(use.grow(4, 0));
  use.abandonWalk();
  CHECK(use.bytes() == 7);
  CHECK_FALSE(use.measured());
}

TEST_CASE("only what changes the figure is growth") {
  DiskUse use;
  CHECK(use.lastGrowth() == DiskUse::Clock::time_point{});
  CHECK_FALSE(use.grow(2, 1));
  CHECK(use.lastGrowth() == DiskUse::Clock::time_point{});
  CHECK(use.grow(1, 1));
  CHECK(use.lastGrowth() != DiskUse::Clock::time_point{});
}

TEST_CASE("many writers at once never count beyond the limit") {
  constexpr std::int64_t limit = 10'000;
  DiskUse use;
  std::atomic<std::int64_t> granted{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      for (int n = 0; n < 5000; ++n)
        if (use.grow(3, limit)) granted += 3;
    });
  for (auto &writer : writers) writer.join();
  CHECK(granted == limit / 3 * 3);
  CHECK(use.bytes() == granted);
}
