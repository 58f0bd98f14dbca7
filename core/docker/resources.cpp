#include "docker/resources.hpp"

#include "base/json_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace pinion::core {

namespace {

constexpr std::int64_t kUnit = 1'000'000; // the classic daemon's megabyte

} // namespace

double memoryMultiplier(std::int64_t limit, const Config::Docker &docker) {
  if (!docker.overhead_override) return limit <= 2048 ? 1.15 : limit <= 4096 ? 1.10 : 1.05;
  const auto next = std::find_if(docker.overhead_multipliers.begin(), docker.overhead_multipliers.end(),
                                 [&](const auto &entry) { return entry.first >= limit; });
  return next == docker.overhead_multipliers.end() ? docker.overhead_default_multiplier : next->second;
}

void appendResources(std::string &out, const Build &build, const Config::Docker &docker, const ResourceRules &rules) {
  const auto number = [&](const char *key, std::int64_t value) {
    out += key;
    out += std::to_string(value);
  };
  const auto limit = build.memory_limit;
  const auto memory = static_cast<std::int64_t>(
      std::llround(static_cast<double>(limit) * memoryMultiplier(limit, docker) * static_cast<double>(kUnit)));
  number("\"Memory\":", memory);
  number(",\"MemoryReservation\":", limit * kUnit);
  number(",\"MemorySwap\":", build.swap < 0 ? -1 : build.swap * kUnit + memory);
  if (build.cpu_limit > 0) {
    number(",\"CpuQuota\":", build.cpu_limit * 1000);
    out += ",\"CpuPeriod\":100000,\"CpuShares\":1024";
  }
  if (!build.threads.empty()) {
    out += ",\"CpusetCpus\":";
    appendJsonString(out, build.threads);
  }
  if (rules.io_weight) number(",\"BlkioWeight\":", build.io_weight);
  out += build.oom_disabled ? ",\"OomKillDisable\":true" : ",\"OomKillDisable\":false";
  if (rules.pids_limit) number(",\"PidsLimit\":", docker.container_pid_limit);
}

Build raised(Build build, const Minimum &minimum) {
  build.memory_limit = std::max(build.memory_limit, minimum.memory);
  if (minimum.cpu == 0)
    build.cpu_limit = 0;
  else if (build.cpu_limit != 0)
    build.cpu_limit = std::max(build.cpu_limit, minimum.cpu);
  return build;
}

bool ioWeightSupported(const std::string &root) {
  const std::string groups = root + "/sys/fs/cgroup/";
  const auto there = [&](const char *name) { return ::access((groups + name).c_str(), F_OK) == 0; };
  if (!there("cgroup.controllers")) return true; // v1: the engine itself leaves out what the kernel has not
  return there("system.slice/io.weight") || there("io.weight");
}

} // namespace pinion::core
