#include "machine/memory_use.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace pinion::core::machine;

TEST_CASE("only code that comes from files is found") {
  const auto ranges = codeRanges("1000-2000 r-xp 00000000 08:01 7   /usr/bin/x\n"
                                 "2000-3000 r--p 00001000 08:01 7   /usr/bin/x\n"
                                 "3000-4000 rw-p 00002000 08:01 7   /usr/bin/x\n"
                                 "4000-5000 rwxp 00000000 08:01 7   /usr/bin/x\n"
                                 "7000-8000 r-xp 00000000 00:00 0   [vdso]\n"
                                 "nonsense r-xp /x\n"
                                 "a000-b000 r-xp 00000000 08:01 9   /lib/y.so");
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].begin == 0x1000);
  CHECK(ranges[0].end == 0x2000);
  CHECK(ranges[1].begin == 0xa000);
}

TEST_CASE("the program runs on when boot memory is given back") {
  const std::string before(100000, 'x');
  giveBackBootMemory();
  CHECK(before == std::string(100000, 'x'));
  CHECK(std::stoi("42") == 42);
}
