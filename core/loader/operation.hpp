// Something that a plugin began and whose done function is owed, exactly once: a call, an act, a Panel call, a task.
#pragma once

#include "loader/host.hpp"

#include <functional>

namespace pinion::core {

class Operation : public Resource {
public:
  // `kind` is a literal; `name` says of what, both for the warning about slow callbacks.
  Operation(std::shared_ptr<Host> owner, const char *kind, std::string name, pinion_done_fn done, void *user)
      : Resource(std::move(owner)), kind_(kind), name_(std::move(name)), done_(done), user_(user) {}

  // [any] The result; the done function is called on the lane. Later ones are passed over.
  void complete(Result<std::string> result);
  // [lane, outside any callback] As complete(), without a second turn of the lane.
  void arrive(Result<std::string> result);
  // What tells the other side that the plugin cancelled; called at once when it already has.
  void onCancel(std::function<void()> stop_source);
  void cancel() override;
  void drop() override;

protected:
  void giveUp(); // the cancelled answer, before it returns where that is possible

private:
  void deliver(const Result<std::string> &result); // [lane, or main in its place]

  const char *const kind_;
  const std::string name_;
  const pinion_done_fn done_;
  void *const user_;
  void stopSource();
  struct Source {
    std::function<void()> stop;
    bool stopped = false;
  };
  Guarded<Source> source_;
  std::atomic<bool> completed_ = false;
  bool delivered_ = false; // the lane's
};

// Work on the pool, then done on the lane.
class TaskRun final : public Operation {
public:
  TaskRun(std::shared_ptr<Host> owner, pinion_work_fn work, pinion_done_fn done, void *user)
      : Operation(std::move(owner), "the end of task", "run", done, user), work_(work), work_user_(user) {}
  void work(); // [pool]
  void cancel() override;
  void drop() override;

private:
  enum class Stage { waiting, working, over };
  const pinion_work_fn work_;
  void *const work_user_;
  // Under the host's lock.
  Stage stage_ = Stage::waiting;
  bool unwanted_ = false;
};

} // namespace pinion::core
