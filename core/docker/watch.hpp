// The engine's own account of what happens to containers: one /events stream for the node, opened again with back-off
// when the engine goes away. Says so once each way ("runtime.lost", "runtime.found", and one log line).
#pragma once

#include "base/guarded.hpp"
#include "bus/bus.hpp"
#include "docker/engine.hpp"
#include "docker/line_splitter.hpp"
#include "docker/response_stream.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace pinion::core {

struct ContainerEvent {
  std::string action; // "start", "die", "destroy", ...
  std::string id, name;
};
// False when the line tells of no container.
bool parseContainerEvent(const std::string &line, ContainerEvent &out);

class Watch : public std::enable_shared_from_this<Watch> {
public:
  struct Hooks {
    std::function<void(const ContainerEvent &)> event; // [loop thread]
    // [loop thread] Events may have been missed: the engine listens again, for the first time too.
    std::function<void()> listening;
  };
  Watch(Engine &engine, Loop &loop, Pool &workers, Bus &bus, Hooks hooks)
      : engine_(engine), loop_(loop), workers_(workers), bus_(bus), hooks_(std::move(hooks)) {}
  void start();        // [any] idempotent
  void stop();         // [any] no hook begins after it on the loop's thread
  Result<void> open(); // [pool] one attempt
  [[nodiscard]] bool lost() const { return lost_.load(); }

private:
  void attempt();
  void retry(const std::string &why);
  void listening();

  Engine &engine_;
  Loop &loop_;
  Pool &workers_;
  Bus &bus_;
  Hooks hooks_;
  std::atomic<bool> started_{false}, stopped_{false}, lost_{false};
  std::chrono::milliseconds pause_{250}; // loop thread only
  Guarded<std::shared_ptr<ResponseStream>> stream_;
};

} // namespace pinion::core
