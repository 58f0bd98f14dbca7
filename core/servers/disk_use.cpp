#include "servers/disk_use.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

std::int64_t saturated(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

} // namespace

bool DiskUse::grow(std::int64_t bytes, std::int64_t limit) {
  if (bytes == 0) return true;
  const std::lock_guard lock(mutex_);
  const std::int64_t now = bytes_.load(std::memory_order_relaxed);
  std::int64_t then = 0;
  if (bytes > 0 && (__builtin_add_overflow(now, bytes, &then) || (limit != 0 && then > limit))) return false;
  if (bytes < 0) then = std::max<std::int64_t>(0, saturated(now, bytes));
  store(then);
  if (walking_) meanwhile_ = saturated(meanwhile_, bytes);
  last_growth_ = Clock::now();
  return true;
}

DiskUse::Clock::time_point DiskUse::lastGrowth() const {
  const std::lock_guard lock(mutex_);
  return last_growth_;
}

void DiskUse::beginWalk() {
  const std::lock_guard lock(mutex_);
  walking_ = true;
  meanwhile_ = 0;
}

void DiskUse::endWalk(std::int64_t found, bool may_lower) {
  const std::lock_guard lock(mutex_);
  const std::int64_t least = may_lower ? 0 : bytes_.load(std::memory_order_relaxed);
  store(std::max(least, saturated(found, meanwhile_)));
  walking_ = false;
  measured_ = true;
}

void DiskUse::abandonWalk() {
  const std::lock_guard lock(mutex_);
  walking_ = false;
}

} // namespace pinion::core
