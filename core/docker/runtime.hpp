// Docker as the Runtime: container spec (contract docker.md 3), attach and console lines, exits, figures from cgroups.
#pragma once

#include "config/config.hpp"
#include "docker/engine.hpp"
#include "filesystem/disk.hpp"
#include "servers/runtime.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"

#include <memory>

namespace pinion::core {

// Publishes per server (source "core"):
//   "container output"    raw, one line, split as websocket.md 5.4; at most 64 KiB and 512 lines in flight a
//                           server, then its terminal is not read until half of it is released
//   "container attached"  {}
//   "container exited"    {}   once per run: attach ended or the engine said so, whichever is first
//   "container pull"      raw, "<status> <progress>"
//   "stats"               once a second while it runs and someone listens (one timer for all servers)
// and "runtime.lost" / "runtime.found" when the engine stops or starts answering.
class DockerRuntime : public Runtime {
public:
  DockerRuntime(Engine &engine, LoopGroup &loops, Pool &workers, Bus &bus, Registry &registry, Disk &disk,
                ConfigStore &config);
  ~DockerRuntime() override;
  // [main] Ensures the node network (docker.md 2), derives interface/driver/ispn into the configuration, starts
  // listening to engine events. Code::io when the engine does not answer: call again later.
  Result<void> prepare();
  void stop();

  ActId act(const ServerPtr &server, const std::string &verb, const std::string &args,
            std::chrono::milliseconds deadline, Done done) override;
  void cancel(ActId id) override;
  Result<void> input(const ServerPtr &server, std::string bytes) override;
  Result<std::vector<ServerId>> running(std::chrono::milliseconds deadline) override;
  Result<std::string> describe(std::chrono::milliseconds deadline) override;
  Result<std::string> maintain(const std::string &what, std::chrono::milliseconds deadline) override;
  Result<void> destroy(const ServerId &id, std::chrono::milliseconds deadline) override;

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
