// Lines that the daemon itself writes to a console: contract websocket.md 5.3.
#pragma once

#include <string>
#include <string_view>

namespace power {

// Replaces colour tags ("[red]", "[bold]", "[default]", ...) by their escape sequences and, when there was one, appends
// the reset. Tags that are not known stay as they are.
std::string colored(std::string_view text);

// `text` with the daemon's prefix. `app_name` is the node's.
std::string daemonLine(std::string_view app_name, std::string_view text);

} // namespace power
