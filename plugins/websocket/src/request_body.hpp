// Bodies of the HTTP API, decoded as leniently as ever (contract http.md 1.4).
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pinion::websocket {

// {"jtis":["...", ...]}. An error of PINION_E_NOT_FOUND stands for an empty body, _INVALID for a wrong one.
Result<std::vector<std::string>> parseDeniedIds(std::string_view body);

void answerBadBody(Exchange &exchange, const Error &error);
// 500 without detail; the detail goes to the log.
void answerFailure(Exchange &exchange, const Host &host, const Error &error);

} // namespace pinion::websocket
