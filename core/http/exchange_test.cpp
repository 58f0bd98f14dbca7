// What a handler can do with its exchange, right and wrong, and what the client then sees.
#include "http/client_for_tests.hpp"

#include <thread>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

// Runs `handler` for one GET of /x with the given request lines, and gives the answer.
Received answerOf(std::function<void(ExchangePtr)> handler, const std::string &version = "HTTP/1.1") {
  ServedFront served;
  served.route("GET", "/x", AuthKind::none, std::move(handler));
  served.listen();
  RawClient client(served.front.port());
  client.send("GET /x " + version + "\r\nHost: h\r\nConnection: close\r\n\r\n");
  auto answer = client.answer();
  CHECK(client.rest().empty());
  return answer;
}

} // namespace

TEST_CASE("An exchange knows what was asked") {
  ServedFront served;
  Elsewhere elsewhere;
  std::map<std::string, std::optional<std::string>> seen;
  served.route("GET", "/get/:name/:other", AuthKind::token, [&](const ExchangePtr &exchange) {
    for (const auto *name : {"method", "path", "path:name", "path:none", "query:q", "query:none", "header:x-one",
                             "header:none", "claims", "claim:n", "claim:none", "ip", "request-id", "nonsense"})
      seen[name] = exchange->field(name);
    elsewhere.check(exchange->method() == "GET");
    elsewhere.check(exchange->path() == "/get/a b/c");
    (void)exchange->finish("");
  });
  served.listen();
  RawClient client(served.front.port());
  const auto answer = client.ask("GET", "/get/a%20b/c?token=signed&q=1+2", "X-One: v\r\n");
  CHECK(elsewhere.failed() == 0);
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-length") == "0");
  CHECK_FALSE(answer.headers.contains("content-type"));
  CHECK(seen["method"] == "GET");
  CHECK(seen["path"] == "/get/a b/c");
  CHECK(seen["path:name"] == "a b");
  CHECK(seen["query:q"] == "1 2");
  CHECK(seen["header:x-one"] == "v");
  CHECK(seen["claims"] == R"({"sub":"x","n":[1,2]})");
  CHECK(seen["claim:n"] == "[1,2]");
  CHECK(seen["ip"] == "127.0.0.1");
  CHECK(seen["request-id"] == answer.headers.at("x-request-id"));
  for (const auto *name : {"path:none", "query:none", "header:none", "claim:none", "nonsense"})
    CHECK(seen[name] == std::nullopt);
  const auto refused = client.ask("GET", "/get/a/b?token=bad");
  CHECK(refused.status == 500);
  CHECK(refused.body ==
        R"({"error":"An unexpected error was encountered while processing this request","request_id":")" +
            refused.headers.at("x-request-id") + "\"}");
}

TEST_CASE("An answer of pieces is chunked, with a length exact, and to HTTP/1.0 ended by closing") {
  Elsewhere elsewhere;
  const auto pieces = [&](const ExchangePtr &exchange) {
    elsewhere.check(exchange->send("one,") == Code::ok);
    elsewhere.check(exchange->send("") == Code::ok);
    elsewhere.check(exchange->send("two,") == Code::ok);
    elsewhere.check(exchange->finish("three") == Code::ok);
  };
  const auto chunked = answerOf(pieces);
  CHECK(chunked.headers.at("transfer-encoding") == "chunked");
  CHECK(chunked.body == "one,two,three");
  const auto old = answerOf(pieces, "HTTP/1.0");
  CHECK_FALSE(old.headers.contains("transfer-encoding"));
  CHECK(old.headers.at("connection") == "close");
  CHECK(old.body == "one,two,three");
  const auto exact = answerOf([&](const ExchangePtr &exchange) {
    elsewhere.check(exchange->head(200, {{"Content-Length", "13"}}) == Code::ok);
    pieces(exchange);
  });
  CHECK(exact.headers.at("content-length") == "13");
  CHECK(exact.body == "one,two,three");
  CHECK(elsewhere.failed() == 0);
}

TEST_CASE("Answers that have no body get none") {
  const auto answer = answerOf([](const ExchangePtr &exchange) {
    (void)exchange->head(204, {});
    (void)exchange->finish("ignored");
  });
  CHECK(answer.status == 204);
  CHECK_FALSE(answer.headers.contains("content-length"));
}

TEST_CASE("More than the announced length is cut off, less ends the connection") {
  Elsewhere elsewhere;
  const auto more = answerOf([&](const ExchangePtr &exchange) {
    (void)exchange->head(200, {{"Content-Length", "3"}});
    elsewhere.check(exchange->send("abcd") == Code::invalid);
    elsewhere.check(exchange->finish("e") == Code::invalid);
  });
  CHECK(more.body == "abc");
  CHECK(elsewhere.failed() == 0);
  ServedFront served;
  served.route("GET", "/short", AuthKind::none, [](const ExchangePtr &exchange) {
    (void)exchange->head(200, {{"Content-Length", "10"}});
    (void)exchange->finish("abc");
  });
  served.route("GET", "/dropped", AuthKind::none, [](const ExchangePtr &exchange) { (void)exchange->send("abc"); });
  served.listen();
  RawClient client(served.front.port());
  CHECK(client.ask("GET", "/short").body.size() <= 3);
  RawClient other(served.front.port());
  other.send("GET /dropped HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(other.rest().find("0\r\n\r\n") == std::string::npos); // not a whole answer
}

TEST_CASE("An exchange that nobody answers, or whose handler throws, is answered with 500") {
  const auto forgotten = answerOf([](const ExchangePtr &) {});
  CHECK(forgotten.status == 500);
  CHECK(forgotten.body.find("request_id") != std::string::npos);
  const auto thrown = answerOf([](const ExchangePtr &) { throw std::runtime_error("oops"); });
  CHECK(thrown.status == 500);
  CHECK(thrown.headers.at("content-length") == "0");
}

TEST_CASE("The first answer wins, from whatever thread") {
  std::thread later;
  Elsewhere elsewhere;
  const auto answer = answerOf([&](const ExchangePtr &exchange) {
    later = std::thread([&elsewhere, exchange] {
      elsewhere.check(exchange->head(202, {}) == Code::ok);
      elsewhere.check(exchange->head(200, {}) == Code::invalid);
      elsewhere.check(exchange->finish("") == Code::ok);
      elsewhere.check(exchange->finish("") == Code::invalid);
      elsewhere.check(exchange->send("x") == Code::invalid);
      elsewhere.check(exchange->fail(Code::internal, "") == Code::invalid);
    });
  });
  later.join();
  CHECK(elsewhere.failed() == 0);
  CHECK(answer.status == 202);
  CHECK(answer.headers.at("content-length") == "0");
}

TEST_CASE("Headers that would split the answer or its framing are refused") {
  std::vector<Code> codes;
  const auto answer = answerOf([&](const ExchangePtr &exchange) {
    codes = {exchange->head(200, {{"X", "a\r\nSet-Cookie: b"}}),
             exchange->head(200, {{"X Y", "a"}}),
             exchange->head(200, {{"Transfer-Encoding", "chunked"}}),
             exchange->head(200, {{"Content-Length", "x"}}),
             exchange->head(200, {{"Content-Length", "1"}, {"content-length", "1"}}),
             exchange->head(99, {}),
             exchange->fail(Code::notFound, "no such thing")};
  });
  std::vector<Code> expected(6, Code::invalid);
  expected.push_back(Code::ok);
  CHECK(codes == expected);
  CHECK(answer.status == 404);
  CHECK(answer.body == R"({"error":"no such thing","request_id":")" + answer.headers.at("x-request-id") + "\"}");
}

TEST_CASE("A streamed body is read as it comes, and no faster than the handler reads") {
  ServedFront served;
  Signal go_on;
  std::size_t total = 0;
  served.route(
      "POST", "/up", AuthKind::none,
      [&](const ExchangePtr &exchange) {
        if (!go_on.wait()) return;
        std::vector<char> buffer(100'000);
        std::int64_t got = 0;
        while ((got = exchange->readBody(buffer.data(), buffer.size())) > 0) total += static_cast<std::size_t>(got);
        (void)exchange->finish(std::to_string(got));
      },
      true);
  served.listen();
  RawClient client(served.front.port());
  const std::size_t size = 40'000'000;
  client.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  // Without back-pressure all of it would go into the front's memory while the handler does not read.
  const std::string piece(65536, 'x');
  std::size_t sent = 0;
  pollfd writable{client.fd(), POLLOUT, 0};
  while (sent < size && ::poll(&writable, 1, 500) == 1) {
    const auto wrote =
        ::send(client.fd(), piece.data(), std::min(piece.size(), size - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote > 0) sent += static_cast<std::size_t>(wrote);
  }
  CHECK(sent < size);
  go_on.set();
  client.send(std::string(size - sent, 'x'));
  CHECK(client.answer().body == "0");
  CHECK(total == size);
  CHECK(client.ask("POST", "/up", "", "again").status == 200);
}

TEST_CASE("A streamed body that is broken, cut off or late is told to the handler") {
  const bool late = GENERATE(false, true);
  auto options = ServedFront::loopback();
  if (late) options.body_timeout = std::chrono::seconds(1);
  ServedFront served(options);
  std::int64_t last = 0;
  Signal done;
  served.route(
      "POST", "/up", AuthKind::none,
      [&](const ExchangePtr &exchange) {
        char buffer[100];
        while ((last = exchange->readBody(buffer, sizeof buffer)) > 0) {
        }
        (void)exchange->fail(static_cast<Code>(last), "");
        done.set();
      },
      true);
  served.listen();
  const std::string chunked = "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  if (late) {
    RawClient waiting(served.front.port());
    waiting.send(chunked + "3\r\nab");
    REQUIRE(done.wait());
    CHECK(last == static_cast<int>(Code::timeout));
    return;
  }
  RawClient broken(served.front.port());
  broken.send(chunked + "3\r\nabcX");
  CHECK(broken.answer().status == 400);
  CHECK(broken.rest().empty());
  CHECK(last == static_cast<int>(Code::invalid));
  RawClient cut(served.front.port());
  cut.send(chunked + "3\r\nab");
  cut.close();
  REQUIRE(done.wait(2));
  CHECK(last == static_cast<int>(Code::cancelled));
}

TEST_CASE("A streamed body that trickles is late, however steadily it comes") {
  auto options = ServedFront::loopback();
  options.body_timeout = std::chrono::seconds(1);
  ServedFront served(options);
  std::int64_t last = 0;
  Signal done;
  served.route(
      "POST", "/up", AuthKind::none,
      [&](const ExchangePtr &exchange) {
        char byte = 0;
        while ((last = exchange->readBody(&byte, 1)) > 0) {
        }
        (void)exchange->fail(Code::timeout, "");
        done.set();
      },
      true);
  served.listen();
  RawClient client(served.front.port());
  client.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 100 && done.count() == 0; ++i) {
    (void)::poll(nullptr, 0, 100); // the client's own pace
    (void)::send(client.fd(), "x", 1, MSG_NOSIGNAL);
  }
  REQUIRE(done.count() == 1);
  CHECK(last == static_cast<int>(Code::timeout));
}

TEST_CASE("A sender waits for a client that reads slowly, and hears when it goes") {
  ServedFront served;
  Signal sent_some, done;
  std::atomic<std::size_t> sent = 0;
  Code last = Code::ok;
  bool cancelled = false;
  served.route("GET", "/down", AuthKind::none, [&](const ExchangePtr &exchange) {
    const std::string piece(100'000, 'd');
    while (last == Code::ok) {
      last = exchange->send(piece);
      sent += piece.size();
      sent_some.set();
    }
    cancelled = exchange->cancelled();
    done.set();
  });
  served.listen();
  RawClient client(served.front.port(), 4096);
  client.send("GET /down HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)client.take(1'000'000);
  REQUIRE(sent_some.wait(10));
  // A quick client is served meanwhile.
  served.route("GET", "/quick", AuthKind::none, [](const ExchangePtr &exchange) { (void)exchange->finish("q"); });
  RawClient quick(served.front.port());
  CHECK(quick.ask("GET", "/quick").body == "q");
  CHECK(sent < 50'000'000); // what the kernel holds and half a megabyte of ours
  client.close();
  REQUIRE(done.wait());
  CHECK(last == Code::cancelled);
  CHECK(cancelled);
}

TEST_CASE("A route runs where it says, and a refusal to run is answered with 503") {
  ServedFront served;
  Route lane;
  lane.method = "GET";
  lane.path = "/lane";
  lane.auth = AuthKind::none;
  std::atomic<int> asked = 0;
  lane.run = [&](const std::function<void()> &job) {
    if (++asked > 1) return false;
    job();
    return true;
  };
  lane.handler = [](const ExchangePtr &exchange) { (void)exchange->finish("lane"); };
  REQUIRE(served.front.addRoute(std::move(lane)));
  served.listen();
  RawClient client(served.front.port());
  CHECK(client.ask("GET", "/lane").body == "lane");
  CHECK(client.ask("GET", "/lane").status == 503);
}

TEST_CASE("A removed route is gone once its running handler has returned") {
  ServedFront served;
  Signal running, go_on, removed;
  Route route;
  route.method = "GET";
  route.path = "/r";
  route.auth = AuthKind::none;
  route.handler = [&](const ExchangePtr &exchange) {
    running.set();
    if (!go_on.wait()) return;
    (void)exchange->finish("late");
  };
  const auto id = served.front.addRoute(route);
  REQUIRE(id);
  CHECK(served.front.addRoute(route).error().code == Code::busy);
  served.listen();
  RawClient client(served.front.port());
  client.send("GET /r HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(running.wait());
  std::thread remover([&] {
    served.front.removeRoute(*id);
    removed.set();
  });
  CHECK(removed.count() == 0);
  go_on.set();
  CHECK(client.answer().body == "late");
  CHECK(removed.wait());
  remover.join();
  CHECK(client.ask("GET", "/r", kBearer).status == 404);
  served.front.removeRoute(*id); // again: nothing
}
