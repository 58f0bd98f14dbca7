// The open sockets, and the rooms they are in: one a server.
#pragma once

#include "throttle.hpp"
#include "token.hpp"

#include <pinion/cpp/plugin.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pinion::websocket {

struct Room;

// A command beyond the limits, which waits for its turn instead of being lost: one a socket. So a client that waits for
// each answer is only slowed down; of a flood no more gets through than before.
struct HeldCommand {
  std::string text;
  bool framed; // it has passed as a frame
  Handle timer;
};

// One connection. Kept small: a node holds thousands that say nothing.
struct Socket {
  std::uint64_t id = 0;
  Room *room = nullptr; // null once its end was asked for: nothing more is read from it or told to it
  std::string ip;
  std::unique_ptr<Token> token;  // null until the first successful auth
  std::int64_t opened = 0;       // steady, ns
  std::int64_t told_skipped = 0; // steady, ns: when it last heard that lines were skipped
  std::uint64_t skipped = 0;     // lines that it has not heard of
  Throttle throttle;
  std::unique_ptr<HeldCommand> held;
};

struct Room {
  std::string server;
  std::vector<Socket *> sockets;     // all, oldest first
  std::vector<Socket *> listeners;   // those that were authenticated once: they hear of events
  std::vector<Handle> subscriptions; // there while there are listeners
  std::int64_t told_gap = 0;         // steady, ns
};

} // namespace pinion::websocket
