#include "http/shares.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace pinion::core::http {

struct Shares::State {
  struct Holder {
    std::size_t running = 0;
    std::deque<std::function<void()>> waiting;
  };
  Pool &pool;
  const std::size_t each, waiting;
  std::mutex mutex;
  std::map<std::string, Holder> holders; // those with jobs
};

Shares::Shares(Pool &pool, std::size_t each, std::size_t waiting) : state_(new State{pool, each, waiting, {}, {}}) {}

bool Shares::post(const std::string &holder, std::function<void()> job) {
  const std::lock_guard lock(state_->mutex);
  auto &mine = state_->holders[holder];
  if (mine.running >= state_->each) {
    if (mine.waiting.size() >= state_->waiting) return false;
    mine.waiting.push_back(std::move(job));
    return true;
  }
  const bool taken = state_->pool.post(
      [state = state_, holder, job = std::move(job)]() mutable { run(state, holder, std::move(job)); });
  if (taken)
    ++mine.running;
  else if (mine.running == 0)
    state_->holders.erase(holder);
  return taken;
}

void Shares::run(const std::shared_ptr<State> &state, const std::string &holder, std::function<void()> job) {
  job();
  job = nullptr;
  const std::lock_guard lock(state->mutex);
  auto &mine = state->holders[holder];
  if (mine.waiting.empty()) {
    if (--mine.running == 0) state->holders.erase(holder);
    return;
  }
  // Behind what others have posted meanwhile. Its own bound was the holder's.
  auto next = std::move(mine.waiting.front());
  mine.waiting.pop_front();
  const bool taken = state->pool.postUnbounded(
      [state, holder, next = std::move(next)]() mutable { run(state, holder, std::move(next)); });
  if (!taken) state->holders.erase(holder); // the pool has stopped
}

} // namespace pinion::core::http
