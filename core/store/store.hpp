// The SQLite store of the daemon: namespaced keys and values, durable when a call returns. Thread-safe; calls take
// milliseconds ([pool] or [lane], never io).
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

class Store {
public:
  // Opens or makes the file (0600). A file that is no database is moved aside to <path>.broken with a warning.
  static Result<std::unique_ptr<Store>> open(const std::string &path);
  ~Store();

  Result<std::optional<std::string>> get(const std::string &space, const std::string &key);
  Result<void> put(const std::string &space, const std::string &key, std::string_view value);
  Result<void> remove(const std::string &space, const std::string &key);
  Result<std::vector<std::string>> keys(const std::string &space, const std::string &prefix); // sorted
  // True the first time for (space, key); forgotten after `expiry` (Unix s).
  Result<bool> claim(const std::string &space, const std::string &key, std::int64_t expiry, std::int64_t now);

private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace pinion::core
