#include "frame.hpp"
#include "websocket.hpp"

#include <pinion/cpp/request_body.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace pinion::websocket {

namespace {

constexpr std::size_t kSocketsPerServer = 30;
// A socket without a token gives way to a new one after this time, once the server's sockets are used up: else 30
// strangers lock the owner out.
constexpr std::int64_t kPatience = 30'000'000'000; // ns
constexpr std::uint16_t kPolicy = 1008, kSuspended = 4409;
constexpr std::uint16_t kDrop = 0;
constexpr std::string_view kCommandEvent = "send command";

} // namespace

Clocks Clocks::real() {
  using namespace std::chrono;
  return {[] { return duration_cast<seconds>(system_clock::now().time_since_epoch()).count(); },
          [] { return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count(); }};
}

Websocket::Websocket(Host host, Clocks clocks) : host_(std::move(host)), clocks_(std::move(clocks)) {}

Result<void> Websocket::start() {
  const Json name = host_.node("/app_name");
  app_name_ = name.is_string() ? name.get<std::string>() : "Pinion";

  const auto follow = [this](const char *topic, void (Websocket::*member)(const EventView &)) -> Result<void> {
    auto made = host_.subscribe(topic, PINION_POLICY_ALL, [this, member](const EventView &event) {
      if (event.topic == "subscription.ended")
        host_.error("too many events at once: revoked tokens or deleted servers may have been missed");
      else
        (this->*member)(event);
    });
    if (!made) return made.error();
    subscriptions_.push_back(std::move(*made));
    return {};
  };
  for (const auto &[topic, member] :
       {std::pair{"tokens.denied", &Websocket::onDenied}, std::pair{"deleted", &Websocket::onDeleted},
        std::pair{"server.gone", &Websocket::onDeleted}, std::pair{"server.synced", &Websocket::onSynced}})
    if (auto done = follow(topic, member); !done) return done;

  if (auto added = host_.route("GET", "/api/servers/:server/ws", "none", PINION_ROUTE_LANE,
                               [this](Exchange exchange) { connect(std::move(exchange)); });
      !added)
    return added;
  return host_.route("POST", "/api/servers/:server/ws/deny", "node", PINION_ROUTE_LANE,
                     [this](Exchange exchange) { denyTokens(std::move(exchange)); });
}

// The end of the daemon drops its sockets without a close frame: after 1001 the Panel's page would not come back.
void Websocket::stop() {
  for (const auto &[id, socket] : sockets_) host_.closeSocket(id, kDrop, "");
  ticker_.reset();
  subscriptions_.clear();
  rooms_.clear();
  sockets_.clear();
}

void Websocket::connect(Exchange exchange) {
  const std::string server = exchange.server();
  const auto room = rooms_.find(server);
  const bool full = room != rooms_.end() && room->second.sockets.size() >= kSocketsPerServer;
  Socket *leaver = full ? replaceable(room->second) : nullptr;
  if (full && leaver == nullptr) return exchange.error(400, "Too many open websocket connections.");

  const std::string ip = exchange.field("ip").value_or("");
  pinion_socket_options options{};
  options.max_wire_bytes = 4096;
  options.max_message_bytes = 32768;
  const auto accepted =
      host_.accept(std::move(exchange), options,
                   [this](std::uint64_t id, std::uint32_t kind, std::string_view data) { onFrame(id, kind, data); });
  if (!accepted) return; // a bad handshake or origin: the host has answered
  if (host_.server(server, "/suspended") == true)
    return host_.closeSocket(*accepted, kSuspended, "server is suspended");

  if (leaver != nullptr) end(*leaver, kPolicy, "not authenticated");
  Socket &socket = sockets_[*accepted];
  socket.id = *accepted;
  socket.ip = ip;
  socket.opened = clocks_.steady_ns();
  socket.room = &roomOf(server);
  socket.room->sockets.push_back(&socket);
}

Room &Websocket::roomOf(const std::string &server) {
  Room &room = rooms_[server];
  room.server = server;
  return room;
}

Socket *Websocket::find(std::uint64_t id) {
  const auto found = sockets_.find(id);
  return found != sockets_.end() && found->second.room != nullptr ? &found->second : nullptr;
}

Socket *Websocket::replaceable(const Room &room) const {
  const std::int64_t now = clocks_.steady_ns();
  for (Socket *socket : room.sockets)
    if (socket->token == nullptr && now - socket->opened >= kPatience) return socket;
  return nullptr;
}

void Websocket::onFrame(std::uint64_t id, std::uint32_t kind, std::string_view data) {
  if (kind == PINION_FRAME_CLOSED) {
    if (Socket *socket = find(id)) leave(*socket);
    sockets_.erase(id);
    return;
  }
  Socket *socket = find(id);
  if (socket == nullptr) return;
  if (kind == PINION_FRAME_DROPPED) {
    std::uint64_t count = 0;
    std::from_chars(data.data(), data.data() + data.size(), count);
    socket->skipped += count;
    return tellSkipped(*socket);
  }
  receive(*socket, kind, data);
}

void Websocket::receive(Socket &socket, std::uint32_t kind, std::string_view data) {
  const std::int64_t now = clocks_.steady_ns();
  if (kind == PINION_FRAME_TEXT && socket.throttle.frameWait(now) > 0 && hold(socket, data, false)) return;
  if (const Verdict verdict = socket.throttle.frame(now); verdict != Verdict::pass) {
    if (verdict == Verdict::announce) put(socket, frame("throttled", "global"));
    return;
  }
  if (kind == PINION_FRAME_TEXT) read(socket, data);
}

void Websocket::read(Socket &socket, std::string_view data) {
  const std::int64_t now = clocks_.steady_ns();
  const auto message = parseInbound(data);
  if (!message) return;
  if (message->event == kCommandEvent && socket.throttle.commandWait(now) > 0 && hold(socket, data, true)) return;
  if (const Verdict verdict = socket.throttle.event(message->event, now); verdict != Verdict::pass) {
    if (verdict == Verdict::announce) put(socket, frame("throttled", message->event));
    return;
  }
  handle(socket, *message);
}

// Keeps a command until the limits let it through. Anything else, and a second one, is the throttle's to drop.
bool Websocket::hold(Socket &socket, std::string_view data, bool framed) {
  if (socket.held != nullptr || socket.token == nullptr) return false;
  if (const auto message = parseInbound(data); !message || message->event != kCommandEvent) return false;
  const std::int64_t now = clocks_.steady_ns();
  const std::int64_t wait = std::max(framed ? 0 : socket.throttle.frameWait(now), socket.throttle.commandWait(now));
  auto timer = host_.timer(static_cast<std::uint32_t>((wait + 999'999) / 1'000'000), 0, [this, id = socket.id] {
    Socket *const late = find(id);
    if (late == nullptr || late->held == nullptr) return;
    const auto held = std::move(late->held);
    if (held->framed)
      read(*late, held->text);
    else
      receive(*late, PINION_FRAME_TEXT, held->text);
  });
  if (!timer) return false;
  socket.held = std::make_unique<HeldCommand>(HeldCommand{std::string(data), framed, std::move(*timer)});
  return true;
}

// The close is asked for; the socket's last callback comes later. Until then it counts as gone.
void Websocket::end(Socket &socket, std::uint16_t code, std::string_view reason) {
  leave(socket);
  host_.closeSocket(socket.id, code, reason);
}

void Websocket::leave(Socket &socket) {
  Room &room = *socket.room;
  std::erase(room.sockets, &socket);
  std::erase(room.listeners, &socket);
  socket.room = nullptr;
  socket.token.reset();
  socket.held.reset();
  if (room.sockets.empty())
    rooms_.erase(room.server);
  else if (room.listeners.empty())
    room.subscriptions.clear();
}

void Websocket::endAll(Room &room, std::uint16_t code, std::string_view reason) {
  const std::vector<Socket *> all = room.sockets; // the last to leave takes the room along
  for (Socket *socket : all) end(*socket, code, reason);
}

// POST /api/servers/:server/ws/deny. The denial is the node's, not the server's: so it always was.
void Websocket::denyTokens(Exchange exchange) {
  std::vector<std::string> ids;
  if (!readBody(exchange, [&](const RequestBody &body) { return body.read("jtis", ids); })) return;
  if (const auto denied = host_.deny(Json{{"jtis", ids}}); !denied)
    return answerUnexpected(exchange, host_, denied.error());
  exchange.answer(204);
}

} // namespace pinion::websocket
