// A front with a WebSocket route, and a client that speaks frames. Only for *_test.cpp files.
#pragma once

#include "http/client_for_tests.hpp"
#include "http/deflate.hpp"

#include <condition_variable>
#include <mutex>
#include <vector>

namespace pinion::core::testing {

struct SocketEvent {
  std::uint64_t socket;
  FrameKind kind;
  std::string data;
};

// A front with one WebSocket route; what comes in is kept in order.
class ServedSockets : public ServedFront {
public:
  explicit ServedSockets(SocketOptions options = {}) {
    route("GET", "/api/servers/:server/ws", AuthKind::none, [this, options](const ExchangePtr &exchange) {
      const auto id = exchange->accept(options, [this](std::uint64_t socket, FrameKind kind, std::string data) {
        const std::lock_guard lock(mutex_);
        events_.push_back({socket, kind, std::move(data)});
        changed_.notify_all();
      });
      const std::lock_guard lock(mutex_);
      if (id)
        accepted_.push_back(*id);
      else
        refused_.push_back(id.error());
      changed_.notify_all();
    });
    listen();
  }
  ~ServedSockets() { end(); }
  std::uint64_t accepted(std::size_t index) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] { return accepted_.size() > index; }));
    return accepted_[index];
  }
  Error refused() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] { return !refused_.empty(); }));
    return refused_.back();
  }
  SocketEvent event(std::size_t index) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] { return events_.size() > index; }));
    return events_[index];
  }
  // The first event of the kind on the socket.
  SocketEvent wait(std::uint64_t socket, FrameKind kind) {
    std::unique_lock lock(mutex_);
    SocketEvent found{};
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] {
      for (const auto &event : events_)
        if (event.socket == socket && event.kind == kind) {
          found = event;
          return true;
        }
      return false;
    }));
    return found;
  }
  std::size_t events() {
    const std::lock_guard lock(mutex_);
    return events_.size();
  }
  // Waits until `count` events of the kind came for all sockets together.
  void waitFor(FrameKind kind, std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] {
      std::size_t found = 0;
      for (const auto &event : events_) found += event.kind == kind ? 1u : 0u;
      return found >= count;
    }));
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> accepted_;
  std::vector<Error> refused_;
  std::vector<SocketEvent> events_;
};

inline std::string upgradeRequest(const std::string &more = "", const std::string &server = "known") {
  return "GET /api/servers/" + server +
         "/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://panel\r\n" +
         more + "\r\n";
}

struct Got {
  int first = 0; // the frame's first byte
  std::string payload;
};

class SocketClient : public RawClient {
public:
  explicit SocketClient(int port, const std::string &more = "", int receive_buffer = 0)
      : RawClient(port, receive_buffer) {
    RawClient::send(upgradeRequest(more));
    handshake = takeThrough("\r\n\r\n");
    REQUIRE(handshake.starts_with("HTTP/1.1 101 "));
  }
  void frame(int first, std::string_view payload) {
    std::string out{static_cast<char>(first)};
    if (payload.size() < 126)
      out.push_back(static_cast<char>(0x80 | static_cast<int>(payload.size())));
    else
      out += {static_cast<char>(0x80 | 126), static_cast<char>(payload.size() >> 8),
              static_cast<char>(payload.size() & 0xff)};
    out += std::string(4, '\0'); // a mask of zeros leaves the payload as it is
    RawClient::send(out + std::string(payload));
  }
  Got get() {
    Got out;
    const auto head = take(2);
    if (head.size() < 2) return out;
    out.first = static_cast<unsigned char>(head[0]);
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size >= 126) {
      const auto length = take(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : length) size = size << 8 | static_cast<unsigned char>(c);
    }
    out.payload = take(size);
    return out;
  }
  // The text of a message, inflated when it came compressed.
  std::string text() {
    const auto got = get();
    if (got.first == 0x81) return got.payload;
    REQUIRE(got.first == 0xc1);
    std::string out;
    REQUIRE(http::inflateMessage(got.payload, 10'000'000, out) == http::Inflated::ok);
    return out;
  }

  std::string handshake;
};

inline const std::string kOffer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

inline int closeCode(const Got &got) {
  if (got.first != 0x88 || got.payload.size() < 2) return 0;
  return static_cast<unsigned char>(got.payload[0]) << 8 | static_cast<unsigned char>(got.payload[1]);
}

inline std::string closing(int code, const std::string &reason = "") {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason;
}

} // namespace pinion::core::testing
