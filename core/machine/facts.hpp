// Facts about this machine, in the words the API uses (contract http.md 3). Each call reads afresh; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core::machine {

std::string architecture();  // as Go names it: "amd64", "arm64", ...
std::string kernelVersion(); // uname -r
int processors();
// NAME="value" lines as of os-release; quotes removed.
std::map<std::string, std::string> parseOsRelease(std::string_view text);
std::map<std::string, std::string> osRelease();

struct Memory { // bytes
  std::uint64_t total = 0, available = 0, swap_total = 0, swap_free = 0;
};
Memory parseMemory(std::string_view proc_meminfo);
Memory memory();

struct Load {
  double one = 0, five = 0, fifteen = 0;
};
Load load();

// Jiffies of /proc/stat's first line: all, and idle with iowait.
struct CpuTimes {
  std::uint64_t total = 0, idle = 0;
};
CpuTimes parseCpuTimes(std::string_view proc_stat);
CpuTimes cpuTimes();

// Addresses of this machine that are neither loopback nor link-local, in the kernel's order.
std::vector<std::string> addresses();

struct Mount {
  std::string device, mountpoint, type;
};
std::vector<Mount> parseMounts(std::string_view proc_mounts); // octal escapes resolved
std::vector<Mount> mounts();

// The whole of a small file of /proc, /sys or /etc; empty when it cannot be read.
std::string slurp(const std::string &path);

} // namespace pinion::core::machine
