// Reading an answer's body: it is whole, or an error says that it was cut short.
#pragma once

#include "outbound/dial.hpp"

#include <Poco/Net/HTTPResponse.h>

#include <string>

namespace pinion::core::panel {

using outbound::Connection;

// Throws Poco exceptions of the connection. Code::io: cut short or malformed; Code::invalid: larger than `largest`.
// `keep`: whether the connection is at the start of the next answer afterwards.
Result<std::string> readBody(Connection &connection, const Poco::Net::HTTPResponse &response, std::size_t largest,
                             bool *keep);

} // namespace pinion::core::panel
