// Acts that wait for a container to stop running, without a thread: the engine's events wake them, and a look every few
// seconds finds what no event told.
#pragma once

#include "base/guarded.hpp"
#include "docker/acts.hpp"
#include "docker/containers.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pinion::core {

class Waiting : public std::enable_shared_from_this<Waiting> {
public:
  using Then = std::function<void()>; // once; not when the act ended before
  Waiting(Containers containers, Loop &loop, Pool &workers) : containers_(containers), loop_(loop), workers_(workers) {}
  void start(std::chrono::milliseconds period = std::chrono::seconds(3));
  void stop();
  void add(const ActPtr &act, const std::string &name, Then then); // [any] looks once at once
  void look(const std::string &name);                              // [any] something happened to this container
  void lookAll();                                                  // [any]

private:
  struct Waiter {
    ActPtr act;
    std::string name;
    Then then;
    std::atomic<bool> looking{false}, again{false};
  };
  void look(const std::shared_ptr<Waiter> &waiter);
  void check(const std::shared_ptr<Waiter> &waiter);
  void forget(const std::shared_ptr<Waiter> &waiter);

  Containers containers_;
  Loop &loop_;
  Pool &workers_;
  Guarded<std::vector<std::shared_ptr<Waiter>>> waiters_;
  Loop::TimerId timer_ = 0;
};

} // namespace pinion::core
