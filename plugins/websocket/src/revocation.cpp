#include "frame.hpp"
#include "websocket.hpp"

#include <set>
#include <utility>

namespace pinion::websocket {

namespace {

constexpr std::uint16_t kDrop = 0, kGoingAway = 1001, kSuspended = 4409;
constexpr std::int64_t kExpiresSoon = 60; // s

std::set<std::string> texts(const Json &list) {
  std::set<std::string> out;
  for (const auto &one : list)
    if (one.is_string()) out.insert(one.get<std::string>());
  return out;
}

} // namespace

// {"jtis":[...]}: these tokens are no good from now on, the sockets stay. {"user","servers":[...]}: all sockets of the
// servers (none named: of all) are dropped, and whoever may still come in comes back by himself.
void Websocket::onDenied(const EventView &event) {
  const Json what = event.json();
  if (!what.is_object()) return;
  if (const auto ids = what.find("jtis"); ids != what.end()) {
    const std::set<std::string> denied = texts(*ids);
    const double at = static_cast<double>(event.time_ms) / 1000;
    for (auto &[id, socket] : sockets_)
      if (socket.token != nullptr && socket.token->issued < at && denied.contains(socket.token->id))
        socket.token->denied = true;
    return;
  }
  if (!what.contains("user")) return;
  const auto named = what.find("servers");
  const bool everywhere = named == what.end() || !named->is_array() || named->empty();
  const std::set<std::string> servers = everywhere ? std::set<std::string>() : texts(*named);
  for (auto next = rooms_.begin(); next != rooms_.end();) {
    Room &room = (next++)->second; // a room ends with its last socket
    if (everywhere || servers.contains(room.server)) endAll(room, kDrop, "");
  }
}

// "deleted" comes first and is passed on; whoever came in between that and "server.gone" is closed then.
void Websocket::onDeleted(const EventView &event) {
  const auto room = rooms_.find(event.server);
  if (room == rooms_.end()) return;
  if (event.topic == "deleted") spread(room->second, "deleted", event.payload, 0);
  endAll(room->second, kGoingAway, "server deleted");
}

void Websocket::onSynced(const EventView &event) {
  const auto room = rooms_.find(event.server);
  if (room == rooms_.end()) return;
  const Json what = event.json();
  if (what.is_object() && what.value("suspended", false)) endAll(room->second, kSuspended, "server is suspended");
}

// -- age --------------------------------------------------------------------------------------------------------

void Websocket::watchAge(Socket &socket) {
  wheel_[slot_].push_back(socket.id); // looked at when the wheel has gone round once
  if (ticker_) return;
  auto made = host_.timer(1000, 1000, [this] { tick(); });
  if (made)
    ticker_ = std::move(*made);
  else
    host_.error("consoles will not be told that their tokens expire", Json{{"error", made.error().text}});
}

void Websocket::tick() {
  slot_ = (slot_ + 1) % kSlots;
  std::erase_if(wheel_[slot_], [this](std::uint64_t id) { return find(id) == nullptr; });
  for (const std::uint64_t id : wheel_[slot_])
    if (Socket *socket = find(id)) tellAge(*socket);
  for (const auto &slot : wheel_)
    if (!slot.empty()) return;
  ticker_.reset();
}

void Websocket::tellAge(Socket &socket) {
  const std::int64_t left = socket.token->expires - clocks_.unix_seconds();
  if (left > kExpiresSoon) return;
  if (mayHear(socket)) put(socket, frame(left <= 0 ? "token expired" : "token expiring"));
}

} // namespace pinion::websocket
