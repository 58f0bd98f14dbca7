#include "frame.hpp"
#include "websocket.hpp"
#include <pinion/cpp/json_text.hpp>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pinion::websocket {

namespace {

constexpr std::string_view kGeneric = "an unexpected error was encountered while handling this request";
constexpr std::string_view kLocked =
    "another power action is currently being processed for this server, please try again later";
constexpr std::uint32_t kActionDeadline = 30 * 60 * 1000; // ms: a stop may take 10 minutes, a pull of an image 15
constexpr std::uint32_t kCommandDeadline = 10 * 1000, kLogsDeadline = 10 * 1000, kRecordDeadline = 60 * 1000;

struct Action {
  std::string_view name;
  Permission permission;
};
constexpr std::array<Action, 4> kActions{{{"start", kStart}, {"stop", kStop}, {"kill", kStop}, {"restart", kRestart}}};

// An id by which an administrator finds the error in the log: a random UUID.
std::string errorId() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) bytes = {};
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(digits[bytes[i] >> 4]);
    out.push_back(digits[bytes[i] & 15]);
  }
  return out;
}

std::string errorText(const std::string &id, std::string_view text) {
  return "Error Event [" + id + "]: " + std::string(text);
}

} // namespace

void Websocket::handle(Socket &socket, const Inbound &message) {
  if (message.event == "auth") return authenticate(socket, message.argument);
  if (!mayHear(socket)) return;
  if (message.event == "set state")
    changeState(socket, message.argument);
  else if (message.event == "send logs")
    sendLogs(socket);
  else if (message.event == "send stats")
    tellStats(socket);
  else if (message.event == "send command")
    sendCommand(socket, message.argument);
}

// -- auth -------------------------------------------------------------------------------------------------------

// A token for another server is let in here, and fails at each use: so clients know it.
void Websocket::authenticate(Socket &socket, const std::string &jwt) {
  const auto claims = host_.verify(jwt, "websocket");
  auto token = claims ? parseToken(*claims, socket.room->server) : std::nullopt;
  std::string refusal;
  if (!claims && claims.error().code == PINION_E_DENIED)
    refusal = claims.error().text;
  else if (token && token->denied)
    refusal = textOf(Fault::denied);
  else if (token && !token->may(kConnect))
    refusal = textOf(Fault::no_connect);
  if (!refusal.empty()) return put(socket, frame("jwt error", errorText(errorId(), refusal)));
  if (!token) return put(socket, frame("daemon error", errorText(errorId(), kGeneric)));

  const bool first = socket.token == nullptr;
  socket.token = std::make_unique<Token>(std::move(*token));
  put(socket, frame("auth success"));
  if (first) welcome(socket);
}

void Websocket::welcome(Socket &socket) {
  Room &room = *socket.room;
  room.listeners.push_back(&socket);
  if (room.listeners.size() == 1) listen(room); // before the state is read: no change of it can be missed
  watchAge(socket);
  const std::string state = stateOf(room.server);
  tell(socket, "status", state);
  if (state != "offline") return; // a running server's figures come every second
  const Json held = host_.server(room.server, "/held_by");
  if (held == "installing" || held == "transferring") return;
  host_.spawn(measureThenSendStats(socket.id, room.server));
}

Task<void> Websocket::measureThenSendStats(std::uint64_t id, std::string server) {
  // Named: g++ 12 destroys a lambda inside a co_await expression twice.
  const auto measure = [host = host_, server] { return host.usage(server, true); };
  try {
    const auto usage = co_await host_.run(measure);
    if (!usage) host_.debug("the disk use is not known", Json{{"server", server}});
  } catch (const std::exception &e) { // the pool is full: the figures are those known before
    host_.debug("the disk use was not measured", Json{{"server", server}, {"error", e.what()}});
  }
  if (Socket *socket = find(id)) tellStats(*socket);
}

// -- power ------------------------------------------------------------------------------------------------------

void Websocket::changeState(Socket &socket, const std::string &action) {
  const std::string &server = socket.room->server;
  const auto known = std::find_if(kActions.begin(), kActions.end(), [&](const Action &a) { return a.name == action; });
  if (known == kActions.end())
    return report(socket.id, "set state", server, Error{PINION_E_INVALID, "attempting to handle unknown power action"});
  if (!socket.token->may(known->permission)) return;
  host_.spawn(act(socket.id, server, action, socket.token->user, socket.ip));
}

Task<void> Websocket::act(std::uint64_t id, std::string server, std::string action, std::string user, std::string ip) {
  const Answer done =
      co_await host_.call("power/act", server, "{\"action\":" + jsonString(action) + "}", kActionDeadline);
  if (done) {
    record(server, user, ip, "server:power." + action, "{}");
    co_return;
  }
  if (done.error().code != PINION_E_BUSY || done.error().text != kLocked) {
    report(id, "set state", server, done.error());
    co_return;
  }
  if (Socket *socket = find(id)) tell(*socket, "daemon error", errorText(errorId(), kLocked));
}

// -- console ----------------------------------------------------------------------------------------------------

void Websocket::sendLogs(Socket &socket) {
  if (stateOf(socket.room->server) == "offline") return;
  host_.spawn(readLogs(socket.id, socket.room->server));
}

Task<void> Websocket::readLogs(std::uint64_t id, std::string server) {
  const Json configured = host_.node("/system/websocket_log_count");
  const std::int64_t count = configured.is_number_integer() ? configured.get<std::int64_t>() : 150;
  const Answer answer =
      co_await host_.call("power/logs", server, "{\"size\":" + std::to_string(count) + "}", kLogsDeadline);
  if (!answer) {
    if (answer.error().code != PINION_E_NOT_FOUND) report(id, "send logs", server, answer.error());
    co_return;
  }
  Socket *socket = find(id);
  if (socket == nullptr || !mayHear(*socket)) co_return;
  const Json lines = Json::parse(*answer, nullptr, false);
  if (!lines.is_array()) co_return; // null: there are none
  const std::vector<std::uint64_t> only{id};
  for (const auto &line : lines)
    if (line.is_string())
      host_.broadcast(only, frame("console output", line.get_ref<const std::string &>()), PINION_BROADCAST_DROPPABLE);
}

void Websocket::sendCommand(Socket &socket, const std::string &text) {
  if (!socket.token->may(kConsole) || stateOf(socket.room->server) == "offline") return;
  host_.spawn(command(socket.id, socket.room->server, text, socket.token->user, socket.ip));
}

Task<void> Websocket::command(std::uint64_t id, std::string server, std::string text, std::string user,
                              std::string ip) {
  const std::string quoted = jsonString(text);
  const Answer done = co_await host_.call("power/command", server, "{\"commands\":[" + quoted + "]}", kCommandDeadline);
  if (done) {
    record(server, user, ip, "server:console.command", "{\"command\":" + quoted + "}");
    co_return;
  }
  // A server that is just starting has no console yet, one that just ended has none any more: no error.
  const std::string state = stateOf(server);
  if (done.error().code == PINION_E_NOT_FOUND && (state == "starting" || state == "offline")) co_return;
  report(id, "send command", server, done.error());
}

// -- what all of them need --------------------------------------------------------------------------------------

// Only administrators read what went wrong; everybody gets the id under which it is in the log.
void Websocket::report(std::uint64_t id, std::string_view event, const std::string &server, const Error &error) {
  const std::string identifier = errorId();
  host_.warn(
      "a console's request failed",
      Json{{"server", server}, {"event", event}, {"error_identifier", identifier}, {"error", validUtf8(error.text)}});
  const Socket *socket = find(id);
  if (socket == nullptr) return;
  const bool real = socket->token != nullptr && !socket->token->denied && socket->token->may(kSeeErrors);
  put(*socket, frame("daemon error", errorText(identifier, real ? std::string_view(error.text) : kGeneric)));
}

void Websocket::record(const std::string &server, const std::string &user, const std::string &ip,
                       std::string_view event, std::string_view metadata) {
  std::string row = "{\"server\":";
  appendJsonString(row, server);
  row += ",\"user\":";
  if (user.empty())
    row += "null";
  else
    appendJsonString(row, user);
  row += ",\"ip\":";
  appendJsonString(row, ip);
  row += ",\"event\":";
  appendJsonString(row, event);
  row += ",\"metadata\":";
  row += metadata;
  row += "}";
  host_.spawn(keep(server, std::move(row)));
}

// The console does not wait for it. A node without an activity log is no failure.
Task<void> Websocket::keep(std::string server, std::string row) {
  const Answer kept = co_await host_.call("activity/record", server, std::move(row), kRecordDeadline);
  if (!kept && kept.error().code != PINION_E_NOT_FOUND)
    host_.warn("an activity was not recorded", Json{{"server", server}, {"error", validUtf8(kept.error().text)}});
}

std::string Websocket::stateOf(const std::string &server) const {
  const Json state = host_.server(server, "/state");
  return state.is_string() ? state.get<std::string>() : "offline";
}

} // namespace pinion::websocket
