// The front as a client on the wire sees it: order of checks, framing, limits.
#include "http/client_for_tests.hpp"

#include <thread>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

void answerOk(const ExchangePtr &exchange) {
  (void)exchange->head(200, {{"Content-Type", "application/json; charset=utf-8"}});
  (void)exchange->finish(R"({"ok":true})");
}

std::string bodyOf(const ExchangePtr &exchange) {
  std::string out;
  char buffer[4096];
  std::int64_t got = 0;
  while ((got = exchange->readBody(buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<std::size_t>(got));
  return got < 0 ? "failed " + std::to_string(got) : out;
}

void echo(const ExchangePtr &exchange) {
  const auto body = bodyOf(exchange);
  (void)exchange->head(200, {});
  (void)exchange->finish(body);
}

// What most tests need.
struct Served : ServedFront {
  explicit Served(FrontOptions options = loopback()) : ServedFront(std::move(options)) {
    route("GET", "/api/system", AuthKind::node, answerOk);
    route("POST", "/api/update", AuthKind::node, echo);
    route("GET", "/api/servers/:server", AuthKind::node, answerOk);
    route("POST", "/stream", AuthKind::none, echo, true);
    route("POST", "/open", AuthKind::none, echo);
    listen();
  }
};

} // namespace

TEST_CASE("A request with the node token is answered, and the connection is kept") {
  Served served;
  RawClient client(served.front.port());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask("GET", "/api/system", kBearer);
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"ok":true})");
    CHECK(answer.headers.at("content-type") == "application/json; charset=utf-8");
    CHECK(answer.headers.at("access-control-allow-origin") == "https://panel");
    CHECK(answer.headers.at("x-request-id").size() == 36);
    CHECK_FALSE(answer.headers.contains("connection"));
    CHECK_FALSE(answer.headers.contains("server"));
  }
}

TEST_CASE("Refusals come in the order of the contract") {
  Served served;
  RawClient client(served.front.port());
  const auto unasked = client.ask("GET", "/api/servers/unknown");
  CHECK(unasked.status == 401);
  CHECK(unasked.headers.at("www-authenticate") == "Bearer");
  CHECK(unasked.body == R"({"error":"The required authorization heads were not present in the request."})");
  for (const auto *header : {"Bearer", "bearer secret", "Basic secret", "secret", "Bearer\tsecret", "Bearer:secret"})
    CHECK(client.ask("GET", "/api/system", std::string("Authorization: ") + header + "\r\n").status == 401);
  const auto wrong = client.ask("GET", "/api/servers/unknown", "Authorization: Bearer wrong\r\n");
  CHECK(wrong.status == 403);
  CHECK(wrong.body == R"({"error":"You are not authorized to access this endpoint."})");
  const auto unknown = client.ask("GET", "/api/servers/unknown", kBearer);
  CHECK(unknown.status == 404);
  CHECK(unknown.body == R"({"error":"The requested resource does not exist on this instance."})");
  CHECK(client.ask("GET", "/api/servers/known", kBearer).status == 200);
  CHECK(client.ask("GET", "/nowhere").status == 401);
  CHECK(client.ask("BREW", "/api/system", "Authorization: Bearer x\r\n").status == 403);
  const auto nowhere = client.ask("DELETE", "/api/system", kBearer);
  CHECK(nowhere.status == 404);
  CHECK(nowhere.body == "404 page not found");
  CHECK(nowhere.headers.at("content-type") == "text/plain");
  CHECK(nowhere.headers.contains("x-request-id"));
}

TEST_CASE("A refused request with a body leaves the connection usable") {
  Served served;
  RawClient client(served.front.port());
  CHECK(client.ask("POST", "/api/update", "", std::string(100'000, 'x')).status == 401);
  CHECK(client.ask("POST", "/api/update", kBearer, "body").body == "body");
}

TEST_CASE("A final slash is redirected away before anything else, and a preflight answered anywhere") {
  Served served;
  RawClient client(served.front.port());
  const auto get = client.ask("GET", "/api/system/?a=1");
  CHECK(get.status == 301);
  CHECK(get.headers.at("location") == "/api/system?a=1");
  CHECK_FALSE(get.headers.contains("x-request-id"));
  CHECK(client.ask("POST", "/api/update/", "", "{}").status == 307);
  CHECK(client.ask("GET", "/api/update/").status == 401);
  for (const auto *path : {"/", "/api/system", "/nowhere/at/all", "*", "/api/system/"}) {
    const auto preflight = client.ask("OPTIONS", path, "Origin: https://other\r\n");
    CHECK(preflight.status == 204);
    CHECK(preflight.headers.at("access-control-allow-methods") == "GET, POST, PATCH, PUT, DELETE, OPTIONS");
    CHECK_FALSE(preflight.headers.contains("content-length"));
  }
}

TEST_CASE("A HEAD request to no route has a length and no body") {
  Served served;
  RawClient client(served.front.port());
  const auto answer = client.ask("HEAD", "/api/system", kBearer);
  CHECK(answer.status == 404);
  CHECK(answer.headers.at("content-length") == "18");
  CHECK(client.ask("GET", "/api/system", kBearer).status == 200);
}

TEST_CASE("Pipelined requests are answered in order, also when the client ends its side") {
  Served served;
  RawClient client(served.front.port());
  std::string all;
  for (int i = 0; i < 20; ++i)
    all += "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n" + std::to_string(10 + i);
  client.send(all + "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n");
  client.endSending();
  for (int i = 0; i < 20; ++i) CHECK(client.answer().body == std::to_string(10 + i));
  CHECK(client.answer().status == 401);
  CHECK(client.rest().empty());
}

TEST_CASE("The connection ends when the client asks for it, or speaks HTTP/1.0") {
  Served served;
  RawClient closing(served.front.port());
  closing.send("GET /api/system HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(closing.answer().headers.at("connection") == "close");
  CHECK(closing.rest().empty());
  RawClient old(served.front.port());
  old.send("GET /api/system HTTP/1.0\r\n\r\n");
  CHECK(old.answer().status == 401);
  CHECK(old.rest().empty());
  RawClient kept(served.front.port());
  kept.send("GET /api/system HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(kept.answer().headers.at("connection") == "keep-alive");
  CHECK(kept.ask("GET", "/api/system", kBearer).status == 200);
}

TEST_CASE("Malformed and smuggled requests end the connection, and nothing after them is read") {
  Served served;
  const std::string next = "GET /api/system HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n";
  for (const auto *request :
       {"GARBAGE\r\n\r\n", "GET /api/system HTTP/1.1\r\n\r\n", "GET /api/system HTTP/9.9\r\nHost: h\r\n\r\n",
        "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n",
        "GET /api/system HTTP/1.1\r\nHost: h\r\nX: 1\r\n folded\r\n\r\n",
        "GET /api/system HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
    CAPTURE(request);
    RawClient client(served.front.port());
    client.send(request + next);
    const auto all = client.rest();
    CHECK(all.starts_with("HTTP/1.1 "));
    CHECK(all.find("Connection: close") != std::string::npos);
    CHECK(all.find("HTTP/1.1 ", 1) == std::string::npos);
    CHECK(all.find("200 OK") == std::string::npos);
  }
}

TEST_CASE("A head without end is refused, and the client can read why") {
  Served served;
  RawClient client(served.front.port());
  std::string filler = "GET /api/system HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 40000; ++i) filler += "X-Filler: aaaaaaaaaaaaaaaa\r\n";
  client.send(filler);
  CHECK(client.answer().status == 431);
}

TEST_CASE("Bodies come whole to the handler, with a length or in chunks") {
  Served served;
  RawClient client(served.front.port());
  const std::string large(1'000'000, 'l');
  CHECK(client.ask("POST", "/open", "", large).body == large);
  client.send("POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n");
  CHECK(client.answer().body == "abcde");
  CHECK(client.ask("POST", "/open").headers.at("content-length") == "0");
}

TEST_CASE("A body over the limit is refused with 413, before it is sent where the client says its size") {
  auto options = ServedFront::loopback();
  options.max_buffered_body = 1000;
  Served served(options);
  RawClient announced(served.front.port());
  announced.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  const auto answer = announced.answer();
  CHECK(answer.status == 413);
  CHECK(answer.headers.at("content-type") == "application/json; charset=utf-8");
  CHECK(answer.body.starts_with(R"({"error":)"));
  CHECK(announced.rest().empty());
  RawClient chunked(served.front.port());
  chunked.send("POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n500\r\n" + std::string(0x500, 'x') +
               "\r\n");
  CHECK(chunked.answer().status == 413);
  RawClient fits(served.front.port());
  CHECK(fits.ask("POST", "/open", "", std::string(1000, 'x')).status == 200);
}

TEST_CASE("A client that waits for 100 Continue gets it when its body is wanted") {
  Served served;
  for (const std::string path : {"/open", "/stream"}) {
    RawClient client(served.front.port());
    client.send("POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.takeThrough("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    CHECK(client.answer().body == "body");
  }
  RawClient refused(served.front.port());
  refused.send("POST /api/update HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  CHECK(refused.answer().status == 401);
  CHECK(refused.rest().empty());
}

TEST_CASE("Slow heads hold no worker") {
  Served served;
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<RawClient>(served.front.port()));
    slow.back()->send("GET /api/system HTTP/1.1\r\nX-Slow: ");
  }
  RawClient quick(served.front.port());
  CHECK(quick.ask("GET", "/api/system", kBearer).status == 200);
  CHECK(served.workers.queued() == 0);
}

TEST_CASE("Slow heads are ended by the deadline, without an answer") {
  auto options = ServedFront::loopback();
  options.head_timeout = std::chrono::seconds(1);
  Served served(options);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<RawClient>(served.front.port()));
    if (i != 0) slow.back()->send("GET /api/system HTTP/1.1\r\nX-Slow: ");
  }
  for (auto &client : slow) CHECK(client->rest().empty());
}

TEST_CASE("A body that stops coming is answered with 408") {
  auto options = ServedFront::loopback();
  options.body_timeout = std::chrono::seconds(1);
  Served served(options);
  RawClient client(served.front.port());
  client.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(client.answer().status == 408);
  CHECK(client.rest().empty());
}

TEST_CASE("Over the bound connections wait until another has gone") {
  auto options = ServedFront::loopback();
  options.max_connections = 2;
  Served served(options);
  auto first = std::make_unique<RawClient>(served.front.port());
  RawClient second(served.front.port());
  CHECK(first->ask("GET", "/api/system", kBearer).status == 200);
  CHECK(second.ask("GET", "/api/system", kBearer).status == 200);
  RawClient third(served.front.port()); // taken by the kernel, not by us
  third.send("GET /api/system HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n");
  CHECK(second.ask("GET", "/api/system", kBearer).status == 200);
  pollfd answered{third.fd(), POLLIN, 0};
  CHECK(::poll(&answered, 1, 0) == 0);
  first->close();
  CHECK(third.answer().status == 200);
}

TEST_CASE("A port that is taken is an error that names it") {
  Served served;
  auto options = ServedFront::loopback();
  options.port = served.front.port();
  ServedFront other(options);
  const auto listened = other.front.listen();
  REQUIRE_FALSE(listened);
  CHECK(listened.error().text.find("127.0.0.1 port " + std::to_string(options.port)) != std::string::npos);
  auto nowhere = ServedFront::loopback();
  nowhere.host = "256.1.1.1";
  ServedFront third(nowhere);
  CHECK_FALSE(third.front.listen());
}

TEST_CASE("Stopping lets an answer under way finish, and ends idle connections") {
  auto served = std::make_unique<ServedFront>();
  Signal running, go_on, stopped;
  served->route("GET", "/slow", AuthKind::none, [&](const ExchangePtr &exchange) {
    running.set();
    if (!go_on.wait()) return;
    (void)exchange->finish("done");
  });
  served->listen();
  RawClient idle(served->front.port()), busy(served->front.port());
  busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(running.wait());
  std::thread stopper([&] {
    served->front.stop(std::chrono::seconds(10));
    stopped.set();
  });
  CHECK(idle.rest().empty());
  CHECK(stopped.count() == 0);
  go_on.set();
  const auto answer = busy.answer();
  CHECK(answer.body == "done");
  CHECK(answer.headers.at("connection") == "close");
  busy.close();
  CHECK(stopped.wait());
  stopper.join();
  served->front.stop(std::chrono::seconds(10)); // again: nothing
}
