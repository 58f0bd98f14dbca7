// A connection while a handler's thread reads the body of its request straight from the socket, into its own buffer.
// That thread waits for the client in any case; going by the io loop would cost two copies and two wake-ups a piece.
#pragma once

#include "http/stream.hpp"

#include <chrono>
#include <cstdint>

namespace pinion::core::http {

class BodySocket {
public:
  BodySocket(Stream stream, std::uint64_t length); // of the body that is still to come, at least 1
  [[nodiscard]] bool usable() const { return static_cast<bool>(event_); }

  enum class Got { bytes, late, recalled, broken };
  // [one thread at a time] Waits for bytes up to `wait`; as many as there are, up to `capacity`.
  Got read(char *buffer, std::size_t capacity, std::chrono::milliseconds wait, std::size_t &got);
  void recall(); // [any] A read() that waits ends
  [[nodiscard]] std::uint64_t left() const { return left_; }
  Stream take(); // ends it

private:
  bool fill(char *buffer, std::size_t wanted, std::size_t &got); // false: broken
  void wakeAt(std::uint64_t bytes);                              // not for less than so many

  Stream stream_;
  UniqueFd event_;
  std::uint64_t left_;
  std::uint64_t wake_at_ = 1;
};

} // namespace pinion::core::http
