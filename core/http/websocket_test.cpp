// WebSockets as a client on the wire sees them: its handshake, what it sends, and how it goes.
#include "http/socket_for_tests.hpp"

using namespace pinion::core;
using namespace pinion::core::testing;

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

TEST_CASE("A client that vanishes is told as closed") {
  ServedSockets served;
  SocketClient client(served.front.port());
  client.close();
  served.wait(served.accepted(0), FrameKind::closed);
}
