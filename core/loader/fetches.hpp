// The downloads that plugins have open. A pinion_fetch pointer is a number that is looked up here and never used twice,
// so use after close finds nothing instead of freed memory. One table for the process, as read() names no host.
#pragma once

#include "fetch/download.hpp"
#include "loader/host.hpp"

namespace pinion::core {

// Thread-safe.
class Fetches {
public:
  static constexpr std::size_t kMost = 256; // of one plugin at a time
  struct Fetching {
    Fetching(fetch::Request wanted, fetch::TlsSource tls) : request(std::move(wanted)), download(std::move(tls)) {}
    const fetch::Request request;
    std::atomic<bool> asked = false; // its head was asked for
    fetch::Download download;
  };
  using FetchingPtr = std::shared_ptr<Fetching>;
  static Fetches &all();

  // Code::busy over the bound, Code::stopping when the plugin stops. The number is the pointer's.
  Result<std::uint64_t> add(Host &owner, FetchingPtr fetching);
  [[nodiscard]] FetchingPtr find(std::uint64_t number) const;
  void remove(std::uint64_t number);
  // What the plugin has open ends its waits, and what it opens from now on is refused.
  void cancel(const Host &of);
  void drop(const Host &of);

private:
  struct Entry {
    const Host *owner;
    FetchingPtr fetching;
  };
  std::atomic<std::uint64_t> last_ = 0;
  Guarded<std::unordered_map<std::uint64_t, Entry>> open_;
};

} // namespace pinion::core
