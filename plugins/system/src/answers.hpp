// The API's answers to what goes wrong (contract http.md 1.4).
#pragma once

#include "body.hpp"

#include <pinion/cpp/plugin.hpp>

namespace pinion::system {

// 400: nothing was sent, or not what was expected.
void answerBadBody(Exchange &exchange, BodyFault fault);
// 500 without detail, with the id of the request; the detail goes to the log.
void answerFailure(Exchange &exchange, const Host &host, const Error &error);
void answerUnknownServer(Exchange &exchange);

} // namespace pinion::system
