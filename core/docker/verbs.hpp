// The verbs of sdk/contracts/environment.v1.json on a server's own container. Each runs on a worker and answers its
// act, at once or when what it waits for has come.
#pragma once

#include "config/config.hpp"
#include "docker/acts.hpp"
#include "docker/containers.hpp"
#include "docker/json.hpp"
#include "docker/pull.hpp"
#include "docker/runs.hpp"
#include "docker/waiting.hpp"
#include "filesystem/disk.hpp"

#include <memory>
#include <string>

namespace pinion::core {

struct VerbPlace {
  Containers containers;
  PullPlace pulling;
  std::shared_ptr<Waiting> waiting;
  std::shared_ptr<Runs> runs;
  Disk &disk;
  ConfigStore &config;
  bool io_weight = true;
};

bool isVerb(const std::string &verb);
// [pool]
void perform(const VerbPlace &place, const ActPtr &act, const std::string &verb, const std::string &args);

} // namespace pinion::core
