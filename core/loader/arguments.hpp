// The border of the C ABI: checks of what a plugin passes in, and the way back out for results and errors. Nothing that
// crosses may throw, so every table function is one `hosted(...)` or `guarded(...)`.
#pragma once

#include "base/result.hpp"

#include <pinion/services.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::core {

class Host;

constexpr std::size_t kMaxName = 256;                       // bytes of an id, topic, address, key or server
constexpr std::size_t kMaxPath = 4096;                      // bytes of a path or pointer
constexpr std::size_t kMaxPayload = std::size_t{16} << 20u; // bytes of an event, call, answer or document

[[nodiscard]] bool validUtf8(std::string_view text);
// The text of a plugin's status, as it is named in the header without its prefix: "NOT_FOUND".
[[nodiscard]] const char *statusName(pinion_status status);
[[nodiscard]] Code codeOf(pinion_status status); // unknown statuses are Code::internal
inline pinion_status statusOf(Code code) { return static_cast<pinion_status>(code); }

// Fills the caller's struct as far as it reaches.
void fill(pinion_error *out, const Error &error) noexcept;
// What a plugin wrote into its pinion_error; never reads beyond it.
std::string textOf(const pinion_error &error);

// A name: NUL-terminated UTF-8 without control characters, 1 to `limit` bytes. `what` names it in the refusal.
Result<std::string_view> nameArgument(const char *text, const char *what, std::size_t limit = kMaxName);
// A Linux path or JSON pointer: NUL-terminated bytes, 0 to 4095.
Result<std::string_view> pathArgument(const char *text, const char *what);
Result<std::string_view> spanArgument(pinion_span span, const char *what, std::size_t limit = kMaxPayload);

// Gives `text` to the plugin's sink; what the sink returns is passed on.
Result<void> emit(const pinion_sink *out, std::string_view text);

// The Host behind the pointer that a plugin got, or null.
Host *hostOf(const pinion_host *raw) noexcept;

// Runs `f() -> Result<void>`; its error, or what it threw, goes into the caller's struct.
template <typename F> pinion_status guarded(pinion_error *error, F &&f) noexcept {
  try {
    const Result<void> result = f();
    if (result) return PINION_OK;
    fill(error, result.error());
    return statusOf(result.error().code);
  } catch (const std::exception &e) {
    try {
      fill(error, Error{Code::internal, e.what()});
    } catch (...) { // no memory even for the sentence: the status says it
    }
  } catch (...) {
    fill(error, Error{});
  }
  return PINION_E_INTERNAL;
}

// As guarded(), for functions of a host: `f(Host&)`.
template <typename F> pinion_status hosted(const pinion_host *raw, pinion_error *error, F &&f) noexcept {
  return guarded(error, [&]() -> Result<void> {
    Host *host = hostOf(raw);
    if (host == nullptr) return Error{Code::invalid, "the host pointer is no host"};
    return f(*host);
  });
}

} // namespace pinion::core
