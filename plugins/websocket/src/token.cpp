#include "token.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace pinion::websocket {

namespace {

constexpr std::array<std::pair<std::string_view, Permission>, 9> kNames{{
    {"websocket.connect", kConnect},
    {"control.console", kConsole},
    {"control.start", kStart},
    {"control.stop", kStop},
    {"control.restart", kRestart},
    {"backup.read", kReadBackups},
    {"admin.websocket.install", kSeeInstall},
    {"admin.websocket.transfer", kSeeTransfer},
    {"admin.websocket.errors", kSeeErrors},
}};

double number(const nlohmann::json &claims, const char *name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_number() ? found->get<double>() : 0;
}

std::string text(const nlohmann::json &claims, const char *name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

std::uint16_t permissionBits(const std::vector<std::string> &permissions) {
  std::uint16_t bits = 0;
  for (const auto &given : permissions)
    for (const auto &[name, bit] : kNames)
      if (given == name || (given == "*" && !name.starts_with("admin"))) bits |= bit;
  return bits;
}

std::string_view textOf(Fault fault) {
  switch (fault) {
  case Fault::none: return "";
  case Fault::absent: return "jwt: no jwt present";
  case Fault::expired: return "jwt: exp claim is invalid";
  case Fault::denied: return "jwt: created too far in past (denylist)";
  case Fault::no_connect: return "jwt: missing connect permission";
  case Fault::other_server: return "jwt: server uuid mismatch";
  }
  return "";
}

Fault Token::fault(std::int64_t now) const {
  if (now > expires) return Fault::expired;
  if (denied) return Fault::denied;
  if (!may(kConnect)) return Fault::no_connect;
  if (other_server) return Fault::other_server;
  return Fault::none;
}

std::optional<Token> parseToken(std::string_view claims, std::string_view server) {
  const auto document = nlohmann::json::parse(claims, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  Token token;
  // Clamped to what no clock will reach: beyond that the cast would be undefined.
  token.expires = static_cast<std::int64_t>(std::floor(std::clamp(number(document, "exp"), 0.0, 9e15)));
  token.issued = number(document, "iat");
  token.id = text(document, "jti");
  token.user = text(document, "user_uuid");
  token.other_server = text(document, "server_uuid") != server;
  // A token that names nobody could neither be attributed nor taken back.
  token.denied = token.user.empty();
  std::vector<std::string> permissions;
  if (const auto found = document.find("permissions"); found != document.end() && found->is_array())
    for (const auto &one : *found)
      if (one.is_string()) permissions.push_back(one.get<std::string>());
  token.permissions = permissionBits(permissions);
  return token;
}

} // namespace pinion::websocket
