// Single steps on containers: each is one or a few engine requests that block until their deadline. [pool]
#pragma once

#include "docker/engine.hpp"
#include "tasks/loop.hpp"

#include <cstdint>
#include <string>

namespace pinion::core {

struct ContainerState {
  bool exists = false, running = false, oom_killed = false, terminal = true;
  bool created = false; // never started
  std::int64_t exit_code = 0, started_at_ms = 0;
  int pid = 0;
  std::string id, log_path, stop_signal;
};

class Containers {
public:
  explicit Containers(Engine &engine) : engine_(engine) {}
  // A missing container is an answer, not an error.
  Result<ContainerState> inspect(const std::string &name, Clock::time_point deadline) const;
  // With force and volumes; missing is success; waits for a removal that is under way already.
  Result<void> remove(const std::string &name, Clock::time_point deadline) const;
  // The new container's id.
  Result<std::string> create(const std::string &name, const std::string &body, Clock::time_point deadline) const;
  Result<void> start(const std::string &name, Clock::time_point deadline) const;
  // Missing or stopped is success.
  Result<void> signal(const std::string &name, const std::string &signal, Clock::time_point deadline) const;
  [[nodiscard]] Engine &engine() const { return engine_; }

private:
  Engine &engine_;
};

ContainerState parseContainerState(const std::string &inspect);
std::chrono::milliseconds leftUntil(Clock::time_point deadline); // at least a millisecond
bool isSignalName(const std::string &text);                      // "SIGINT", "INT", "9"

} // namespace pinion::core
