// What the daemon sends on WebSockets: to many at once, to who reads slowly or not at all, and at the end.
#include "http/socket_for_tests.hpp"

#include <thread>

using namespace pinion::core;
using namespace pinion::core::testing;

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
