// Hands entries to the activity log, many at a time, and tells when they are kept.
#pragma once

#include "login.hpp"
#include "record.hpp"

#include <pinion/cpp/plugin.hpp>

#include <deque>
#include <functional>
#include <mutex>

namespace sftp {

class Recorder {
public:
  explicit Recorder(const pinion::Host &host) : host_(host) {}
  // [any] `kept` runs on the lane when the entry is kept, or when no log will ever keep it. Bounded by who adds: each
  // session waits for its own.
  void add(const Login &login, const Record &record, std::function<void()> kept);

private:
  struct Entry {
    pinion::Json json;
    std::function<void()> kept;
  };
  pinion::Task<void> work();

  const pinion::Host host_;
  std::mutex mutex_;
  std::deque<Entry> waiting_;
  bool working_ = false;
};

} // namespace sftp
