// The daemon's own rare operations, offered on the bus as core/* addresses (sdk/contracts/core.v1.json): create, delete
// and sync a server, take a configuration, describe the machine.
#pragma once

#include "bus/bus.hpp"
#include "config/config.hpp"
#include "filesystem/disk.hpp"
#include "servers/registry.hpp"
#include "servers/runtime.hpp"
#include "servers/source.hpp"
#include "tasks/pool.hpp"

#include <functional>
#include <memory>
#include <string>

namespace pinion::core {

// Makes the folder of a server when it is missing, owned by the node's user; true when it was. [pool or main]
Result<bool> makeServerFolder(const Disk &disk, const Config &config, const ServerId &id);

// What the operations work on. All of it outlives them and the jobs they put on `workers`.
struct OperationParts {
  Bus &bus;
  Pool &workers;
  Registry &registry;
  Source &source;
  Runtime &runtime;
  Disk &disk;
  ConfigStore &config;
  std::string version;
  std::function<void(const Config &)> credentials_changed; // after an update of the configuration
};

// Calls arrive on a lane of its own and are worked off on the pool; two on the same server may overlap.
class Operations {
public:
  explicit Operations(OperationParts parts);
  ~Operations();
  // Offers the addresses. Code::busy when one is taken.
  Result<void> start();
  void stop(); // ends the offers; work already begun goes on

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
