// The API's answers to what goes wrong with files (contract http.md 1.4 and 5).
#pragma once

#include <pinion/cpp/plugin.hpp>
#include <pinion/cpp/request_body.hpp>

namespace pinion::files {

// The answer that the failure's errno or status has; what has none is a 500 without detail, with the detail in the log.
void answerFailure(Exchange &exchange, const Host &host, const Error &error);

// As if a path led out of the server's folder, for what only looks like one.
Error badPath();

// False after it has answered that the body is not what was expected. `read(const RequestBody &) -> bool` says false
// when a member has the wrong type.
template <typename Read> bool readBody(Exchange &exchange, Read read) {
  const auto body = RequestBody::parse(exchange.body());
  if (const auto *fault = std::get_if<BodyFault>(&body)) {
    answerBadBody(exchange, *fault);
    return false;
  }
  if (read(std::get<RequestBody>(body))) return true;
  answerBadBody(exchange, BodyFault::malformed);
  return false;
}

} // namespace pinion::files
