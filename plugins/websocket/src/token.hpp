// What a socket keeps of its client's token: enough to check it before each use, and not the token itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::websocket {

// What a token may be asked for, as bits.
enum Permission : std::uint16_t {
  kNothing = 0,
  kConnect = 1 << 0,
  kConsole = 1 << 1,
  kStart = 1 << 2,
  kStop = 1 << 3,
  kRestart = 1 << 4,
  kReadBackups = 1 << 5,
  kSeeInstall = 1 << 6,
  kSeeTransfer = 1 << 7,
  kSeeErrors = 1 << 8,
};

// "*" grants all but what begins with "admin".
std::uint16_t permissionBits(const std::vector<std::string> &permissions);

// Why a token is no good, in the order in which it is checked.
enum class Fault : std::uint8_t { none, absent, expired, denied, no_connect, other_server };
// The protocol's text; the Panel compares two of them word by word.
std::string_view textOf(Fault fault);

struct Token {
  std::int64_t expires = 0; // Unix seconds; good in that second still
  double issued = 0;        // Unix seconds
  std::string id;           // jti
  std::string user;         // UUID
  std::uint16_t permissions = 0;
  bool other_server = false; // it was made for another server than the socket's
  bool denied = false;       // revoked since

  [[nodiscard]] Fault fault(std::int64_t now) const;
  [[nodiscard]] bool may(std::uint16_t permission) const { return (permissions & permission) == permission; }
};

// From the claims (JSON text) that the host verified. nullopt when they do not have the protocol's shape.
std::optional<Token> parseToken(std::string_view claims, std::string_view server);

} // namespace pinion::websocket
