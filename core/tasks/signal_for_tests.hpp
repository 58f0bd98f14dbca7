// A flag that a test waits for, with a deadline. Only for *_test.cpp files.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace pinion::core::testing {

constexpr std::chrono::seconds kDeadline{20}; // generous: a busy machine must not fail a test

class Signal {
public:
  void set(int times = 1) {
    const std::lock_guard lock(mutex_);
    count_ += times;
    changed_.notify_all();
  }
  // Waits until set() was called so many times in all; false when the deadline passed first.
  [[nodiscard]] bool wait(int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return count_ >= times; });
  }
  [[nodiscard]] int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// Checks made on other threads than the test's, where Catch's own may not be used. The test asks failed() at its end.
class Elsewhere {
public:
  void check(bool holds) {
    if (!holds) ++failed_;
  }
  [[nodiscard]] int failed() const { return failed_; }

private:
  std::atomic<int> failed_ = 0;
};

} // namespace pinion::core::testing
