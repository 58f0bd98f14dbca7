#include "loader/arguments.hpp"

#include "loader/host.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace pinion::core {

namespace {

// The length of the UTF-8 sequence at the beginning of `s`, 0 when it is malformed.
std::size_t sequence(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length == 0 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
  const bool surrogate = lead == 0xed && at(1) > 0x9f;
  const bool beyond = lead == 0xf4 && at(1) > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

} // namespace

bool validUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

const char *statusName(pinion_status status) {
  switch (status) {
  case PINION_OK: return "OK";
  case PINION_E_INVALID: return "INVALID";
  case PINION_E_NOT_FOUND: return "NOT_FOUND";
  case PINION_E_DENIED: return "DENIED";
  case PINION_E_BUSY: return "BUSY";
  case PINION_E_TIMEOUT: return "TIMEOUT";
  case PINION_E_CANCELLED: return "CANCELLED";
  case PINION_E_IO: return "IO";
  case PINION_E_UNSUPPORTED: return "UNSUPPORTED";
  case PINION_E_STOPPING: return "STOPPING";
  case PINION_E_FULL: return "FULL";
  default: return "INTERNAL";
  }
}

Code codeOf(pinion_status status) {
  return status <= PINION_OK && status >= PINION_E_FULL ? static_cast<Code>(status) : Code::internal;
}

void fill(pinion_error *out, const Error &error) noexcept {
  constexpr std::size_t kText = offsetof(pinion_error, message);
  if (out == nullptr || out->size < offsetof(pinion_error, detail)) return;
  out->code = statusOf(error.code);
  if (out->size < kText) return;
  out->detail = error.detail;
  if (out->size <= kText) return;
  const std::size_t room = std::min<std::size_t>(out->size - kText, sizeof out->message) - 1;
  std::size_t length = std::min(error.text.size(), room);
  // Not in the middle of a character.
  while (length < error.text.size() && length > 0 && (static_cast<std::uint8_t>(error.text[length]) & 0xc0) == 0x80)
    --length;
  std::memcpy(out->message, error.text.data(), length);
  out->message[length] = '\0';
}

std::string textOf(const pinion_error &error) {
  return {error.message, ::strnlen(error.message, sizeof error.message)};
}

Result<std::string_view> nameArgument(const char *text, const char *what, std::size_t limit) {
  const auto refuse = [&](const char *why) { return Error{Code::invalid, std::string("the ") + what + " " + why}; };
  if (text == nullptr) return refuse("is NULL");
  const std::size_t length = ::strnlen(text, limit + 1);
  if (length == 0) return refuse("is empty");
  if (length > limit) return refuse("is too long");
  const std::string_view view(text, length);
  if (!validUtf8(view)) return refuse("is not UTF-8");
  if (std::any_of(view.begin(), view.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return refuse("holds a control character");
  return view;
}

Result<std::string_view> pathArgument(const char *text, const char *what) {
  if (text == nullptr) return Error{Code::invalid, std::string("the ") + what + " is NULL"};
  const std::size_t length = ::strnlen(text, kMaxPath);
  if (length == kMaxPath) return Error{Code::invalid, std::string("the ") + what + " is too long"};
  return std::string_view(text, length);
}

Result<std::string_view> spanArgument(pinion_span span, const char *what, std::size_t limit) {
  if (span.size == 0) return std::string_view();
  if (span.data == nullptr) return Error{Code::invalid, std::string("the ") + what + " has a size and no data"};
  if (span.size > limit) return Error{Code::invalid, std::string("the ") + what + " is too long"};
  return std::string_view(static_cast<const char *>(span.data), span.size);
}

Result<void> emit(const pinion_sink *out, std::string_view text) {
  if (out == nullptr || out->write == nullptr) return Error{Code::invalid, "the sink is NULL"};
  if (text.empty()) return {};
  const pinion_status status = out->write(out->ctx, pinion_span{text.data(), text.size()});
  if (status != PINION_OK) return Error{codeOf(status), "the sink refused the answer"};
  return {};
}

Host *hostOf(const pinion_host *raw) noexcept { return raw == nullptr ? nullptr : static_cast<Host *>(raw->impl); }

} // namespace pinion::core
