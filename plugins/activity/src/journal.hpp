// The stored entries: kept together in few transactions, taken away when the Panel has them. All on the lane.
#pragma once

#include "entry.hpp"

#include <pinion/cpp/plugin.hpp>
#include <pinion/cpp/signal.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace activity {

using pinion::Host;
using pinion::Task;

// A change of the store: key and value, an empty value removes.
using Change = std::pair<std::string, std::string>;

class Journal {
public:
  // With a Panel that is away for very long the oldest entries go, so that the disk does not fill: some 400 MB.
  static constexpr std::uint64_t kMostKept = 1'000'000;
  static constexpr std::size_t kMostWaitingBytes = std::size_t{32} << 20u; // of entries that are not stored yet
  static constexpr std::size_t kMostWaiting = 65'536;

  using Done = std::function<void(const Result<void> &)>;

  explicit Journal(Host host) : host_(std::move(host)) {}

  // Stores the entries, with `more` changes in the same transaction, then calls `done`. What comes meanwhile goes into
  // the next transaction together. PINION_E_BUSY, at once, when too much waits. `again`: entries that are stored
  // already, word for word, are passed over.
  void add(std::vector<Entry> entries, std::vector<Change> more, Done done, bool again = false);
  // The same, awaited.
  Task<Result<void>> keep(std::vector<Entry> entries, std::vector<Change> more);
  // Entries that the Panel has. A failure leaves them.
  Task<Result<void>> remove(std::vector<std::string> keys);

private:
  struct Waiting {
    std::vector<Entry> entries;
    std::vector<Change> more;
    Done done;
    bool again = false;
  };
  Task<void> write();
  Task<Result<void>> passOver(std::vector<Waiting> &group);
  static Result<void> removeStored(const Host &host, std::vector<Waiting> &group);
  Task<Result<void>> open();
  // Takes what fits into one transaction.
  std::vector<Waiting> takeGroup();
  std::vector<Change> changesOf(const std::vector<Waiting> &group);
  Task<void> dropOldest();
  void tell(const Entry &entry) const;

  Host host_;
  std::deque<Waiting> waiting_;
  std::size_t entries_ = 0, bytes_ = 0; // of waiting_
  bool writing_ = false;
  std::optional<std::uint64_t> next_; // the number of the next entry, stored with it
  std::uint64_t looked_at_ = 0;       // next_ when too old entries were last looked for
  std::optional<std::chrono::steady_clock::time_point> warned_at_;
  pinion::Signal written_;
};

} // namespace activity
