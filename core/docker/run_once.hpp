// The verb "run-once" (contract docker.md 12): a container of its own that runs one command to its end, such as an
// installation script. A chain of steps; blocking ones run on the workers, the output is followed on a loop.
#pragma once

#include "docker/acts.hpp"
#include "docker/containers.hpp"
#include "docker/pull.hpp"
#include "docker/spec.hpp"
#include "docker/waiting.hpp"
#include "filesystem/disk.hpp"

#include <memory>
#include <string>
#include <vector>

namespace pinion::core {

struct OnceArgs {
  std::string suffix, image, hostname, label, output;
  std::vector<std::string> command;
  struct From {
    bool server = false;
    std::string folder, path; // of the configured folders
    std::string target;
  };
  std::vector<From> mounts;
  Minimum minimum;
  bool has_minimum = false;
  std::string log_folder, log_path;
  bool log_append = true;
};
// Code::invalid names the member that is wrong. Paths are clean and relative, the suffix cannot name the game's
// container.
Result<OnceArgs> parseOnceArgs(const std::string &args);
// The configured folder that `name` stands for: "tmp", "log", "data", "backup", "archive"; empty for others.
std::string configuredFolder(const Config &config, const std::string &name);

struct OncePlace {
  Containers containers;
  PullPlace pulling;
  std::shared_ptr<Waiting> waiting;
  Disk &disk;
  ConfigPtr config;
  bool io_weight = true;
};
// [pool] Answers the act: {"exit_code":n}. When the act ends before, the container is removed.
void runOnce(OncePlace place, const ActPtr &act, const OnceArgs &args);

} // namespace pinion::core
