// How many lines a console may print: a fixed window that begins with the first line after the last one elapsed.
#pragma once

#include <chrono>
#include <cstdint>

namespace power {

class Throttle {
public:
  using Clock = std::chrono::steady_clock;
  enum class Verdict {
    pass,
    drop,      // too much
    first_drop // the first one dropped since a line passed: say so
  };

  Throttle() = default;
  // `enabled` false: everything passes.
  Throttle(bool enabled, std::uint64_t lines, std::chrono::milliseconds window)
      : enabled_(enabled), lines_(lines), window_(window) {}

  Verdict line(Clock::time_point now) {
    if (!enabled_) return Verdict::pass;
    if (!begun_ || now - began_ > window_) {
      begun_ = true;
      began_ = now;
      count_ = 0;
    }
    if (count_ < lines_) {
      ++count_;
      told_ = false;
      return Verdict::pass;
    }
    if (told_) return Verdict::drop;
    told_ = true;
    return Verdict::first_drop;
  }

private:
  bool enabled_ = false;
  std::uint64_t lines_ = 0;
  std::chrono::milliseconds window_{0};
  bool begun_ = false, told_ = false;
  std::uint64_t count_ = 0;
  Clock::time_point began_;
};

} // namespace power
