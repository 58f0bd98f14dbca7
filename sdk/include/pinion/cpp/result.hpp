// Values of the C++ wrapper: Json, Error, Result, and what turns them into the ABI's spans, sinks and errors.
#pragma once

#include <pinion/services.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pinion {
inline namespace v0 {

using Json = nlohmann::ordered_json;

// A refusal or failure: the ABI's status and a sentence for people.
struct Error {
  pinion_status code = PINION_E_INTERNAL;
  std::string text;
  int detail = 0; // the errno behind it where there is one
};

// A value or an Error. `Result<void>` is success or an Error.
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

inline pinion_span span(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(pinion_span bytes) { return {static_cast<const char *>(bytes.data), bytes.size}; }

namespace detail {

inline void setError(pinion_error *out, const Error &error) noexcept {
  if (out == nullptr) return;
  out->code = error.code;
  out->detail = error.detail;
  const std::size_t length = std::min(error.text.size(), sizeof(out->message) - 1);
  std::memcpy(out->message, error.text.data(), length);
  out->message[length] = '\0';
}

// A pinion_error to pass down, turned into an Error when the call failed.
class ErrorSlot {
public:
  ErrorSlot() { error_.size = sizeof(error_); }
  pinion_error *get() { return &error_; }
  Error take(pinion_status status) const { return Error{status, error_.message, error_.detail}; }
  // For a service that the daemon does not have.
  Error absent(const char *service) const {
    return Error{PINION_E_UNSUPPORTED, std::string("this daemon has no service \"") + service + "\""};
  }

private:
  pinion_error error_{};
};

inline pinion_status appendTo(void *ctx, pinion_span chunk) noexcept {
  try {
    static_cast<std::string *>(ctx)->append(view(chunk));
    return PINION_OK;
  } catch (...) {
    return PINION_E_INTERNAL;
  }
}

// JSON text of what may hold a file name or a game's output: bytes that are no UTF-8 become U+FFFD instead of an
// exception.
inline std::string dump(const Json &json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

} // namespace detail
} // namespace v0
} // namespace pinion
