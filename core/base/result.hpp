// Result<T>: a value, or what went wrong in words for a person. For everything that may happen in normal life.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace pinion::core {

// The same meanings and numbers as pinion_status (sdk/include/pinion/plugin.h).
enum class Code : int {
  ok = 0,
  invalid = -1,
  notFound = -2,
  denied = -3,
  busy = -4,
  timeout = -5,
  cancelled = -6,
  io = -7,
  unsupported = -8,
  stopping = -9,
  internal = -10,
  full = -11,
};

// `text` names the thing and, where there is one, the next step. Never holds a secret.
struct Error {
  Code code = Code::internal;
  std::string text;
  int detail = 0; // the errno behind it where there is one
};

template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : data_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : data_(std::in_place_index<1>, std::move(error)) {}
  explicit operator bool() const { return data_.index() == 0; }
  T &operator*() & { return std::get<0>(data_); }
  const T &operator*() const & { return std::get<0>(data_); }
  T &&operator*() && { return std::get<0>(std::move(data_)); }
  T *operator->() { return &std::get<0>(data_); }
  const T *operator->() const { return &std::get<0>(data_); }
  const Error &error() const { return std::get<1>(data_); }

private:
  std::variant<T, Error> data_;
};

template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return !error_; }
  const Error &error() const { return *error_; }

private:
  std::optional<Error> error_;
};

} // namespace pinion::core
