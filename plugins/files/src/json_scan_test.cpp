#include "json_scan.hpp"

#include <catch2/catch.hpp>

#include <string>

using pinion::files::JsonScan;
using pinion::files::scanJson;

TEST_CASE("JSON is read to its end, and what is wrong with it found") {
  for (const char *whole : {"0", "-0.5E+1", "[]", "{}", "[{\"a\":{}},[]]", " true ", "\"\\\"\""})
    CHECK(scanJson(whole) == JsonScan::whole);
  for (const char *cut : {"", "[", "[1", "[1,", "{\"a\"", "{\"a\":", "-", "1.", "1e", "tr", "\"\\", "\"\\u12"})
    CHECK(scanJson(std::string("[") + cut) == JsonScan::cut);
  for (const char *wrong :
       {"[,]", "[1,]", "{,}", "{\"a\"}", "{1:2}", "01", "1 2", "]", "nul1", "\"\n\"", "\"\\x\"", "[1}", "{\"a\":1,}"})
    CHECK(scanJson(wrong) == JsonScan::wrong);
}
