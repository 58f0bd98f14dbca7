// Ids that must not be mixed with other text, and random UUIDs.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::core {

// A server's UUID. Exactly the lower-case 8-4-4-4-12 text form is accepted: the API finds a server by its exact UUID.
class ServerId {
public:
  ServerId() = default;
  static std::optional<ServerId> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool isVersion4() const; // version nibble 4 and variant 8, 9, a or b
  auto operator<=>(const ServerId &) const = default;

private:
  std::array<std::uint8_t, 16> bytes_{};
  friend struct std::hash<ServerId>;
};

// A fresh random UUIDv4 as text. Thread-safe.
std::string randomUuid();

} // namespace pinion::core

template <> struct std::hash<pinion::core::ServerId> {
  std::size_t operator()(const pinion::core::ServerId &id) const noexcept;
};
