#include "base/ids.hpp"

#include <sys/random.h>

#include <cstring>
#include <stdexcept>

namespace pinion::core {

namespace {

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool isDash(std::size_t position) { return position == 8 || position == 13 || position == 18 || position == 23; }

std::string format(const std::array<std::uint8_t, 16> &bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (isDash(out.size())) out.push_back('-');
    out.push_back(digits[bytes[i] >> 4]);
    out.push_back(digits[bytes[i] & 15]);
  }
  return out;
}

} // namespace

std::optional<ServerId> ServerId::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  ServerId id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (isDash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hexValue(text[i]);
    if (value < 0) return std::nullopt;
    auto &byte = id.bytes_[nibble / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
    ++nibble;
  }
  return id;
}

std::string ServerId::text() const { return format(bytes_); }

bool ServerId::isVersion4() const { return bytes_[6] >> 4 == 4 && bytes_[8] >> 6 == 2; }

std::string randomUuid() {
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the kernel gave no random bytes (getrandom)");
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return format(bytes);
}

} // namespace pinion::core

std::size_t std::hash<pinion::core::ServerId>::operator()(const pinion::core::ServerId &id) const noexcept {
  std::size_t out = 0;
  std::memcpy(&out, id.bytes_.data(), sizeof out); // random bytes: no mixing needed
  return out;
}
