// Whose request it is: the peer, or whom a trusted proxy names (contract http.md 1.3).
#pragma once

#include "http/request_head.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core::http {

// An IPv4 address is kept in its mapped form, so that ::ffff:10.0.0.1 and 10.0.0.1 are the same.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  static std::optional<IpAddress> parse(std::string_view text);
};

class TrustedProxies {
public:
  // Addresses and CIDRs; those that are neither are named in `wrong`.
  TrustedProxies(const std::vector<std::string> &entries, std::vector<std::string> *wrong = nullptr);
  [[nodiscard]] bool contains(std::string_view address) const;
  [[nodiscard]] std::string clientOf(const RequestHead &head, const std::string &peer) const;

private:
  struct Block {
    IpAddress address;
    int bits;
  };
  std::vector<Block> blocks_;
};

} // namespace pinion::core::http
