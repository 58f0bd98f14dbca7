// One power action at a time: a lock that hands itself on in the order of asking. All use on the lane.
// With a capacity it is held by that many.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

namespace power {

class ActionLock {
public:
  using Ticket = std::uint64_t;
  // Told true: the lock is theirs. Told false: it never will be.
  using Told = std::function<void(bool)>;

  explicit ActionLock(unsigned capacity = 1) : free_(capacity) {}
  ActionLock(const ActionLock &) = delete;
  ActionLock &operator=(const ActionLock &) = delete;

  [[nodiscard]] bool held() const { return free_ == 0; }
  bool tryAcquire() {
    if (free_ == 0 || closed_) return false;
    --free_;
    return true;
  }
  // After tryAcquire() said no. A closed lock tells false at once.
  Ticket enqueue(Told told) {
    if (closed_) {
      told(false);
      return 0;
    }
    waiting_.emplace_back(++last_, std::move(told));
    return last_;
  }
  // Nothing is told any more. No effect when the lock was handed over already.
  void abandon(Ticket ticket) {
    std::erase_if(waiting_, [&](const auto &one) { return one.first == ticket; });
  }
  void release() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    auto told = std::move(waiting_.front().second);
    waiting_.pop_front();
    told(true); // free_ stays: the lock changed hands
  }
  // Nobody gets it any more; those who wait are told so.
  void close() {
    closed_ = true;
    for (auto &[ticket, told] : std::exchange(waiting_, {})) told(false);
  }
  // As close(), but nobody is told: those who wait are going themselves.
  void abandonAll() {
    closed_ = true;
    waiting_.clear();
  }

private:
  unsigned free_;
  bool closed_ = false;
  Ticket last_ = 0;
  std::deque<std::pair<Ticket, Told>> waiting_;
};

// Releases on destruction what was acquired.
class ActionLockGuard {
public:
  // `held` false: guards nothing.
  ActionLockGuard(ActionLock &lock, bool held) : lock_(held ? &lock : nullptr) {}
  ActionLockGuard(const ActionLockGuard &) = delete;
  ActionLockGuard &operator=(const ActionLockGuard &) = delete;
  ~ActionLockGuard() {
    if (lock_ != nullptr) lock_->release();
  }

private:
  ActionLock *lock_;
};

} // namespace power
