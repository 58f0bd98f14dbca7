// The console of a server over a WebSocket: what the Panel's browser page speaks (contract websocket.md).
//
// All of it runs on the plugin's lane. A socket is looked up by its id after every co_await: it may be gone by then.
#pragma once

#include "inbound.hpp"
#include "sockets.hpp"

#include <pinion/cpp/plugin.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pinion::websocket {

struct Clocks {
  std::function<std::int64_t()> unix_seconds; // of the wall
  std::function<std::int64_t()> steady_ns;
  static Clocks real();
};

// A topic that rooms listen to, and how.
struct Topic {
  const char *name;
  std::uint32_t policy;
  std::uint32_t flags; // of broadcast()
};

class Websocket {
public:
  explicit Websocket(Host host, Clocks clocks = Clocks::real());

  Result<void> start();
  void stop();

private:
  // -- connections (connections.cpp) ----------------------------------------------------------------------------
  void connect(Exchange exchange);
  void onFrame(std::uint64_t id, std::uint32_t kind, std::string_view data);
  bool hold(Socket &socket, std::string_view data, bool framed);
  void receive(Socket &socket, std::uint32_t kind, std::string_view data);
  void read(Socket &socket, std::string_view data);
  Room &roomOf(const std::string &server);
  Socket *find(std::uint64_t id); // null when it is gone or going
  Socket *replaceable(const Room &room) const;
  void end(Socket &socket, std::uint16_t code, std::string_view reason);
  void leave(Socket &socket);
  void endAll(Room &room, std::uint16_t code, std::string_view reason);
  void denyTokens(Exchange exchange);

  // -- what clients ask for (inbound_events.cpp) ----------------------------------------------------------------
  void handle(Socket &socket, const Inbound &message);
  void authenticate(Socket &socket, const std::string &jwt);
  void welcome(Socket &socket);
  void changeState(Socket &socket, const std::string &action);
  void sendLogs(Socket &socket);
  void sendCommand(Socket &socket, const std::string &command);
  Task<void> measureThenSendStats(std::uint64_t id, std::string server);
  Task<void> act(std::uint64_t id, std::string server, std::string action, std::string user, std::string ip);
  Task<void> readLogs(std::uint64_t id, std::string server);
  Task<void> command(std::uint64_t id, std::string server, std::string text, std::string user, std::string ip);
  void report(std::uint64_t id, std::string_view event, const std::string &server, const Error &error);
  void record(const std::string &server, const std::string &user, const std::string &ip, std::string_view event,
              std::string_view metadata);
  Task<void> keep(std::string server, std::string row);
  std::string stateOf(const std::string &server) const;

  // -- what clients are told (outbound.cpp) ---------------------------------------------------------------------
  Fault faultOf(const Socket &socket) const;
  void put(const Socket &socket, std::string_view text) const; // whatever its token says
  bool mayHear(const Socket &socket);                          // false: it got a jwt error instead
  void tell(const Socket &socket, std::string_view event, std::string_view argument);
  void tellStats(const Socket &socket);
  void listen(Room &room);
  void hear(Room &room, const Topic &topic, const EventView &event);
  void spread(Room &room, std::string_view event, std::string_view argument, std::uint32_t flags);
  void sortListeners(Room &room, std::string_view event);
  void tellGap(Room &room, std::string_view event);
  void tellSkipped(Socket &socket);

  // -- what ends rights (revocation.cpp) ------------------------------------------------------------------------
  void onDenied(const EventView &event);
  void onDeleted(const EventView &event);
  void onSynced(const EventView &event);
  void watchAge(Socket &socket);
  void tick();
  void tellAge(Socket &socket);

  Host host_;
  Clocks clocks_;
  std::string app_name_;
  std::unordered_map<std::uint64_t, Socket> sockets_;
  std::map<std::string, Room, std::less<>> rooms_; // by server
  std::vector<Handle> subscriptions_;              // of what concerns every room
  // Sockets are looked at every 30 s from their first auth on: one slot a second, one timer for all.
  static constexpr std::size_t kSlots = 30;
  std::array<std::vector<std::uint64_t>, kSlots> wheel_;
  std::size_t slot_ = 0;
  Handle ticker_;
  // Reused by every event, so that a console line allocates nothing.
  std::string frame_;
  std::vector<std::uint64_t> receivers_;
  std::array<std::vector<std::uint64_t>, 6> refused_; // by Fault
};

} // namespace pinion::websocket
