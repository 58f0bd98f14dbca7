// What the engine said, as an Error in the words of contract docker.md.
#pragma once

#include "base/result.hpp"
#include "docker/engine.hpp"

#include <string>

namespace pinion::core {

// "Error response from daemon: <message>"; `body` is the engine's {"message":...}, or any text.
std::string engineMessage(int status, const std::string &body);
// `what` + ": " + the message. Code::notFound for 404, Code::busy for 409, Code::invalid for 400, else Code::io.
Error engineError(const std::string &what, int status, const std::string &body);
inline Error engineError(const std::string &what, const EngineAnswer &answer) {
  return engineError(what, answer.status, answer.body);
}
// `what` put before what went wrong on the way to the engine.
Error during(const std::string &what, const Error &problem);

std::string urlEncoded(const std::string &text); // for query values and path segments

} // namespace pinion::core
