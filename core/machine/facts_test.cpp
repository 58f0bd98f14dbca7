#include "machine/facts.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core::machine;

TEST_CASE("os-release lines lose their quotes and comments") {
  const auto names = parseOsRelease("# x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nNAME='D'\nbroken\n");
  CHECK(names.at("PRETTY_NAME") == "Debian GNU/Linux 12");
  CHECK(names.at("ID") == "debian");
  CHECK(names.at("NAME") == "D");
  CHECK(names.size() == 3);
}

TEST_CASE("memory is read in bytes") {
  const Memory memory =
      parseMemory("MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable: 40 kB\nSwapTotal: 8 kB\nSwapFree: 2 kB\n");
  CHECK(memory.total == 102400);
  CHECK(memory.available == 40960);
  CHECK(memory.swap_total == 8192);
  CHECK(memory.swap_free == 2048);
}

TEST_CASE("processor times count waiting for disks as idle and leave guests out") {
  const CpuTimes times = parseCpuTimes("cpu  10 1 5 80 4 1 1 2 99 99\ncpu0 1 1 1 1\n");
  CHECK(times.total == 104);
  CHECK(times.idle == 84);
  CHECK(parseCpuTimes("intr 5").total == 0);
}

TEST_CASE("mount points with blanks are read back") {
  const auto mounts = parseMounts("/dev/a /mnt/my\\040disk ext4 rw 0 0\nshort\n");
  REQUIRE(mounts.size() == 1);
  CHECK(mounts[0].mountpoint == "/mnt/my disk");
  CHECK(mounts[0].type == "ext4");
}

TEST_CASE("this machine has processors, memory and a kernel") {
  CHECK(processors() >= 1);
  CHECK(memory().total > 0);
  CHECK_FALSE(kernelVersion().empty());
  CHECK(cpuTimes().total > 0);
}
