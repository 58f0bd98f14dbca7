#include "filesystem/unplaced.hpp"

#include "filesystem/ground_for_tests.hpp"

using namespace pinion::core;
using namespace pinion::core::testing;

TEST_CASE("a file without a name is known until it is closed or placed") {
  const Ground ground(OpenatMode::automatic);
  Unplaced unplaced;
  CHECK_FALSE(unplaced.look());
  auto one = ground.tree->openUnnamed("");
  auto two = ground.tree->openUnnamed("");
  REQUIRE(one);
  REQUIRE(two);
  unplaced.add(one->get());
  unplaced.add(two->get());
  CHECK(unplaced.look());
  one->reset();
  CHECK(unplaced.look());
  REQUIRE(ground.tree->place(two->get(), "placed", nullptr));
  CHECK(unplaced.any()); // until somebody looks: what was there meanwhile counts
  CHECK_FALSE(unplaced.look());
  CHECK_FALSE(unplaced.any());
}

TEST_CASE("another file under the number of a closed descriptor is not taken for the one that was there") {
  const Ground ground(OpenatMode::automatic);
  ground.file("other", "x");
  Unplaced unplaced;
  auto file = ground.tree->openUnnamed("");
  REQUIRE(file);
  unplaced.add(file->get());
  const auto other = ground.tree->openFile("other", O_RDONLY);
  REQUIRE(other);
  REQUIRE(::dup2(other->get(), file->get()) == file->get());
  CHECK_FALSE(unplaced.look());
  unplaced.add(-1); // nothing at all
  CHECK_FALSE(unplaced.any());
}
