#include "http/auth.hpp"

#include "http/answer.hpp"

namespace pinion::core::http {
namespace {

// The token of "Bearer <token>", split at the first space, "Bearer" as it is.
std::optional<std::string_view> bearerToken(const RequestHead &head) {
  const auto *value = head.find("Authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (value == nullptr || !value->starts_with(kScheme)) return std::nullopt;
  return std::string_view(*value).substr(kScheme.size());
}

Refusal tokenWanted() {
  // "heads" is how the wire has it.
  return {401, "The required authorization heads were not present in the request.", false, true};
}

} // namespace

std::optional<Refusal> checkNodeToken(const RequestHead &head, const FrontHooks &hooks) {
  const auto token = bearerToken(head);
  if (!token) return tokenWanted();
  if (!hooks.node_token_matches || !hooks.node_token_matches(*token))
    return Refusal{403, "You are not authorized to access this endpoint."};
  return std::nullopt;
}

std::optional<Refusal> checkSignedToken(const RequestHead &head, const std::string &scope, const FrontHooks &hooks,
                                        std::string &claims) {
  const bool link = scope == "file-download" || scope == "backup-download" || scope == "file-upload";
  const bool transfer = scope == "transfer";
  std::string token;
  if (const auto query = queryValue(head.target.query, "token"); query && !transfer) {
    token = *query;
  } else if (!link) {
    const auto bearer = bearerToken(head);
    if (!bearer) return tokenWanted();
    token = *bearer;
  }
  if (!hooks.verify_token) return Refusal{500, std::string(kGenericError), true};
  auto verified = hooks.verify_token(token, scope);
  if (verified) {
    claims = std::move(*verified);
    return std::nullopt;
  }
  // Unreadable, badly signed and expired tokens are told nothing; a good token of another purpose finds nothing here.
  const bool expired = verified.error().text.find("exp claim") != std::string::npos;
  if (verified.error().code != Code::denied || expired) return Refusal{500, std::string(kGenericError), true};
  if (transfer) return Refusal{403, "Forbidden."};
  return Refusal{404, "The requested resource was not found on this server."};
}

} // namespace pinion::core::http
