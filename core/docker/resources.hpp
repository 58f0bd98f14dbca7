// Limits of a container (contract docker.md 3.1), and what an installer gets at least (docker.md 12). Pure.
#pragma once

#include "config/config.hpp"
#include "servers/settings.hpp"

#include <cstdint>
#include <string>

namespace pinion::core {

struct ResourceRules {
  bool pids_limit = true; // an installer has none
  bool io_weight = true;  // false where the kernel has no io.weight: the engine would refuse the container
};

double memoryMultiplier(std::int64_t limit, const Config::Docker &docker);
// Members of HostConfig and of an update, without braces: "Memory":...,"PidsLimit":512
void appendResources(std::string &out, const Build &build, const Config::Docker &docker, const ResourceRules &rules);

struct Minimum {
  std::int64_t memory = 0, cpu = 0;
};
// `build` raised to the node's minimum for installers: no memory limit counts as less, no cpu limit as more.
Build raised(Build build, const Minimum &minimum);

// Whether control groups here take a weight for disk access (always on v1). `root` stands before /sys (tests).
bool ioWeightSupported(const std::string &root = "");

} // namespace pinion::core
