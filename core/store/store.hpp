// The SQLite store of the daemon: namespaced keys and values. Thread-safe; calls take milliseconds ([pool] or [lane],
// never io).
//
// What changes is in the write-ahead log when a call returns: the end of the process (kill -9) does not lose it. A loss
// of power may take the last seconds, but breaks nothing: the log is synced at its checkpoints.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

class Store {
public:
  struct Change {
    std::string_view key, value; // no value: the key goes
  };
  static constexpr std::size_t kMostChanges = 16'384;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20u; // of the keys and values of one apply() or page()

  // Opens or makes the file (0600). A file that is no database is moved aside to <path>.broken with a warning.
  static Result<std::unique_ptr<Store>> open(const std::string &path);
  ~Store();

  Result<std::optional<std::string>> get(const std::string &space, const std::string &key);
  Result<void> put(const std::string &space, const std::string &key, std::string_view value);
  Result<void> remove(const std::string &space, const std::string &key);
  Result<std::vector<std::string>> keys(const std::string &space, const std::string &prefix); // sorted
  // All changes or none, in one transaction and in their order.
  Result<void> apply(const std::string &space, std::span<const Change> changes);
  // Gives the entries whose keys begin with `prefix` and come after `after` (absent: the first) to `each`, sorted, at
  // most `limit` and no more than kMostBytes of them, but one at least. `each` is called under the store's lock.
  Result<void> page(const std::string &space, std::string_view prefix, std::optional<std::string_view> after,
                    std::size_t limit, const std::function<void(std::string_view key, std::string_view value)> &each);
  // True the first time for (space, key); forgotten after `expiry` (Unix s).
  Result<bool> claim(const std::string &space, const std::string &key, std::int64_t expiry, std::int64_t now);

private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace pinion::core
