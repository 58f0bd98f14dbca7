// Reading what a client sends, as leniently as the protocol's clients need it (contract websocket.md 2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pinion::websocket {

struct Inbound {
  std::string event;
  std::string argument; // all arguments, joined without a separator
};

// nullopt for what is passed over in silence: bad JSON, a root that is no object, arguments that are no strings.
std::optional<Inbound> parseInbound(std::string_view text);

} // namespace pinion::websocket
