// Who is let in: the node token and signed tokens (contract http.md 1.2 and 7).
#pragma once

#include "http/front.hpp"
#include "http/request_head.hpp"

#include <optional>
#include <string>

namespace pinion::core::http {

struct Refusal {
  int status;
  std::string error;
  bool with_request_id = false;
  bool asks_for_token = false; // adds WWW-Authenticate: Bearer
};

std::optional<Refusal> checkNodeToken(const RequestHead &head, const FrontHooks &hooks);
// On success `claims` holds the token's claims. Links carry their token in the query and nowhere else, a transfer in
// the header and nowhere else; any other scope takes the query first.
std::optional<Refusal> checkSignedToken(const RequestHead &head, const std::string &scope, const FrontHooks &hooks,
                                        std::string &claims);

} // namespace pinion::core::http
