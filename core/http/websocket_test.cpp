// WebSockets as a client on the wire sees them.
#include "http/client_for_tests.hpp"
#include "http/deflate.hpp"

#include <mutex>
#include <thread>
#include <vector>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

struct Event {
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
  Event event(std::size_t index) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] { return events_.size() > index; }));
    return events_[index];
  }
  // The first event of the kind on the socket.
  Event wait(std::uint64_t socket, FrameKind kind) {
    std::unique_lock lock(mutex_);
    Event found{};
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
  std::vector<Event> events_;
};

std::string upgradeRequest(const std::string &more = "", const std::string &server = "known") {
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

const std::string kOffer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

int closeCode(const Got &got) {
  if (got.first != 0x88 || got.payload.size() < 2) return 0;
  return static_cast<unsigned char>(got.payload[0]) << 8 | static_cast<unsigned char>(got.payload[1]);
}

std::string closing(int code, const std::string &reason = "") {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason;
}

} // namespace

TEST_CASE("An accepted socket has only the headers of the upgrade, and carries messages both ways") {
  ServedSockets served;
  SocketClient client(served.front.port());
  CHECK(client.handshake == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  const auto id = served.accepted(0);
  client.frame(0x81, "hello");
  client.frame(0x82, "bytes");
  CHECK(served.event(0).data == "hello");
  CHECK(served.event(0).kind == FrameKind::text);
  CHECK(served.event(1).kind == FrameKind::binary);
  CHECK(served.front.frame(id, 1, "answer\n") == Code::ok);
  CHECK(client.text() == "answer\n");
  CHECK(served.front.frame(id, 9, "x") == Code::invalid);
  CHECK(served.front.frame(id + 256, 1, "x") == Code::notFound);
  CHECK(served.front.frame(255, 1, "x") == Code::notFound);
}

TEST_CASE("A refused handshake is answered as the contract has it") {
  ServedSockets served;
  RawClient client(served.front.port());
  auto request = upgradeRequest();
  request.replace(request.find("https://panel"), 13, "https://other");
  client.send(request);
  const auto answer = client.answer();
  CHECK(answer.status == 403);
  CHECK(answer.headers.at("sec-websocket-version") == "13");
  CHECK(answer.headers.at("content-type") == "text/plain; charset=utf-8");
  CHECK(answer.headers.at("x-content-type-options") == "nosniff");
  CHECK(answer.body == "Forbidden\n{\"error\":\"An unexpected error was encountered while processing this request\","
                       "\"request_id\":\"" +
                           answer.headers.at("x-request-id") + "\"}");
  CHECK(served.refused().code == Code::invalid);
  client.send(upgradeRequest("", "unknown"));
  CHECK(client.answer().body == R"({"error":"The requested resource does not exist on this instance."})");
  CHECK(client.ask("GET", "/api/servers/known/ws").status == 400);
}

TEST_CASE("Frames sent right behind the handshake are read") {
  ServedSockets served;
  RawClient client(served.front.port());
  client.send(upgradeRequest() + std::string("\x81\x82\0\0\0\0hi", 8));
  CHECK(served.event(0).data == "hi");
}

TEST_CASE("A ping is answered with its payload, also between fragments") {
  ServedSockets served;
  SocketClient client(served.front.port());
  client.frame(0x01, "{\"a\"");
  client.frame(0x89, std::string(125, 'p'));
  client.frame(0x80, ":1}");
  const auto pong = client.get();
  CHECK(pong.first == 0x8a);
  CHECK(pong.payload == std::string(125, 'p'));
  CHECK(served.event(0).data == "{\"a\":1}");
}

TEST_CASE("A close is answered with its code and no reason, and told once") {
  ServedSockets served;
  for (const int code : {1000, 1001, 3000, 4999}) {
    SocketClient client(served.front.port());
    client.frame(0x88, closing(code, "done here"));
    const auto answer = client.get();
    CHECK(answer.payload == closing(code));
    CHECK(client.rest().empty());
  }
  SocketClient codeless(served.front.port());
  codeless.frame(0x88, "");
  CHECK(codeless.get().payload.empty());
  CHECK(codeless.rest().empty());
  for (const auto &bad : {closing(1005), closing(999), closing(1000, "\xff"), std::string("x")}) {
    SocketClient client(served.front.port());
    client.frame(0x88, bad);
    CHECK(closeCode(client.get()) == 1002);
    CHECK(client.rest().empty());
  }
  served.waitFor(FrameKind::closed, 9);
  CHECK(served.events() == 9);
  CHECK(served.event(0).data == "done here");
  CHECK(served.front.frame(served.accepted(0), 1, "x") == Code::notFound);
}

TEST_CASE("Too much on the wire ends with 1009, broken frames with 1002") {
  ServedSockets served;
  SocketClient large(served.front.port());
  large.frame(0x81, std::string(4096, 'x'));
  CHECK(served.event(0).data.size() == 4096);
  large.frame(0x81, std::string(40000, 'x'));
  const auto answer = large.get();
  CHECK(closeCode(answer) == 1009);
  CHECK(answer.payload.size() == 2);
  CHECK(large.rest().empty());
  SocketClient unmasked(served.front.port());
  unmasked.RawClient::send("\x81\x02hi");
  CHECK(closeCode(unmasked.get()) == 1002);
  CHECK(unmasked.rest().empty());
}

TEST_CASE("Compressed messages are read, bombs passed over, and rubbish ends with 1007") {
  ServedSockets served;
  SocketClient client(served.front.port(), kOffer);
  CHECK(client.handshake.find("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                              "client_no_context_takeover\r\n") != std::string::npos);
  client.frame(0xc1, http::deflated(std::string(32768, 'a')));
  CHECK(served.event(0).data == std::string(32768, 'a'));
  client.frame(0xc1, http::deflated(std::string(32769, 'a')));
  client.frame(0xc1, http::deflated(std::string(500'000, 'a')));
  client.frame(0x81, "after");
  CHECK(served.event(1).data == "after");
  client.frame(0xc1, "\xff\xff\xff");
  CHECK(closeCode(client.get()) == 1007);
}

TEST_CASE("A broadcast reaches all it names, compressed for those that agreed to it") {
  ServedSockets served;
  // One after another: two that connect at once may be accepted in either order.
  SocketClient plain(served.front.port());
  const auto plain_id = served.accepted(0);
  SocketClient packed(served.front.port(), kOffer);
  const std::vector<std::uint64_t> ids{plain_id, served.accepted(1), 99999};
  SocketClient other(served.front.port());
  const std::string message(500, 'm');
  served.front.broadcast(ids.data(), ids.size(), 1, true, message);
  served.front.broadcast(ids.data(), ids.size(), 1, true, "short");
  CHECK(plain.text() == message);
  CHECK(plain.text() == "short");
  const auto first = packed.get();
  CHECK(first.first == 0xc1);
  CHECK(first.payload.size() < 100);
  const auto second = packed.get();
  CHECK(second.first == 0x81); // not worth it
  CHECK(second.payload == "short");
  const auto third = served.accepted(2);
  CHECK(served.front.frame(third, 1, "only this") == Code::ok);
  CHECK(other.text() == "only this");
}

TEST_CASE("Broadcasts and frames keep their order") {
  ServedSockets served;
  SocketClient client(served.front.port());
  const auto id = served.accepted(0);
  for (int i = 0; i < 500; ++i) {
    if (i % 3 == 0)
      CHECK(served.front.frame(id, 1, std::to_string(i)) == Code::ok);
    else
      served.front.broadcast(&id, 1, 1, true, std::to_string(i));
  }
  for (int i = 0; i < 500; ++i) CHECK(client.text() == std::to_string(i));
}

TEST_CASE("A slow socket delays no other, loses its oldest lines, and its owner is told how many") {
  SocketOptions options;
  options.queue_bytes = 100'000;
  ServedSockets served(options);
  SocketClient slow(served.front.port(), "", 4096);
  const auto slow_id = served.accepted(0);
  SocketClient quick(served.front.port());
  const auto quick_id = served.accepted(1);
  const std::vector<std::uint64_t> both{slow_id, quick_id};
  const std::string filler(1000, 'f');
  const int count = 20'000;
  std::thread reader([&] {
    for (int i = 0; i < count; ++i) (void)quick.get();
  });
  // The quick one reads all; it is given the time to by frames, which refuse when there is no room.
  for (int i = 0; i < count; ++i) {
    served.front.broadcast(&slow_id, 1, 1, true, filler + std::to_string(i));
    while (served.front.frame(quick_id, 1, filler) == Code::busy) std::this_thread::yield();
  }
  reader.join();
  CHECK(served.front.frame(slow_id, 1, std::string(100'001, 'x')) == Code::busy);
  CHECK(served.front.frame(slow_id, 1, "last") == Code::ok); // makes room for itself
  int got = 0;
  std::string message;
  while ((message = slow.text()) != "last") ++got;
  CHECK(got < count);
  CHECK(got > 0);
  served.wait(slow_id, FrameKind::dropped);
  int dropped = 0;
  for (std::size_t i = 0; got + dropped < count; ++i) {
    const auto event = served.event(i);
    if (event.kind == FrameKind::dropped && event.socket == slow_id) dropped += std::stoi(event.data);
  }
  CHECK(got + dropped == count);
}

TEST_CASE("A socket with no room for what must not be lost is ended") {
  SocketOptions options;
  options.queue_bytes = 1000;
  ServedSockets served(options);
  SocketClient client(served.front.port());
  const auto id = served.accepted(0);
  served.front.broadcast(&id, 1, 1, false, std::string(2000, 'x'));
  served.wait(id, FrameKind::closed);
  CHECK(client.rest().empty());
}

TEST_CASE("A peer that takes nothing is ended after the write timeout") {
  SocketOptions options;
  options.write_timeout = std::chrono::milliseconds(300);
  options.queue_bytes = 64u << 20;
  ServedSockets served(options);
  SocketClient client(served.front.port(), "", 4096);
  const auto id = served.accepted(0);
  CHECK(served.front.frame(id, 1, std::string(32u << 20, 'x')) == Code::ok);
  served.wait(id, FrameKind::closed);
}

TEST_CASE("Closing sends what is queued, then the close frame, and waits for the answer") {
  ServedSockets served;
  SocketClient client(served.front.port());
  const auto id = served.accepted(0);
  served.front.broadcast(&id, 1, 1, true, "queued");
  CHECK(served.front.closeSocket(id, 4409, "server is suspended") == Code::ok);
  CHECK(served.front.closeSocket(id, 1000, "") == Code::notFound);
  CHECK(served.front.frame(id, 1, "late") == Code::notFound);
  CHECK(client.text() == "queued");
  const auto close = client.get();
  CHECK(closeCode(close) == 4409);
  CHECK(close.payload.substr(2) == "server is suspended");
  client.frame(0x81, "ignored");
  client.frame(0x88, closing(4409));
  CHECK(client.rest().empty());
  CHECK(served.wait(id, FrameKind::closed).socket == id);
  CHECK(served.events() == 1);
}

TEST_CASE("A close that is not answered ends after five seconds, one with code 0 at once") {
  ServedSockets served;
  SocketClient silent(served.front.port());
  const auto silent_id = served.accepted(0);
  SocketClient dropped(served.front.port());
  const auto dropped_id = served.accepted(1);
  const auto began = std::chrono::steady_clock::now();
  CHECK(served.front.closeSocket(silent_id, 1001, "server deleted") == Code::ok);
  CHECK(served.front.closeSocket(dropped_id, 0, "") == Code::ok);
  CHECK(served.event(0).socket == dropped_id);
  CHECK(served.event(0).kind == FrameKind::closed);
  CHECK(dropped.rest().empty());
  CHECK(closeCode(silent.get()) == 1001);
  served.wait(silent_id, FrameKind::closed);
  CHECK(std::chrono::steady_clock::now() - began > std::chrono::seconds(4));
}

TEST_CASE("A client that vanishes is told as closed") {
  ServedSockets served;
  SocketClient client(served.front.port());
  client.close();
  served.wait(served.accepted(0), FrameKind::closed);
}

TEST_CASE("Stopping closes sockets with 1001") {
  ServedSockets served;
  SocketClient client(served.front.port());
  const auto id = served.accepted(0);
  std::thread stopper([&] { served.front.stop(std::chrono::seconds(5)); });
  CHECK(closeCode(client.get()) == 1001);
  client.frame(0x88, closing(1001));
  CHECK(client.rest().empty());
  stopper.join();
  served.wait(id, FrameKind::closed);
  CHECK(served.front.frame(id, 1, "x") == Code::notFound);
}
