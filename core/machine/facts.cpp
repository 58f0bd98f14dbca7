#include "machine/facts.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

namespace pinion::core::machine {

namespace {

template <typename F> void eachLine(std::string_view text, F f) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    f(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

// The next word of `text`, which is cut off its front.
std::string_view word(std::string_view &text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return text = {};
  const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
  const std::string_view found = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return found;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string unescapeMount(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out.push_back(static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

} // namespace

std::string slurp(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return file ? out.str() : std::string();
}

std::string architecture() {
  utsname names{};
  ::uname(&names);
  const std::string_view machine = names.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine == "i686" || machine == "i386") return "386";
  if (machine.starts_with("arm")) return "arm";
  return std::string(machine);
}

std::string kernelVersion() {
  utsname names{};
  ::uname(&names);
  return names.release;
}

int processors() {
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? static_cast<int>(count) : 1;
}

std::map<std::string, std::string> parseOsRelease(std::string_view text) {
  std::map<std::string, std::string> out;
  eachLine(text, [&](std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) return;
    std::string_view value = line.substr(equals + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    out.emplace(line.substr(0, equals), value);
  });
  return out;
}

std::map<std::string, std::string> osRelease() {
  std::string text = slurp("/etc/os-release");
  if (text.empty()) text = slurp("/usr/lib/os-release");
  return parseOsRelease(text);
}

Memory parseMemory(std::string_view text) {
  Memory out;
  eachLine(text, [&](std::string_view line) {
    const std::string_view key = word(line);
    const std::uint64_t bytes = number(word(line)) * 1024;
    if (key == "MemTotal:") out.total = bytes;
    if (key == "MemAvailable:") out.available = bytes;
    if (key == "SwapTotal:") out.swap_total = bytes;
    if (key == "SwapFree:") out.swap_free = bytes;
  });
  return out;
}

Memory memory() { return parseMemory(slurp("/proc/meminfo")); }

Load load() {
  std::array<double, 3> values{};
  return ::getloadavg(values.data(), 3) == 3 ? Load{values[0], values[1], values[2]} : Load{};
}

CpuTimes parseCpuTimes(std::string_view text) {
  CpuTimes out;
  std::string_view line = text.substr(0, text.find('\n'));
  if (word(line) != "cpu") return out;
  // user nice system idle iowait irq softirq steal; guest times are within user
  for (int column = 0; column < 8 && !line.empty(); ++column) {
    const std::uint64_t jiffies = number(word(line));
    out.total += jiffies;
    if (column == 3 || column == 4) out.idle += jiffies;
  }
  return out;
}

CpuTimes cpuTimes() { return parseCpuTimes(slurp("/proc/stat")); }

std::vector<std::string> addresses() {
  std::vector<std::string> out;
  ifaddrs *first = nullptr;
  if (::getifaddrs(&first) != 0) return out;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs *)> owner(first, ::freeifaddrs);
  for (const ifaddrs *it = first; it != nullptr; it = it->ifa_next) {
    if (it->ifa_addr == nullptr || (it->ifa_flags & IFF_LOOPBACK) != 0) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (it->ifa_addr->sa_family == AF_INET) {
      const auto &address = reinterpret_cast<const sockaddr_in *>(it->ifa_addr)->sin_addr;
      const std::uint32_t host = ntohl(address.s_addr);
      if (host >> 24 == 127 || host >> 16 == 0xa9fe) continue;
      ::inet_ntop(AF_INET, &address, text.data(), text.size());
    } else if (it->ifa_addr->sa_family == AF_INET6) {
      const auto &address = reinterpret_cast<const sockaddr_in6 *>(it->ifa_addr)->sin6_addr;
      if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address)) continue;
      ::inet_ntop(AF_INET6, &address, text.data(), text.size());
    } else {
      continue;
    }
    out.emplace_back(text.data());
  }
  return out;
}

std::vector<Mount> parseMounts(std::string_view text) {
  std::vector<Mount> out;
  eachLine(text, [&](std::string_view line) {
    Mount mount;
    mount.device = unescapeMount(word(line));
    mount.mountpoint = unescapeMount(word(line));
    mount.type = word(line);
    if (!mount.type.empty()) out.push_back(std::move(mount));
  });
  return out;
}

std::vector<Mount> mounts() { return parseMounts(slurp("/proc/self/mounts")); }

} // namespace pinion::core::machine
