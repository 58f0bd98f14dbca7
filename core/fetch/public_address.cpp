#include "fetch/public_address.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace pinion::core::fetch {
namespace {

using Bytes4 = std::array<std::uint8_t, 4>;
using Bytes16 = std::array<std::uint8_t, 16>;

template <std::size_t Size> struct Network {
  std::array<std::uint8_t, Size> address;
  unsigned bits;
  [[nodiscard]] bool holds(const std::array<std::uint8_t, Size> &other) const {
    for (unsigned bit = 0; bit < bits; ++bit) {
      const auto mask = static_cast<std::uint8_t>(0x80u >> (bit % 8));
      if (((address[bit / 8] ^ other[bit / 8]) & mask) != 0) return false;
    }
    return true;
  }
};

constexpr std::array<Network<4>, 12> kNotPublic4{{
    {{0, 0, 0, 0}, 8},         // this network; 0.0.0.0 reaches this machine
    {{10, 0, 0, 0}, 8},        // private
    {{100, 64, 0, 0}, 10},     // shared, behind a carrier's NAT
    {{127, 0, 0, 0}, 8},       // loopback
    {{169, 254, 0, 0}, 16},    // link-local, and the metadata of clouds
    {{172, 16, 0, 0}, 12},     // private; Docker's networks
    {{192, 0, 0, 0}, 24},      // protocol assignments
    {{192, 168, 0, 0}, 16},    // private
    {{198, 18, 0, 0}, 15},     // benchmarks
    {{224, 0, 0, 0}, 4},       // multicast
    {{240, 0, 0, 0}, 4},       // reserved
    {{255, 255, 255, 255}, 32} // broadcast
}};

constexpr std::array<Network<16>, 7> kNotPublic6{{
    {{}, 96},                                   // unspecified, loopback, IPv4-compatible
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, // NAT64 of this network
    {{0x01, 0x00}, 64},                         // discard
    {{0xfc, 0x00}, 7},                          // unique local
    {{0xfe, 0x80}, 10},                         // link-local
    {{0xfe, 0xc0}, 10},                         // site-local
    {{0xff, 0x00}, 8},                          // multicast
}};

constexpr Network<16> kMapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Network<16> kNat64{{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Network<16> k6to4{{0x20, 0x02}, 16};
constexpr Network<16> kTeredo{{0x20, 0x01, 0x00, 0x00}, 32};

bool isPublic4(const Bytes4 &address) {
  return std::none_of(kNotPublic4.begin(), kNotPublic4.end(), [&](const auto &net) { return net.holds(address); });
}

bool isPublic6(const Bytes16 &address) {
  const auto inside = [&](std::size_t at, std::uint8_t flip = 0) {
    Bytes4 out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(address[at + i] ^ flip);
    return isPublic4(out);
  };
  if (kMapped.holds(address) || kNat64.holds(address)) return inside(12);
  if (k6to4.holds(address)) return inside(2);
  if (kTeredo.holds(address)) return inside(4) && inside(12, 0xff); // its server, and its client's own address
  return std::none_of(kNotPublic6.begin(), kNotPublic6.end(), [&](const auto &net) { return net.holds(address); });
}

} // namespace

bool isPublic(const sockaddr_storage &address) {
  if (address.ss_family == AF_INET) {
    Bytes4 bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in &>(address).sin_addr, bytes.size());
    return isPublic4(bytes);
  }
  if (address.ss_family == AF_INET6) {
    Bytes16 bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6 &>(address).sin6_addr, bytes.size());
    return isPublic6(bytes);
  }
  return false;
}

} // namespace pinion::core::fetch
