// The disk use of one server in bytes: one figure, that a walk of its folder finds and our own writes keep current.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace pinion::core {

// Thread-safe; nothing blocks but for a lock that is held for some instructions.
class DiskUse {
public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Counts growth; false, and nothing is counted, when it would lead beyond `limit` (0: none; a negative limit: nothing
  // fits) or beyond what can be counted. A negative number of bytes gives back and always succeeds.
  bool grow(std::int64_t bytes, std::int64_t limit);
  [[nodiscard]] Clock::time_point lastGrowth() const; // of a call that changed the figure; the epoch when none did

  // Around a walk, one at a time. The walk sees a part of what grow() counts meanwhile, and nobody knows which: all of
  // it is added to what the walk found. So the figure errs by no more than what was written between the two calls, or
  // was counted before the first and not yet written; a walk after both mends it. A walk that cannot see where counted
  // bytes are must not lower the figure: else their room would be given to others, and given back a second time.
  void beginWalk();
  void endWalk(std::int64_t found, bool may_lower = true);
  void abandonWalk();                                              // the figure stays
  [[nodiscard]] bool measured() const { return measured_.load(); } // a walk has ended

private:
  void store(std::int64_t bytes) { bytes_.store(bytes, std::memory_order_relaxed); }

  std::atomic<std::int64_t> bytes_{0}; // written with the lock, read without
  std::atomic<bool> measured_{false};
  mutable std::mutex mutex_;
  bool walking_ = false;
  std::int64_t meanwhile_ = 0;
  Clock::time_point last_growth_;
};

} // namespace pinion::core
