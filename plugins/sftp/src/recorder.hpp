// Hands entries to the activity log, many at a time. An entry is kept at once: in the spool, until the log has it.
#pragma once

#include "login.hpp"
#include "record.hpp"
#include "spool.hpp"

#include <pinion/cpp/plugin.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace sftp {

class Recorder {
public:
  explicit Recorder(const pinion::Host &host) : host_(host) {}
  // [main] First of all. What an earlier daemon left in the spool goes to the log. Without a spool entries are kept
  // when the log has them.
  Result<void> start(Spool spool);
  // [any] True: the entry is kept. False: it could not be at once, and `kept` runs on the lane when the log has it, or
  // when no log will ever keep it. Bounded by who adds: each session waits for its own.
  bool add(const Login &login, const Record &record, std::function<void()> kept);

private:
  struct Entry {
    std::string text;
    std::function<void()> kept; // none: it is in the spool
    bool again = false;         // the log may have it
  };
  using Entries = std::deque<Entry>;
  pinion::Task<void> work();
  void begin();
  Entries takeRound();
  pinion::Task<void> give(const Entries &entries, std::string text, bool again);

  const pinion::Host host_;
  std::mutex mutex_;
  std::optional<Spool> spool_;
  bool left_in_spool_ = false; // what an earlier daemon left: until the log has it, nothing is put to it
  Entries waiting_;
  std::size_t waiting_bytes_ = 0;
  bool working_ = false;
};

} // namespace sftp
