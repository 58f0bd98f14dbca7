#include "throttle.hpp"

#include <array>

namespace pinion::websocket {

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr Bucket::Rate kAll{200 * kMillisecond, 10};
constexpr Bucket::Rate kAuth{5000 * kMillisecond, 2};
constexpr Bucket::Rate kLogs{5000 * kMillisecond, 2};
constexpr Bucket::Rate kCommand{1000 * kMillisecond, 10};
constexpr Bucket::Rate kOthers{1000 * kMillisecond, 4};

constexpr std::uint8_t kAllAnnounced = 0x80;
constexpr std::array<std::string_view, 5> kKnown{"auth", "send logs", "send command", "send stats", "set state"};

std::uint64_t hashOf(std::string_view name) { // FNV-1a, never 0
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  return hash | 1u;
}

} // namespace

Verdict Throttle::frame(std::int64_t now) {
  if (all_.take(kAll, now)) {
    announced_ &= static_cast<std::uint8_t>(~kAllAnnounced);
    return Verdict::pass;
  }
  if ((announced_ & kAllAnnounced) != 0) return Verdict::drop;
  announced_ |= kAllAnnounced;
  return Verdict::announce;
}

Verdict Throttle::event(std::string_view name, std::int64_t now) {
  const bool passed = name == "auth"           ? auth_.take(kAuth, now)
                      : name == "send logs"    ? logs_.take(kLogs, now)
                      : name == "send command" ? command_.take(kCommand, now)
                                               : others_.take(kOthers, now);
  const bool known_already = announcedOnce(name, passed);
  if (passed) return Verdict::pass;
  return known_already ? Verdict::drop : Verdict::announce;
}

std::int64_t Throttle::frameWait(std::int64_t now) const { return all_.wait(kAll, now); }

std::int64_t Throttle::commandWait(std::int64_t now) const { return command_.wait(kCommand, now); }

// Was a notice of this name given since it last passed? Remembers that it is given now, or that it passed. Of names we
// do not know only the last is remembered, so that a stranger's names take no memory.
bool Throttle::announcedOnce(std::string_view name, bool passed) {
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    if (kKnown[i] != name) continue;
    const auto bit = static_cast<std::uint8_t>(1u << i);
    const bool before = (announced_ & bit) != 0;
    announced_ = static_cast<std::uint8_t>(passed ? announced_ & ~bit : announced_ | bit);
    return before;
  }
  const std::uint64_t hash = hashOf(name);
  const bool before = unknown_ == hash;
  if (!passed)
    unknown_ = hash;
  else if (before)
    unknown_ = 0;
  return before;
}

} // namespace pinion::websocket
