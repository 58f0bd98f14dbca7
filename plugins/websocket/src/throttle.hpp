// How often a client may speak (contract websocket.md 4.1). Times are nanoseconds of any steady clock.
#pragma once

#include <cstdint>
#include <string_view>

namespace pinion::websocket {

// A token bucket, full at the beginning: `burst` at once, then one each `interval`. Kept as one number, the time at
// which the bucket will be full again.
class Bucket {
public:
  struct Rate {
    std::int64_t interval; // ns
    std::int64_t burst;
  };
  bool take(const Rate &rate, std::int64_t now) {
    const std::int64_t from = full_at_ > now ? full_at_ : now;
    if (from - now > (rate.burst - 1) * rate.interval) return false;
    full_at_ = from + rate.interval;
    return true;
  }

  // How long until take() succeeds; 0: at once.
  std::int64_t wait(const Rate &rate, std::int64_t now) const {
    const std::int64_t from = full_at_ > now ? full_at_ : now;
    const std::int64_t left = from - now - (rate.burst - 1) * rate.interval;
    return left > 0 ? left : 0;
  }

private:
  std::int64_t full_at_ = INT64_MIN;
};

enum class Verdict {
  pass,
  drop,    // in silence: the client was told already
  announce // drop, and tell the client
};

// The limits of one socket. A notice is given once, and again after the next message of that name was accepted.
class Throttle {
public:
  Verdict frame(std::int64_t now); // any frame, before it is read
  Verdict event(std::string_view name, std::int64_t now);
  // How long until another one passes, ns.
  std::int64_t frameWait(std::int64_t now) const;
  std::int64_t commandWait(std::int64_t now) const;

private:
  bool announcedOnce(std::string_view name, bool passed);

  Bucket all_, auth_, logs_, command_, others_;
  std::uint64_t unknown_ = 0;  // hash of the last unknown name that was announced; 0 = none
  std::uint8_t announced_ = 0; // a bit for each name we know, and the highest for all frames
};

} // namespace pinion::websocket
