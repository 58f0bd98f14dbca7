// Was the end of a server a crash, and may it be started again? Contract docker.md 8.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace power {

struct Exit {
  std::int64_t code = 0;
  bool out_of_memory = false;
};

struct CrashPolicy {
  bool clean_exit_is_crash = true;
  std::chrono::seconds timeout{60}; // 0: always start again
};

enum class CrashVerdict { no_crash, too_soon, restart };

inline CrashVerdict judge(const Exit &exit, const CrashPolicy &policy,
                          std::optional<std::chrono::steady_clock::time_point> last,
                          std::chrono::steady_clock::time_point now) {
  if (exit.code == 0 && !exit.out_of_memory && !policy.clean_exit_is_crash) return CrashVerdict::no_crash;
  if (policy.timeout.count() != 0 && last && *last + policy.timeout > now) return CrashVerdict::too_soon;
  return CrashVerdict::restart;
}

} // namespace power
