#include "docker/cgroup.hpp"

#include "base/ids.hpp"
#include "docker/figures.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace pinion::core;
namespace fs = std::filesystem;

namespace {

struct Machine {
  fs::path root = fs::temp_directory_path() / randomUuid();
  ~Machine() { fs::remove_all(root); }
  void write(const std::string &path, const std::string &text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
};

constexpr const char *kNetwork =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
    "    lo:     999       1    0    0    0     0          0         0      999       1    0\n"
    "  eth0:    1000       2    0    0    0     0          0         0     2000       3    0\n"
    "  eth1:      10       2    0    0    0     0          0         0       20       3    0\n";

} // namespace

TEST_CASE("figures are read from control groups of the second version") {
  const Machine machine;
  machine.write("proc/self/mountinfo",
                "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  machine.write("proc/77/cgroup", "0::/system.slice/docker-abc.scope\n");
  machine.write("proc/77/net/dev", kNetwork);
  machine.write("proc/meminfo", "MemTotal:       2000 kB\nMemFree: 1 kB\n");
  const std::string group = "sys/fs/cgroup/system.slice/docker-abc.scope/";
  machine.write(group + "memory.current", "5000\n");
  machine.write(group + "memory.stat", "anon 1\nfile 2\ninactive_file 1000\nactive_file 3\n");
  machine.write(group + "memory.max", "max\n");
  machine.write(group + "cpu.stat", "usage_usec 1500\nuser_usec 1\nsystem_usec 2\n");
  machine.write(group + "io.stat", "8:0 rbytes=100 wbytes=200 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2\n");
  const auto reader = CgroupReader::open(77, machine.root.string());
  REQUIRE(reader);
  RawFigures figures;
  REQUIRE(reader->read(figures));
  CHECK(figures.memory_bytes == 4000);
  CHECK(figures.memory_limit_bytes == 2000 * 1024);
  CHECK(figures.cpu_ns == 1'500'000);
  CHECK((figures.rx_bytes == 1010 && figures.tx_bytes == 2020));
  CHECK((figures.read_bytes == 101 && figures.write_bytes == 202));
  machine.write(group + "memory.max", "100000\n");
  machine.write(group + "memory.current", "800\n"); // less than what is inactive
  REQUIRE(reader->read(figures));
  CHECK(figures.memory_limit_bytes == 100000);
  CHECK(figures.memory_bytes == 800);
}

TEST_CASE("figures are read from control groups of the first version") {
  const Machine machine;
  machine.write("proc/self/mountinfo", "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                       "32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                                       "33 30 0:29 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
                                       "34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  machine.write("proc/77/cgroup",
                "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n3:blkio:/docker/abc\n0::/docker/abc\n");
  const std::string groups = "sys/fs/cgroup/";
  machine.write(groups + "memory/docker/abc/memory.usage_in_bytes", "5000\n");
  machine.write(groups + "memory/docker/abc/memory.stat", "inactive_file 1\ntotal_inactive_file 1500\n");
  machine.write(groups + "memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
  machine.write(groups + "cpu,cpuacct/docker/abc/cpuacct.usage", "123456789\n");
  machine.write(groups + "blkio/docker/abc/blkio.throttle.io_service_bytes_recursive",
                "8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\n8:16 Read 1\nTotal 61\n");
  machine.write("proc/meminfo", "MemTotal: 7 kB\n");
  const auto reader = CgroupReader::open(77, machine.root.string());
  REQUIRE(reader);
  RawFigures figures;
  REQUIRE(reader->read(figures));
  CHECK(figures.memory_bytes == 3500);
  CHECK(figures.memory_limit_bytes == 7 * 1024);
  CHECK(figures.cpu_ns == 123456789);
  CHECK((figures.read_bytes == 11 && figures.write_bytes == 20));
  CHECK((figures.rx_bytes == 0 && figures.tx_bytes == 0)); // no such file: no such figure
}

TEST_CASE("a group that is not visible is said to be so") {
  const Machine machine;
  CHECK(CgroupReader::open(77, machine.root.string()).error().code == Code::notFound);
  machine.write("proc/self/mountinfo", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  machine.write("proc/77/cgroup", "0::/../elsewhere\n");
  CHECK(CgroupReader::open(77, machine.root.string()).error().code == Code::notFound);
  machine.write("proc/77/cgroup", "0::/gone\n");
  CHECK(CgroupReader::open(77, machine.root.string()).error().code == Code::notFound);
}

TEST_CASE("a group is found below a mount of a part of the tree, with blanks in its name") {
  const auto found = findCgroup("30 24 0:26 /slice /my\\040groups rw - cgroup2 cgroup2 rw\n", "0::/slice/docker-abc\n");
  CHECK(found.v2);
  CHECK(found.memory == "/my groups/docker-abc");
  CHECK(findCgroup("30 24 0:26 /slice /groups rw - cgroup2 cgroup2 rw\n", "0::/slicer/docker-abc\n").memory.empty());
}

TEST_CASE("processor use is percent of one core with three decimals") {
  CHECK(cpuPercent(1'500'000'000, 500'000'000, 1'000'000'000) == 100.0);
  CHECK(cpuPercent(1'100'012'349, 1'000'000'000, 1'000'000'000) == 10.001);
  CHECK(cpuPercent(3'000'000'000, 0, 1'000'000'000) == 300.0);
  CHECK(cpuPercent(5, 5, 1000) == 0);
  CHECK(cpuPercent(4, 5, 1000) == 0);
  CHECK(cpuPercent(5, 4, 0) == 0);
}

TEST_CASE("figures on the bus have their keys in alphabetical order") {
  Utilization use;
  use.memory_bytes = 1507557376;
  use.memory_limit_bytes = 8041996288;
  use.cpu_absolute = 10.001;
  use.rx_bytes = 12220;
  use.tx_bytes = 3136;
  use.uptime_ms = 400000;
  std::string out;
  appendSortedStats(out, use, State::running, 115489609);
  CHECK(out ==
        R"({"cpu_absolute":10.001,"disk_bytes":115489609,"disk_io":{"read_bytes":0,"write_bytes":0},)"
        R"("memory_bytes":1507557376,"memory_limit_bytes":8041996288,"network":{"rx_bytes":12220,"tx_bytes":3136},)"
        R"("state":"running","uptime":400000})");
  use.cpu_absolute = 100000;
  out.clear();
  appendSortedStats(out, use, State::running, 0);
  CHECK(out.rfind("{\"cpu_absolute\":100000,", 0) == 0); // never 1e+05
}

TEST_CASE("a document of the engine's stats stream gives the same figures") {
  Utilization use;
  REQUIRE(figuresFromStats(
      R"({"memory_stats":{"usage":5000,"limit":9000,"stats":{"total_inactive_file":1500,"inactive_file":1}},)"
      R"("cpu_stats":{"cpu_usage":{"total_usage":300,"percpu_usage":[1,2]},"system_cpu_usage":2000},)"
      R"("precpu_stats":{"cpu_usage":{"total_usage":200},"system_cpu_usage":1000},)"
      R"("networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":10,"tx_bytes":20}},)"
      R"("blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":7},{"op":"write","value":8},{"op":"Total","value":9}]}})",
      use));
  CHECK(use.memory_bytes == 3500);
  CHECK(use.memory_limit_bytes == 9000);
  CHECK(use.cpu_absolute == 20.0);
  CHECK((use.rx_bytes == 11 && use.tx_bytes == 22 && use.read_bytes == 7 && use.write_bytes == 8));
  REQUIRE(figuresFromStats(
      R"({"memory_stats":{"usage":100,"stats":{"inactive_file":40}},"blkio_stats":{"io_service_bytes_recursive":null}})",
      use));
  CHECK((use.memory_bytes == 60 && use.cpu_absolute == 0 && use.rx_bytes == 0));
  CHECK_FALSE(figuresFromStats("rubbish", use));
  CHECK_FALSE(figuresFromStats("{}", use));
}
