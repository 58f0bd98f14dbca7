#include "base/ids.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <unordered_set>

using namespace pinion::core;

TEST_CASE("a server id is read from its exact lower-case text and written back the same") {
  const std::string text = "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9";
  const auto id = ServerId::parse(text);
  REQUIRE(id);
  CHECK(id->text() == text);
  CHECK(id->isVersion4());
}

TEST_CASE("text that is no exact server id is refused") {
  const auto *text =
      GENERATE("", "0a1b2c3d", "0A1B2C3D-4E5F-4071-8293-A4B5C6D7E8F9", "0a1b2c3d4e5f40718293a4b5c6d7e8f9",
               "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f", "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f90",
               "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8fg", "0a1b2c3d_4e5f_4071_8293_a4b5c6d7e8f9",
               "0a1b2c3d-4e5f-4071-8293a-4b5c6d7e8f9", "{a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9}");
  CAPTURE(text);
  CHECK_FALSE(ServerId::parse(text));
}

TEST_CASE("an id of another UUID version is an id, but not version 4") {
  const auto *text = GENERATE("0a1b2c3d-4e5f-1071-8293-a4b5c6d7e8f9", "0a1b2c3d-4e5f-4071-c293-a4b5c6d7e8f9",
                              "0a1b2c3d-4e5f-4071-7293-a4b5c6d7e8f9", "00000000-0000-0000-0000-000000000000");
  CAPTURE(text);
  const auto id = ServerId::parse(text);
  REQUIRE(id);
  CHECK_FALSE(id->isVersion4());
}

TEST_CASE("ids sort as their text does and are told apart by a hash set") {
  const auto low = *ServerId::parse("0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9");
  const auto high = *ServerId::parse("fa1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9");
  CHECK(low < high);
  CHECK(low.text() < high.text());
  std::unordered_set<ServerId> set{low, high, low};
  CHECK(set.size() == 2);
}

TEST_CASE("random UUIDs are version 4 and differ from each other") {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto text = randomUuid();
    const auto id = ServerId::parse(text);
    REQUIRE(id);
    CHECK(id->isVersion4());
    CHECK(seen.insert(text).second);
  }
}
