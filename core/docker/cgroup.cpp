#include "docker/cgroup.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace pinion::core {

namespace {

std::uint64_t number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Takes the text up to `end` from the front.
std::string_view take(std::string_view &text, char end) {
  const auto at = text.find(end);
  const auto piece = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return piece;
}

std::string_view word(std::string_view &text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return take(text, ' ');
}

bool listed(std::string_view list, std::string_view name) {
  while (!list.empty())
    if (take(list, ',') == name) return true;
  return false;
}

// "\040" and the like, as mountinfo writes blanks.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// Where the group `path` of the hierarchy with `controller` (empty: v2) is mounted; empty when it is not.
std::string folder(std::string_view mountinfo, std::string_view controller, std::string_view path) {
  // A group outside our own namespace's root shows as "/../x": not below any mount of ours.
  if (path.empty() || path.rfind("/..", 0) == 0) return {};
  while (!mountinfo.empty()) {
    std::string_view line = take(mountinfo, '\n');
    std::string_view fields = line;
    for (int i = 0; i < 3; ++i) word(fields);
    const std::string root = unescape(word(fields)), point = unescape(word(fields));
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    std::string_view rest = line.substr(dash + 3);
    const auto type = word(rest);
    word(rest); // the source
    if (controller.empty() ? type != "cgroup2" : type != "cgroup" || !listed(rest, controller)) continue;
    if (root == "/") return point + std::string(path);
    if (path == root) return point;
    if (path.rfind(root + "/", 0) == 0) return point + std::string(path.substr(root.size()));
  }
  return {};
}

std::string slurp(const std::string &path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  char piece[4096];
  for (ssize_t n = 1; fd && n > 0 && out.size() < (1U << 20);) {
    n = ::read(fd.get(), piece, sizeof piece);
    if (n > 0) out.append(piece, static_cast<std::size_t>(n));
  }
  return out;
}

UniqueFd openFile(const std::string &path) { return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

// The whole of a small kernel file. False when it cannot be read any more.
template <std::size_t N> bool readFile(const UniqueFd &fd, char (&buffer)[N], std::string_view &text) {
  std::size_t have = 0;
  while (have < N) {
    const auto n = ::pread(fd.get(), buffer + have, N - have, static_cast<off_t>(have));
    if (n < 0) return false;
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text = {buffer, have};
  return true;
}

bool ownNetwork(const std::string &root, int pid) {
  struct stat ours {
  }, theirs{};
  return ::stat((root + "/proc/self/ns/net").c_str(), &ours) == 0 &&
         ::stat((root + "/proc/" + std::to_string(pid) + "/ns/net").c_str(), &theirs) == 0 &&
         ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

} // namespace

CgroupFolders findCgroup(std::string_view mountinfo, std::string_view process_groups) {
  CgroupFolders out;
  std::string_view unified;
  while (!process_groups.empty()) {
    std::string_view line = take(process_groups, '\n');
    const auto hierarchy = take(line, ':');
    const auto controllers = take(line, ':');
    if (hierarchy == "0" && controllers.empty()) unified = line;
    if (listed(controllers, "memory")) out.memory = folder(mountinfo, "memory", line);
    if (listed(controllers, "cpuacct")) out.cpu = folder(mountinfo, "cpuacct", line);
    if (listed(controllers, "blkio")) out.io = folder(mountinfo, "blkio", line);
  }
  if (!out.memory.empty()) return out; // v1, or both with the controllers in v1
  out.v2 = true;
  out.memory = out.cpu = out.io = folder(mountinfo, "", unified);
  return out;
}

std::uint64_t namedNumber(std::string_view text, std::string_view key, bool &found) {
  found = false;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    if (line.size() <= key.size() || line.rfind(key, 0) != 0 || line[key.size()] != ' ') continue;
    found = true;
    return number(line.substr(key.size() + 1));
  }
  return 0;
}

std::uint64_t workingMemory(std::uint64_t usage, std::string_view stat) {
  bool found = false;
  const auto total = namedNumber(stat, "total_inactive_file", found);
  if (found && total < usage) return usage - total;
  const auto own = namedNumber(stat, "inactive_file", found);
  return own < usage ? usage - own : usage;
}

void sumIoV1(std::string_view text, std::uint64_t &read, std::uint64_t &write) {
  read = write = 0;
  while (!text.empty()) { // "8:0 Read 4096"
    std::string_view line = take(text, '\n');
    word(line);
    const auto operation = word(line);
    if (operation == "Read") read += number(line);
    if (operation == "Write") write += number(line);
  }
}

void sumIoV2(std::string_view text, std::uint64_t &read, std::uint64_t &write) {
  read = write = 0;
  while (!text.empty()) { // "8:0 rbytes=1 wbytes=2 rios=3 ..."
    std::string_view line = take(text, '\n');
    while (!line.empty()) {
      const auto pair = word(line);
      if (pair.rfind("rbytes=", 0) == 0) read += number(pair.substr(7));
      if (pair.rfind("wbytes=", 0) == 0) write += number(pair.substr(7));
    }
  }
}

void sumNetwork(std::string_view text, std::uint64_t &rx, std::uint64_t &tx) {
  rx = tx = 0;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue; // the two lines of headings
    std::string_view name = line.substr(0, colon);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    if (name == "lo") continue;
    line.remove_prefix(colon + 1);
    for (int column = 0; column < 9; ++column) {
      const auto value = word(line);
      if (column == 0) rx += number(value);
      if (column == 8) tx += number(value);
    }
  }
}

double cpuPercent(std::uint64_t used_ns, std::uint64_t before_ns, std::int64_t elapsed_ns) {
  if (used_ns <= before_ns || elapsed_ns <= 0) return 0;
  const double percent = static_cast<double>(used_ns - before_ns) / static_cast<double>(elapsed_ns) * 100.0;
  return std::round(percent * 1000.0) / 1000.0;
}

Result<CgroupReader> CgroupReader::open(int pid, const std::string &root) {
  const std::string process = root + "/proc/" + std::to_string(pid);
  const auto folders = findCgroup(slurp(root + "/proc/self/mountinfo"), slurp(process + "/cgroup"));
  CgroupReader out;
  out.v2_ = folders.v2;
  if (!folders.memory.empty() && !folders.cpu.empty()) {
    const std::string memory = root + folders.memory + "/", cpu = root + folders.cpu + "/",
                      io = root + folders.io + "/";
    out.usage_ = openFile(memory + (out.v2_ ? "memory.current" : "memory.usage_in_bytes"));
    out.stat_ = openFile(memory + "memory.stat");
    out.limit_ = openFile(memory + (out.v2_ ? "memory.max" : "memory.limit_in_bytes"));
    out.cpu_ = openFile(cpu + (out.v2_ ? "cpu.stat" : "cpuacct.usage"));
    if (out.v2_)
      out.io_ = openFile(io + "io.stat");
    else
      for (const char *name : {"blkio.bfq.io_service_bytes_recursive", "blkio.io_service_bytes_recursive",
                               "blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"}) {
        out.io_ = openFile(io + name);
        if (out.io_) break;
      }
  }
  if (!out.usage_ || !out.stat_ || !out.limit_ || !out.cpu_)
    return Error{Code::notFound, "the control group of process " + std::to_string(pid) + " is not visible here"};
  if (!ownNetwork(root, pid)) out.net_ = openFile(process + "/net/dev");
  bool found = false;
  out.host_memory_ = namedNumber(slurp(root + "/proc/meminfo"), "MemTotal:", found) * 1024;
  return out;
}

bool CgroupReader::read(RawFigures &out) const {
  char buffer[16384];
  std::string_view text;
  if (!readFile(usage_, buffer, text)) return false;
  const std::uint64_t usage = number(text);
  if (!readFile(stat_, buffer, text)) return false;
  out.memory_bytes = workingMemory(usage, text);
  if (!readFile(limit_, buffer, text)) return false;
  const bool unlimited = text.rfind("max", 0) == 0;
  out.memory_limit_bytes = unlimited ? std::numeric_limits<std::uint64_t>::max() : number(text);
  if (host_memory_ != 0) out.memory_limit_bytes = std::min(out.memory_limit_bytes, host_memory_);
  if (!readFile(cpu_, buffer, text)) return false;
  bool found = false;
  out.cpu_ns = v2_ ? namedNumber(text, "usage_usec", found) * 1000 : number(text);
  out.read_bytes = out.write_bytes = out.rx_bytes = out.tx_bytes = 0;
  if (io_ && readFile(io_, buffer, text)) (v2_ ? sumIoV2 : sumIoV1)(text, out.read_bytes, out.write_bytes);
  if (net_ && readFile(net_, buffer, text)) sumNetwork(text, out.rx_bytes, out.tx_bytes);
  return true;
}

} // namespace pinion::core
