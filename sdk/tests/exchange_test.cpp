// Routes, the exchanges they are handed, and sockets.
#include "scripted_for_tests.hpp"

using namespace pinion;
using namespace pinion::testing;

TEST_CASE("a route answers with status, body and headers; a dropped exchange and a throwing handler with 500") {
  Stage stage([](Scripted &it) -> Result<void> {
    const auto add = [&it](const char *path, uint32_t flags, auto fn) {
      return it.host.route("POST", path, "node", flags, fn);
    };
    REQUIRE(add("/api/servers/:server/say", 0, [](Exchange x) {
      x.answer(202, Json{{"server", x.server()}, {"word", x.query("word")}, {"body", x.body()}}.dump());
    }));
    REQUIRE(add("/drop", 0, [](Exchange) {}));
    REQUIRE(add("/throw", PINION_ROUTE_LANE, [](Exchange) { throw std::runtime_error("route threw"); }));
    REQUIRE(add("/fail", 0, [](Exchange x) { x.fail({PINION_E_NOT_FOUND, "gone"}); }));
    REQUIRE(add("/bad", 0, [](Exchange x) { x.error(422, "no \xff good"); }));
    REQUIRE(add("/empty", 0, [](Exchange x) { x.answer(204); }));
    REQUIRE(add("/stream", 0, [](Exchange x) {
      x.head(200, Json{{"Content-Type", "text/plain"}});
      CHECK(x.send("a"));
      CHECK(x.send("b"));
      x.finish("c");
      CHECK(x.cancelled());
      CHECK_FALSE(x.send("d"));
      CHECK(x.field("path") == std::nullopt);
    }));
    CHECK_FALSE(add("/drop", 0, [](Exchange) {}));
    return {};
  });
  stage.start();
  const auto said = stage.fake.request("POST", "/api/servers/" + server + "/say?word=a%20b", "hello");
  CHECK(said->status == 202);
  CHECK(said->json() == Json{{"server", server}, {"word", "a b"}, {"body", "hello"}});
  CHECK(said->headers["Content-Type"] == "application/json; charset=utf-8");
  CHECK(stage.fake.request("POST", "/api/servers/unknown/say")->status == 404);
  CHECK(stage.fake.request("POST", "/drop")->status == 500);
  CHECK(stage.fake.request("POST", "/throw")->status == 500);
  CHECK(stage.logged("route threw"));
  CHECK(stage.fake.request("POST", "/fail")->status == 404);
  CHECK(stage.fake.request("POST", "/bad")->json()["error"] == "no \xEF\xBF\xBD good");
  CHECK(stage.fake.request("POST", "/empty")->status == 204);
  const auto streamed = stage.fake.request("POST", "/stream");
  CHECK(streamed->body == "abc");
  CHECK(streamed->headers["Content-Type"] == "text/plain");
  CHECK(stage.fake.misuse().empty());
}

TEST_CASE("a route on the lane hands its exchange to a coroutine") {
  Stage stage([](Scripted &it) -> Result<void> {
    return it.host.route("GET", "/later", "node", PINION_ROUTE_LANE, [&it](Exchange x) {
      it.host.spawn([](Host host, Exchange kept) -> Task<> {
        co_await host.sleep(10);
        kept.answer(200, "[]");
      }(it.host, std::move(x)));
    });
  });
  stage.start();
  const auto response = stage.fake.request("GET", "/later");
  const auto abandoned = stage.fake.request("GET", "/later");
  CHECK_FALSE(response->done);
  stage.fake.advance(10);
  CHECK(response->status == 200);
  const auto cut = stage.fake.request("GET", "/later");
  stage.plugin.stop(); // the frame goes with its exchange, which answers
  CHECK(cut->status == 500);
}

TEST_CASE("a socket's callback lives until the socket is closed") {
  int gone = 0;
  Stage stage([&gone](Scripted &it) -> Result<void> {
    return it.host.route("GET", "/ws", "node", PINION_ROUTE_LANE, [&it, &gone](Exchange x) {
      const auto witness = std::make_shared<Witness>(gone);
      const auto socket =
          it.host.accept(std::move(x), {}, [&it, witness](uint64_t id, uint32_t kind, std::string_view text) {
            if (kind == PINION_FRAME_CLOSED) return it.note("closed " + std::string(text));
            if (text == "throw") throw std::runtime_error("frame threw");
            it.host.frame(id, "you said " + std::string(text));
          });
      if (!socket) it.note(socket.error().text);
    });
  });
  stage.start();
  auto &socket = stage.fake.connect("/ws");
  socket.say("hi");
  socket.say("throw");
  stage.fake.pump();
  CHECK(socket.texts() == Notes{"you said hi"});
  CHECK(stage.logged("frame threw"));
  CHECK(gone == 0);
  socket.leave("bye");
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"closed bye"});
  CHECK(gone == 1);
  CHECK_FALSE(stage.plugin->host.frame(1, "nobody"));
  CHECK(stage.fake.request("GET", "/ws")->status == 400); // no handshake
  CHECK(stage.plugin->notes.back() == "the request is no WebSocket handshake");
  CHECK(gone == 2);
}
