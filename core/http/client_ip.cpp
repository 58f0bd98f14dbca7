#include "http/client_ip.hpp"

#include "http/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pinion::core::http {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  IpAddress out;
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  out.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data() + 12) == 1) return out;
  return std::nullopt;
}

TrustedProxies::TrustedProxies(const std::vector<std::string> &entries, std::vector<std::string> *wrong) {
  for (const auto &entry : entries) {
    const auto slash = entry.find('/');
    const auto address = IpAddress::parse(std::string_view(entry).substr(0, slash));
    const int offset = entry.find(':') == std::string::npos ? 96 : 0;
    int bits = 128 - offset;
    bool good = address.has_value();
    if (good && slash != std::string::npos) {
      const char *end = entry.data() + entry.size();
      const auto parsed = std::from_chars(entry.data() + slash + 1, end, bits);
      good = parsed.ec == std::errc() && parsed.ptr == end && bits >= 0 && bits <= 128 - offset;
    }
    if (good)
      blocks_.push_back({*address, bits + offset});
    else if (wrong != nullptr)
      wrong->push_back(entry);
  }
}

bool TrustedProxies::contains(std::string_view text) const {
  const auto address = IpAddress::parse(text);
  if (!address) return false;
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const Block &block) {
    const auto whole = static_cast<std::size_t>(block.bits / 8);
    if (std::memcmp(block.address.bytes.data(), address->bytes.data(), whole) != 0) return false;
    if (block.bits % 8 == 0) return true;
    const int shift = 8 - block.bits % 8;
    return (block.address.bytes[whole] >> shift) == (address->bytes[whole] >> shift);
  });
}

std::string TrustedProxies::clientOf(const RequestHead &head, const std::string &peer) const {
  if (blocks_.empty() || !contains(peer)) return peer;
  // From the right: each proxy appended whom it saw. What is left of the first stranger may be invented.
  const std::string list = head.joined("X-Forwarded-For");
  std::string_view rest = list;
  while (!rest.empty()) {
    const auto comma = rest.rfind(',');
    const auto entry = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    if (!IpAddress::parse(entry)) break;
    if (comma == std::string_view::npos || !contains(entry)) return std::string(entry);
    rest = rest.substr(0, comma);
  }
  if (const auto *real = head.find("X-Real-IP"); real != nullptr && IpAddress::parse(trimmed(*real)))
    return std::string(trimmed(*real));
  return peer;
}

} // namespace pinion::core::http
