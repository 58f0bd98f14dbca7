// Long transfers by the server they are for: none has more than its share of a pool's threads, and who waits holds
// none. Else whoever may upload to one server could keep all others' uploads out, by slow ones. Thread-safe.
#pragma once

#include "tasks/pool.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace pinion::core::http {

class Shares {
public:
  // `each` jobs of a holder are in the pool at once, `waiting` more may wait; `pool` outlives the jobs.
  Shares(Pool &pool, std::size_t each, std::size_t waiting);

  // [any] Runs the job in the pool, in its holder's order. False, and the job is dropped, when the pool's queue or the
  // holder's is full.
  bool post(const std::string &holder, std::function<void()> job);

private:
  struct State;
  static void run(const std::shared_ptr<State> &state, const std::string &holder, std::function<void()> job);
  std::shared_ptr<State> state_; // the jobs' too
};

} // namespace pinion::core::http
