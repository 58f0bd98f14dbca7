// Guarded<T>: a value that can only be reached while its lock is held.
#pragma once

#include <mutex>
#include <utility>

namespace pinion::core {

template <typename T> class Guarded {
public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  // Runs `f(T&)` under the lock. Keep it short; never call out from inside.
  template <typename F> decltype(auto) with(F &&f) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <typename F> decltype(auto) with(F &&f) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

private:
  mutable std::mutex mutex_;
  T value_{};
};

} // namespace pinion::core
