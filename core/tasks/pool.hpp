// Worker threads with a bounded queue, and serial lanes on top of them. See docs/threads.md ("workers", "lanes").
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace pinion::core {

// A pool that grows from `min` to `max` threads while work waits, and shrinks again after some idle seconds.
class Pool {
public:
  struct Limits {
    std::size_t min_threads = 2;
    std::size_t max_threads = 16;
    std::size_t queue = 4096; // jobs; over it post() refuses
  };
  Pool(std::string name, Limits limits);
  ~Pool(); // stop()
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  // [any] False when the queue is full or the pool has stopped. A job must not throw; what it throws ends in a log-less
  // std::terminate, so border code catches first.
  bool post(std::function<void()> job);
  // [any] As post(), but not bounded: for lanes, which bound their own queues.
  bool postUnbounded(std::function<void()> job);
  void stop(); // runs what is queued, joins. Idempotent
  [[nodiscard]] std::size_t threads() const;
  [[nodiscard]] std::size_t queued() const;

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// A serial queue: its jobs run one after another, on any thread of the pool. Drains up to 256 jobs a turn.
class Lane {
public:
  explicit Lane(Pool &pool, std::string name);
  ~Lane(); // close()
  Lane(const Lane &) = delete;
  Lane &operator=(const Lane &) = delete;

  // [any] False when the lane is closed. Bounds are the caller's (subscriptions, replies): each source counts its own.
  bool post(std::function<void()> job);
  // [any but a job of this lane] Waits for the running job and lets no further one begin until resume().
  void pause();
  // As pause(), but gives up waiting after `limit`: false when the job still runs (no further one begins either way).
  [[nodiscard]] bool pauseFor(std::chrono::milliseconds limit);
  void resume();
  // Waits for the running job (unless called from it), drops the queue and refuses from then on. Idempotent.
  void close();
  [[nodiscard]] bool inLane() const; // on the thread that runs a job of this lane now
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] const std::string &name() const;
  // Called on the pool's thread with the duration after each job that took longer than `limit`.
  void onSlow(std::chrono::milliseconds limit, std::function<void(std::chrono::milliseconds)> report);

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
