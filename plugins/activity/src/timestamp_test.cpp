#include "timestamp.hpp"

#include <catch2/catch.hpp>

using namespace activity;

TEST_CASE("a time is written in UTC with as much fraction as it has") {
  const std::chrono::system_clock::time_point day(std::chrono::seconds(1710709110));
  CHECK(timestampOf(day) == "2024-03-17T20:58:30Z");
  CHECK(timestampOf(day + std::chrono::nanoseconds(123456789)) == "2024-03-17T20:58:30.123456789Z");
  CHECK(timestampOf(day + std::chrono::milliseconds(20)) == "2024-03-17T20:58:30.02Z");
}

TEST_CASE("times are read as RFC 3339 and as databases write them") {
  for (const char *text :
       {"2024-03-17T20:58:30.5Z", "2024-03-17t20:58:30.50z", "2024-03-17T21:58:30.500+01:00",
        "2024-03-17T15:28:30.5-05:30", "2024-03-17 20:58:30.5+00:00", "2024-03-17 20:58:30.5 +0000 UTC"})
    CHECK(timestampFrom(text) == "2024-03-17T20:58:30.5Z");
  CHECK(timestampFrom("2024-03-17T20:58:30Z") == "2024-03-17T20:58:30Z");
  CHECK(timestampFrom("2024-03-17T20:58:30.000Z") == "2024-03-17T20:58:30Z");
  CHECK(timestampFrom("2024-03-17T20:58:30.1234567891Z") == "2024-03-17T20:58:30.123456789Z");
  CHECK(timestampFrom("2024-12-31T23:30:00-01:00") == "2025-01-01T00:30:00Z");
  CHECK(timestampFrom("2016-12-31T23:59:60Z") == "2017-01-01T00:00:00Z"); // a leap second
  CHECK(timestampFrom("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
}

TEST_CASE("what is no time is none") {
  for (const char *text :
       {"", "now", "2024", "2024-03-17", "2024-03-17T20:58Z", "2024-03-17T20:58:30", "2024-03-17T20:58:30.Z",
        "2024-13-17T20:58:30Z", "2024-02-30T20:58:30Z", "2024-03-17T24:58:30Z", "2024-03-17T20:58:30Zx",
        "-024-03-17T20:58:30Z", "2024-03-17T20:58:30+1:00", "2024-03-17T20:58:30\"Z", "1710709110"})
    CHECK_FALSE(timestampFrom(text));
}

TEST_CASE("the earlier time is found, with a fraction or without") {
  CHECK(isEarlier("2024-03-17T20:58:30Z", "2024-03-17T20:58:30.1Z"));
  CHECK_FALSE(isEarlier("2024-03-17T20:58:30.1Z", "2024-03-17T20:58:30Z"));
  CHECK(isEarlier("2024-03-17T20:58:30.12Z", "2024-03-17T20:58:30.2Z"));
  CHECK_FALSE(isEarlier("2024-03-17T20:58:30Z", "2024-03-17T20:58:30Z"));
}
