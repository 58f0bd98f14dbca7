// The WebSocket handshake: checks 3 to 6 of contract websocket.md 1, in that order.
#pragma once

#include "http/request_head.hpp"

#include <functional>
#include <string>
#include <variant>

namespace pinion::core::http {

struct Upgrade {
  std::string answer; // the whole 101
  bool deflate = false;
};

struct UpgradeRefusal {
  int status; // 400 or 403
  std::string reason;
};

std::variant<Upgrade, UpgradeRefusal> checkUpgrade(const RequestHead &head,
                                                   const std::function<bool(std::string_view)> &origin_allowed);

} // namespace pinion::core::http
