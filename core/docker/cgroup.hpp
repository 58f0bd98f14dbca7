// The figures of one container read straight from its control group and /proc, with descriptors that stay open: some
// microseconds a reading, no allocation. Knows cgroup v2 and v1 (docker.md 9 has the formulas).
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pinion::core {

struct RawFigures {
  std::uint64_t memory_bytes = 0, memory_limit_bytes = 0; // limit: the container's, at most the host's memory
  std::uint64_t cpu_ns = 0;                               // used since the container began
  std::uint64_t rx_bytes = 0, tx_bytes = 0;               // zero on the host's own network
  std::uint64_t read_bytes = 0, write_bytes = 0;
};

class CgroupReader {
public:
  // The container whose first process is `pid`. `root` stands before /proc and the mount points (tests).
  // Code::notFound: this daemon cannot see the group (it runs in a container itself): ask the engine instead.
  static Result<CgroupReader> open(int pid, const std::string &root = "");
  // False when the container is gone.
  bool read(RawFigures &out) const;

private:
  bool v2_ = false;
  std::uint64_t host_memory_ = 0;
  UniqueFd usage_, stat_, limit_, cpu_, io_, net_;
};

// The folders of a process' groups, found through /proc/self/mountinfo and /proc/<pid>/cgroup. Empty: not visible.
struct CgroupFolders {
  bool v2 = false;
  std::string memory, cpu, io;
};
CgroupFolders findCgroup(std::string_view mountinfo, std::string_view process_groups);

// Pure parsers of the kernel's files.
std::uint64_t workingMemory(std::uint64_t usage, std::string_view stat);
std::uint64_t namedNumber(std::string_view text, std::string_view key, bool &found);
void sumIoV1(std::string_view text, std::uint64_t &read, std::uint64_t &write);
void sumIoV2(std::string_view text, std::uint64_t &read, std::uint64_t &write);
void sumNetwork(std::string_view net_dev, std::uint64_t &rx, std::uint64_t &tx);
// Percent of one core, three decimals; 0 when time or use did not go forward.
double cpuPercent(std::uint64_t used_ns, std::uint64_t before_ns, std::int64_t elapsed_ns);

} // namespace pinion::core
