#include "frame.hpp"
#include "websocket.hpp"

#include <algorithm>
#include <utility>

namespace pinion::websocket {

namespace {

constexpr std::uint32_t kKept = 0, kDroppable = PINION_BROADCAST_DROPPABLE;
constexpr std::string_view kBackupCompleted = "backup completed";

// Lines may be lost by a client that reads too slowly, what changes a page's state may not. "deleted" is heard for all
// servers at once (revocation.cpp): sockets without a token have to be closed as well.
constexpr Topic kTopics[] = {
    {"status", PINION_POLICY_ALL, kKept},
    {"stats", PINION_POLICY_LATEST, kDroppable},
    {"console output", PINION_POLICY_DROP_OLDEST, kDroppable},
    {"install started", PINION_POLICY_ALL, kKept},
    {"install output", PINION_POLICY_DROP_OLDEST, kDroppable},
    {"install completed", PINION_POLICY_ALL, kKept},
    {"daemon message", PINION_POLICY_ALL, kKept},
    {"backup completed*", PINION_POLICY_ALL, kKept},
    {"backup restore completed", PINION_POLICY_ALL, kKept},
    {"transfer logs", PINION_POLICY_ALL, kDroppable},
    {"transfer status", PINION_POLICY_ALL, kKept},
    {"feature match", PINION_POLICY_ALL, kKept},
};

constexpr std::int64_t kBetweenNotices = 1'000'000'000; // ns

std::uint16_t permissionFor(std::string_view event) {
  if (event == "install output") return kSeeInstall;
  if (event == "transfer logs") return kSeeTransfer;
  if (event.starts_with(kBackupCompleted)) return kReadBackups;
  return kNothing;
}

} // namespace

Fault Websocket::faultOf(const Socket &socket) const {
  return socket.token == nullptr ? Fault::absent : socket.token->fault(clocks_.unix_seconds());
}

void Websocket::put(const Socket &socket, std::string_view text) const { host_.frame(socket.id, text); }

bool Websocket::mayHear(const Socket &socket) {
  const Fault fault = faultOf(socket);
  if (fault == Fault::none) return true;
  put(socket, frame("jwt error", textOf(fault)));
  return false;
}

void Websocket::tell(const Socket &socket, std::string_view event, std::string_view argument) {
  if (mayHear(socket)) put(socket, frame(event, argument));
}

void Websocket::tellStats(const Socket &socket) {
  if (!mayHear(socket)) return;
  const auto stats = host_.readServer(socket.room->server, "/utilization");
  if (stats) put(socket, frame("stats", *stats));
}

// -- events to rooms --------------------------------------------------------------------------------------------

void Websocket::listen(Room &room) {
  room.subscriptions.clear();
  for (const Topic &topic : kTopics) {
    auto made = host_.subscribe(std::string(topic.name) + "@" + room.server, topic.policy,
                                [this, &room, &topic](const EventView &event) { hear(room, topic, event); });
    if (made)
      room.subscriptions.push_back(std::move(*made));
    else
      host_.error("a console will not hear of an event",
                  Json{{"server", room.server}, {"event", topic.name}, {"error", made.error().text}});
  }
}

void Websocket::hear(Room &room, const Topic &topic, const EventView &event) {
  if (event.topic == "subscription.ended") {
    // More than the bus keeps for us came at once. Begin anew, and repeat what the pages show all the time.
    host_.warn("events of a server were lost: too many at once", Json{{"server", room.server}, {"event", topic.name}});
    listen(room);
    return spread(room, "status", stateOf(room.server), kKept);
  }
  const std::string_view name = wireName(event.topic);
  if ((event.flags & PINION_EVENT_GAP) != 0 && topic.policy == PINION_POLICY_DROP_OLDEST) tellGap(room, name);
  const bool quoted = (event.flags & PINION_EVENT_RAW) == 0 && event.payload.starts_with('"');
  if (quoted)
    spread(room, name, argumentOf(event.payload), topic.flags);
  else
    spread(room, name, event.payload, topic.flags);

  // The Panel's page waits for the name with the backup's UUID, which no daemon ever sent: it is sent as well.
  if (name != kBackupCompleted) return;
  const Json backup = event.json();
  if (!backup.is_object() || !backup.contains("uuid") || !backup["uuid"].is_string()) return;
  frame_.clear();
  appendFrame(frame_, "backup completed:" + backup["uuid"].get<std::string>(), event.payload);
  if (!receivers_.empty()) host_.broadcast(receivers_, frame_, topic.flags);
}

// One frame for all who may hear it, encoded once. The others get a jwt error in its place.
void Websocket::spread(Room &room, std::string_view event, std::string_view argument, std::uint32_t flags) {
  sortListeners(room, event);
  if (!receivers_.empty()) {
    frame_.clear();
    appendFrame(frame_, event, argument);
    host_.broadcast(receivers_, frame_, flags);
  }
  for (std::size_t fault = 1; fault < refused_.size(); ++fault) {
    if (refused_[fault].empty()) continue;
    frame_.clear();
    appendFrame(frame_, "jwt error", textOf(static_cast<Fault>(fault)));
    host_.broadcast(refused_[fault], frame_, flags);
  }
}

void Websocket::sortListeners(Room &room, std::string_view event) {
  receivers_.clear();
  for (auto &group : refused_) group.clear();
  const std::uint16_t needed = permissionFor(event);
  const std::int64_t now = clocks_.unix_seconds();
  for (Socket *socket : room.listeners) {
    if (socket->skipped != 0) tellSkipped(*socket);
    const Fault fault = socket->token->fault(now);
    if (fault != Fault::none)
      refused_[static_cast<std::size_t>(fault)].push_back(socket->id);
    else if (socket->token->may(needed))
      receivers_.push_back(socket->id);
  }
}

// -- lines that got lost ----------------------------------------------------------------------------------------

void Websocket::tellGap(Room &room, std::string_view event) {
  const std::int64_t now = clocks_.steady_ns();
  if (room.told_gap != 0 && now - room.told_gap < kBetweenNotices) return;
  room.told_gap = now;
  spread(room, event, daemonLine(app_name_, "Some lines were skipped because the node could not keep up with them."),
         kDroppable);
}

// At most once a second: else the notices would fill what the lines left free.
void Websocket::tellSkipped(Socket &socket) {
  if (faultOf(socket) != Fault::none) {
    socket.skipped = 0;
    return;
  }
  const std::int64_t now = clocks_.steady_ns();
  if (socket.told_skipped != 0 && now - socket.told_skipped < kBetweenNotices) return;
  const std::string text = std::to_string(socket.skipped) +
                           (socket.skipped == 1 ? " console line was" : " console lines were") +
                           " skipped because this connection reads too slowly";
  if (!host_.frame(socket.id, frame("console output", daemonLine(app_name_, text))))
    return; // full: with the next event
  socket.skipped = 0;
  socket.told_skipped = now;
}

} // namespace pinion::websocket
