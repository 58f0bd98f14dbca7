// The acts under way: each is answered exactly once, by its work, by cancel(), by its deadline or by stop().
#pragma once

#include "base/guarded.hpp"
#include "servers/runtime.hpp"
#include "tasks/loop.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace pinion::core {

class Acts;

class Act : public std::enable_shared_from_this<Act> {
public:
  Act(Runtime::ActId id, ServerPtr server, Clock::time_point deadline, Runtime::Done done)
      : id_(id), server_(std::move(server)), deadline_(deadline), done_(std::move(done)) {}
  // [any] The first answer counts.
  void finish(Result<std::string> answer);
  [[nodiscard]] bool over() const { return over_.load(); }
  // [any] Run when the act ends before its work did (cancelled, late, stopping); at once when it has already ended so.
  void onAbandoned(std::function<void()> undo);
  [[nodiscard]] const ServerPtr &server() const { return server_; }
  // What is left until the deadline, at least a millisecond.
  [[nodiscard]] std::chrono::milliseconds left() const;
  [[nodiscard]] Runtime::ActId id() const { return id_; }

private:
  friend class Acts;
  void abandon(Error reason);
  Runtime::ActId id_;
  ServerPtr server_;
  Clock::time_point deadline_;
  Runtime::Done done_;
  std::atomic<bool> over_{false};
  std::weak_ptr<Acts> owner_;
  Loop::TimerId timer_ = 0;
  struct Undo {
    bool abandoned = false, finished = false;
    std::vector<std::function<void()>> actions;
  };
  Guarded<Undo> undo_;
};
using ActPtr = std::shared_ptr<Act>;

class Acts : public std::enable_shared_from_this<Acts> {
public:
  explicit Acts(Loop &timers) : timers_(timers) {}
  ActPtr begin(ServerPtr server, std::chrono::milliseconds deadline, Runtime::Done done); // [any]
  void cancel(Runtime::ActId id);                                                         // [any]
  void stop(); // [any] all are answered Code::stopping, later ones too
  [[nodiscard]] std::size_t size() const;

private:
  friend class Act;
  void ended(const Act &act);
  Loop &timers_;
  std::atomic<Runtime::ActId> next_{1};
  struct State {
    bool stopped = false;
    std::unordered_map<Runtime::ActId, ActPtr> acts;
  };
  Guarded<State> state_;
};

} // namespace pinion::core
