// The API's answers to what goes wrong with files (contract http.md 1.4 and 5).
#pragma once

#include <pinion/cpp/plugin.hpp>
#include <pinion/cpp/request_body.hpp>

namespace pinion::files {

// The answer that the failure's errno or status has; what has none is a 500 without detail, with the detail in the log.
void answerFailure(Exchange &exchange, const Host &host, const Error &error);

// As if a path led out of the server's folder, for what only looks like one.
Error badPath();

} // namespace pinion::files
