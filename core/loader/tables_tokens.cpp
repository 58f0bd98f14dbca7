// "pinion.tokens/1"
#include "loader/arguments.hpp"
#include "loader/tables.hpp"
#include "servers/json_cursor.hpp"

#include <vector>

namespace pinion::core {

namespace {

pinion_status verify(const pinion_host *raw, pinion_span jwt, const char *scope, const pinion_sink *claims,
                     pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto token = spanArgument(jwt, "token", 65536);
    if (!token) return token.error();
    const auto purpose = nameArgument(scope, "scope", 64);
    if (!purpose) return purpose.error();
    const auto json = host.services().tokens.verify(*token, *purpose);
    if (!json) return json.error();
    return emit(claims, *json);
  });
}

pinion_status useOnce(const pinion_host *raw, const char *id, std::int64_t expiry, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    // An id may be empty: a token without one works once for all of them (contract http.md 7).
    const auto text = pathArgument(id, "id");
    if (!text) return text.error();
    if (!validUtf8(*text)) return Error{Code::invalid, "the id is not UTF-8"};
    return host.services().tokens.useOnce(std::string(*text), expiry);
  });
}

pinion_status deny(const pinion_host *raw, pinion_span what, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto json = spanArgument(what, "denial", 1u << 20u);
    if (!json) return json.error();
    std::vector<std::string> jtis, servers;
    std::string user;
    bool has_jtis = false;
    JsonCursor cursor(*json);
    const bool object = cursor.kind() == JsonCursor::Kind::object;
    cursor.object([&](std::string_view key) {
      if (key == "jtis") {
        has_jtis = true;
        cursor.read(jtis);
      }
      if (key == "user") cursor.read(user);
      if (key == "servers") cursor.read(servers);
    });
    cursor.finish();
    if (!object || cursor.failed() || has_jtis == !user.empty())
      return Error{Code::invalid, "a denial has either \"jtis\" or \"user\""};
    if (has_jtis)
      host.services().tokens.denyIds(jtis);
    else
      host.services().tokens.denyUser(user, servers);
    host.services().bus.publish("tokens.denied", "", std::string(*json));
    return {};
  });
}

} // namespace

const pinion_tokens_v1 *tokensTable() {
  static constexpr pinion_tokens_v1 table{sizeof(pinion_tokens_v1), 0, &verify, &useOnce, &deny};
  return &table;
}

} // namespace pinion::core
