#include "tasks/pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace pinion::core {

namespace {

constexpr int kTurn = 256; // jobs before the lane lets the pool's other work through

thread_local const void *current_lane = nullptr; // the lane whose job this thread runs

} // namespace

struct Lane::Impl : std::enable_shared_from_this<Lane::Impl> {
  using Report = std::function<void(std::chrono::milliseconds)>;

  Impl(Pool &lane_pool, std::string lane_name) : pool(lane_pool), name(std::move(lane_name)) {}

  Pool &pool;
  const std::string name;
  mutable std::mutex mutex; // of all below; a Guarded cannot be waited on
  std::condition_variable idle;
  std::deque<std::function<void()>> queue;
  bool scheduled = false; // a turn is queued at the pool, or runs
  bool running = false;   // a job runs
  bool paused = false, closed = false;
  std::chrono::milliseconds slow_limit{0};
  std::shared_ptr<Report> slow;

  [[nodiscard]] bool inLane() const { return current_lane == this; }

  // With the lock held: has the caller to schedule() once it let go?
  bool claimTurn() {
    if (scheduled || paused || closed || queue.empty()) return false;
    scheduled = true;
    return true;
  }

  // Without the lock. False: the pool has stopped, so nothing of this lane will ever run again.
  bool schedule() {
    if (pool.postUnbounded([self = shared_from_this()] { self->turn(); })) return true;
    std::deque<std::function<void()>> dropped;
    const std::lock_guard lock(mutex);
    scheduled = false;
    closed = true;
    dropped.swap(queue);
    return false;
  }

  void turn() {
    std::unique_lock lock(mutex);
    for (int n = 0; n < kTurn && !queue.empty() && !paused && !closed; ++n) {
      auto job = std::move(queue.front());
      queue.pop_front();
      running = true;
      const auto report = slow;
      const auto limit = slow_limit;
      lock.unlock();
      run(std::move(job), report, limit);
      lock.lock();
      running = false;
      idle.notify_all();
    }
    scheduled = false;
    const bool more = claimTurn();
    lock.unlock();
    if (more) schedule();
  }

  void run(std::function<void()> job, const std::shared_ptr<Report> &report, std::chrono::milliseconds limit) const {
    current_lane = this;
    if (report) {
      const auto begin = std::chrono::steady_clock::now();
      job();
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
      if (took > limit) (*report)(took);
    } else {
      job();
    }
    job = nullptr; // what it captured goes while the lane is still ours
    current_lane = nullptr;
  }
};

Lane::Lane(Pool &pool, std::string name) : impl_(std::make_shared<Impl>(pool, std::move(name))) {}

Lane::~Lane() { close(); }

bool Lane::post(std::function<void()> job) {
  bool turn = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->closed) return false;
    impl_->queue.push_back(std::move(job));
    turn = impl_->claimTurn();
  }
  return !turn || impl_->schedule();
}

// pause() and close() wait without a deadline for one running job. Who runs jobs of others (plugins) pauses by
// pauseFor() first, and closes only what came to rest.
void Lane::pause() {
  std::unique_lock lock(impl_->mutex);
  impl_->paused = true;
  impl_->idle.wait(lock, [&] { return !impl_->running; });
}

bool Lane::pauseFor(std::chrono::milliseconds limit) {
  std::unique_lock lock(impl_->mutex);
  impl_->paused = true;
  return impl_->idle.wait_for(lock, limit, [&] { return !impl_->running; });
}

void Lane::resume() {
  bool turn = false;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->paused = false;
    turn = impl_->claimTurn();
  }
  if (turn) impl_->schedule();
}

void Lane::close() {
  std::deque<std::function<void()>> dropped; // freed after the lock: what a job captured may post again
  std::unique_lock lock(impl_->mutex);
  impl_->closed = true;
  dropped.swap(impl_->queue);
  if (!impl_->inLane()) impl_->idle.wait(lock, [&] { return !impl_->running; });
  lock.unlock();
}

bool Lane::inLane() const { return impl_->inLane(); }

std::size_t Lane::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.size();
}

const std::string &Lane::name() const { return impl_->name; }

void Lane::onSlow(std::chrono::milliseconds limit, std::function<void(std::chrono::milliseconds)> report) {
  const std::lock_guard lock(impl_->mutex);
  impl_->slow_limit = limit;
  impl_->slow = report ? std::make_shared<Impl::Report>(std::move(report)) : nullptr;
}

} // namespace pinion::core
