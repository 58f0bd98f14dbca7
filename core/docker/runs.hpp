// The consoles that are attached, and the end of what runs behind them: told once a run, when the engine confirms that
// the container does not run any more. A console that breaks while the game goes on (the engine was restarted) is
// attached again.
#pragma once

#include "base/guarded.hpp"
#include "docker/attachment.hpp"
#include "docker/containers.hpp"
#include "docker/figures.hpp"
#include "docker/watch.hpp"
#include "servers/registry.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>

namespace pinion::core {

class Runs : public std::enable_shared_from_this<Runs> {
public:
  Runs(Containers containers, LoopGroup &loops, Pool &workers, Bus &bus, std::shared_ptr<Figures> figures)
      : containers_(containers), loops_(loops), workers_(workers), bus_(bus), figures_(std::move(figures)) {}
  Result<void> attach(const ServerPtr &server, Clock::time_point deadline); // [pool] attached already is success
  Result<void> input(const ServerPtr &server, std::string bytes);           // [any]
  void started(const ServerPtr &server);                                    // [any] its container runs now
  void discard(const ServerId &id);                                         // [any] the run ends without a word
  // [any] While it is quiet the end of a server's run is not told: its container is being removed for good.
  void setQuiet(const ServerId &id, bool quiet);
  void event(const ContainerEvent &event); // [loop thread]
  void lookAll();                          // [any] events may have been missed
  void stop();

private:
  struct Run {
    ServerPtr server;
    std::string container;
    Guarded<std::shared_ptr<Attachment>> attachment;
    std::atomic<bool> started{false}, over{false}, looking{false}, quiet{false};
    std::atomic<int> looks{0}; // since the console ended
    [[nodiscard]] bool attached() const {
      return attachment.with([](const auto &current) { return current && current->open(); });
    }
  };
  using RunPtr = std::shared_ptr<Run>;
  Result<void> connect(const RunPtr &run, Clock::time_point deadline);
  [[nodiscard]] RunPtr find(const ServerId &id) const;
  void look(const RunPtr &run); // [any] asks the engine and draws the conclusion
  void lookLater(const RunPtr &run, std::chrono::milliseconds delay);
  void conclude(const RunPtr &run, const Result<ContainerState> &state);
  void beginFigures(const RunPtr &run);
  void end(const RunPtr &run);
  static void close(const RunPtr &run);

  Containers containers_;
  LoopGroup &loops_;
  Pool &workers_;
  Bus &bus_;
  std::shared_ptr<Figures> figures_;
  struct State {
    bool stopped = false;
    std::unordered_map<ServerId, RunPtr> runs;
  };
  Guarded<State> state_;
};

} // namespace pinion::core
