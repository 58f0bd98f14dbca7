// The io loop: epoll, timers and posted work on one thread. See docs/threads.md ("io").
//
// Everything registered with a loop runs on its thread and must not block. LoopGroup holds min(4, cores) of them;
// whoever opens a descriptor picks one with next() and keeps it for life. Loop 0 also carries the timers of plugins.
#pragma once

#include "base/fd.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace pinion::core {

using Clock = std::chrono::steady_clock;

class Loop {
public:
  // `events` are EPOLL* bits; called on the loop's thread. After remove() it is never called again.
  using Ready = std::function<void(std::uint32_t events)>;
  using TimerId = std::uint64_t;

  Loop();
  ~Loop(); // joins; start() need not have been called
  Loop(const Loop &) = delete;
  Loop &operator=(const Loop &) = delete;

  void start(const char *thread_name);
  void stop(); // runs what was posted before, then ends the thread. Idempotent

  // [loop thread] The descriptor stays the caller's.
  void add(int fd, std::uint32_t events, Ready ready);
  void modify(int fd, std::uint32_t events);
  void remove(int fd);

  // [any] Runs `work` on the loop's thread; in order. Returns false when the loop has stopped.
  bool post(std::function<void()> work);
  // [any] Once after `delay`; every `period` after that when it is not zero.
  TimerId after(Clock::duration delay, std::function<void()> work, Clock::duration period = {});
  // [any] After it returned on the loop's thread the timer does not fire; elsewhere it may be firing.
  void cancel(TimerId id);
  [[nodiscard]] bool inLoop() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class LoopGroup {
public:
  explicit LoopGroup(std::size_t count = 0); // 0: min(4, cores)
  void start();
  void stop();
  Loop &next(); // [any] round robin
  Loop &first() { return *loops_.front(); }
  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  Loop &at(std::size_t index) { return *loops_[index]; }

private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<std::size_t> next_ = 0;
};

} // namespace pinion::core
