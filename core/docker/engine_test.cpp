#include "docker/engine.hpp"

#include "docker/engine_session.hpp"
#include "docker/fake_engine_for_tests.hpp"
#include "docker/response_stream.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>

using namespace pinion::core;
using namespace std::chrono_literals;
using pinion::core::testing::FakeEngine;
using pinion::core::testing::Signal;

namespace {

bool asks(const std::string &request, const std::string &line) { return request.rfind(line + " ", 0) == 0; }

// Answers the version question, and leaves the rest to `answer`.
FakeEngine::Answer versioned(FakeEngine::Answer answer) {
  return [answer = std::move(answer)](const std::string &request, int fd) {
    if (!asks(request, "HEAD /_ping")) return answer(request, fd);
    FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n"); // no body for a HEAD
    return true;
  };
}

} // namespace

TEST_CASE("an engine's address is read") {
  CHECK(parseEngineAddress("unix:///run/docker.sock")->path == "/run/docker.sock");
  CHECK(parseEngineAddress("tcp://10.0.0.1:2376")->port == 2376);
  CHECK(parseEngineAddress("tcp://host")->port == 2375);
  for (const char *bad : {"", "unix://", "unix://relative", "ssh://host", "/run/docker.sock", "tcp://"}) {
    CAPTURE(bad);
    CHECK(parseEngineAddress(bad).error().code == Code::invalid);
    Engine engine(bad);
    CHECK(engine.request("GET", "/info", "", 1s).error().code == Code::invalid);
  }
}

TEST_CASE("requests carry the negotiated version and share a connection") {
  std::mutex mutex;
  std::vector<std::string> seen;
  FakeEngine fake(versioned([&](const std::string &request, int fd) {
    {
      const std::lock_guard lock(mutex);
      seen.push_back(request);
    }
    FakeEngine::reply(fd, 201, "{\"Id\":\"x\"}");
    return true;
  }));
  Engine engine(fake.address());
  for (int i = 0; i < 3; ++i) {
    const auto answer = engine.request("POST", "/containers/create?name=a", "{\"a\":1}", 5s, "auth");
    REQUIRE(answer);
    CHECK(answer->status == 201);
    CHECK(answer->body == "{\"Id\":\"x\"}");
  }
  CHECK(fake.connections() == 1);
  const std::lock_guard lock(mutex);
  REQUIRE(seen.size() == 3);
  CHECK(asks(seen[0], "POST /v1.41/containers/create?name=a"));
  CHECK(seen[0].find("\r\nHost: docker\r\n") != std::string::npos);
  CHECK(seen[0].find("\r\nX-Registry-Auth: auth\r\n") != std::string::npos);
  CHECK(seen[0].find("\r\n\r\n{\"a\":1}") != std::string::npos);
}

TEST_CASE("an error's body is an answer") {
  FakeEngine fake(versioned([](const std::string &, int fd) {
    FakeEngine::reply(fd, 409, "{\"message\":\"no\"}");
    return true;
  }));
  Engine engine(fake.address());
  const auto answer = engine.request("DELETE", "/containers/x", "", 5s);
  REQUIRE(answer);
  CHECK(answer->status == 409);
  CHECK(answer->body == "{\"message\":\"no\"}");
}

TEST_CASE("bodies in chunks are read whole and the connection stays good") {
  FakeEngine fake(versioned([](const std::string &, int fd) {
    FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    return true;
  }));
  Engine engine(fake.address());
  for (int i = 0; i < 3; ++i) {
    const auto answer = engine.request("GET", "/info", "", 5s);
    REQUIRE(answer);
    CHECK(answer->body == "hello world");
  }
  CHECK(fake.connections() == 1);
}

TEST_CASE("an answer that is cut off is an error, never half an answer") {
  const char *pieces[] = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "HTTP/1.1 2", ""};
  for (const std::string piece : pieces) {
    CAPTURE(piece);
    FakeEngine fake(versioned([&](const std::string &, int fd) {
      FakeEngine::send(fd, piece);
      return false;
    }));
    Engine engine(fake.address());
    const auto answer = engine.request("POST", "/x", "", 5s);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::io);
    CHECK(answer.error().text.find(fake.address()) != std::string::npos);
  }
}

TEST_CASE("a kept connection that the engine closed is not used again") {
  std::atomic<int> asked{0};
  FakeEngine fake(versioned([&](const std::string &, int fd) {
    FakeEngine::reply(fd, 200, "{}");
    return ++asked % 2 == 0; // closes without saying so
  }));
  Engine engine(fake.address());
  for (int i = 0; i < 6; ++i) {
    const auto answer = engine.request("GET", "/info", "", 5s);
    REQUIRE(answer);
    CHECK(answer->status == 200);
  }
}

TEST_CASE("an engine that was restarted answers again") {
  FakeEngine fake(versioned([](const std::string &, int fd) {
    FakeEngine::reply(fd, 200, "{}");
    return true;
  }));
  Engine engine(fake.address());
  REQUIRE(engine.request("GET", "/info", "", 5s));
  fake.end();
  const auto gone = engine.request("GET", "/info", "", 5s);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Code::io);
  CHECK(gone.error().text.find("is it running?") != std::string::npos);
  fake.begin();
  CHECK(engine.request("POST", "/x", "", 5s));
}

TEST_CASE("a request ends at its deadline however the engine stalls") {
  const char *starts[] = {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"};
  for (const std::string start : starts) {
    CAPTURE(start);
    FakeEngine fake(versioned([&](const std::string &, int fd) {
      FakeEngine::send(fd, start);
      FakeEngine::untilGone(fd);
      return false;
    }));
    Engine engine(fake.address());
    const auto before = std::chrono::steady_clock::now();
    const auto answer = engine.request("GET", "/info", "", 150ms);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::timeout);
    CHECK(std::chrono::steady_clock::now() - before < 5s);
  }
}

TEST_CASE("an engine that drips its answer does not stretch the deadline") {
  std::atomic<bool> over{false};
  FakeEngine fake(versioned([&](const std::string &, int fd) {
    FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    pollfd gone{fd, POLLIN | POLLRDHUP, 0};
    while (!over && ::poll(&gone, 1, 20) == 0) FakeEngine::send(fd, "x");
    return false;
  }));
  Engine engine(fake.address());
  const auto answer = engine.request("GET", "/info", "", 300ms);
  over = true;
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::timeout);
}

TEST_CASE("stopping wakes a request that waits, and later ones do not begin") {
  Signal asked;
  FakeEngine fake(versioned([&](const std::string &, int fd) {
    asked.set();
    FakeEngine::untilGone(fd);
    return false;
  }));
  Engine engine(fake.address());
  auto waiting = std::async(std::launch::async, [&] { return engine.request("GET", "/info", "", 60s); });
  REQUIRE(asked.wait());
  engine.stop();
  REQUIRE(waiting.wait_for(20s) == std::future_status::ready);
  CHECK(waiting.get().error().code == Code::stopping);
  CHECK(engine.request("GET", "/info", "", 1s).error().code == Code::stopping);
}

TEST_CASE("lines of a streamed answer come one by one until they are given up") {
  FakeEngine fake(versioned([](const std::string &, int fd) {
    FakeEngine::send(fd,
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\none\r\nt\r\n4\r\nwo\n3\r\n0\r\n\r\n");
    return true;
  }));
  Engine engine(fake.address());
  std::vector<std::string> lines;
  const auto all = engine.stream("POST", "/images/create", 5s, [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  REQUIRE(all);
  CHECK(*all == 200);
  CHECK(lines == std::vector<std::string>{"one", "two", "3"});
  CHECK(engine.stream("POST", "/images/create", 5s, [&](std::string_view) { return false; }).error().code ==
        Code::cancelled);
}

TEST_CASE("an upgraded connection is handed over with what came with its head") {
  FakeEngine fake(versioned([](const std::string &request, int fd) {
    if (request.find("Upgrade: tcp") == std::string::npos) return false;
    FakeEngine::send(fd, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst line\n");
    char piece[64];
    const auto n = ::recv(fd, piece, sizeof piece, 0);
    FakeEngine::send(fd, "got " + std::string(piece, static_cast<std::size_t>(std::max<ssize_t>(n, 0))));
    return false;
  }));
  Engine engine(fake.address());
  auto stream = engine.hijack("POST", "/containers/x/attach?stream=1", true, 5s);
  REQUIRE(stream);
  CHECK(stream->status == 101);
  REQUIRE(stream->fd);
  FakeEngine::send(stream->fd.get(), "hello");
  std::string all = stream->prefix;
  char piece[64];
  pollfd wait{stream->fd.get(), POLLIN, 0};
  while (::poll(&wait, 1, 20000) > 0) {
    const auto n = ::recv(stream->fd.get(), piece, sizeof piece, 0);
    if (n <= 0) break;
    all.append(piece, static_cast<std::size_t>(n));
  }
  CHECK(all == "first line\ngot hello");
}

TEST_CASE("a refused upgrade tells the engine's reason") {
  FakeEngine fake(versioned([](const std::string &, int fd) {
    FakeEngine::reply(fd, 404, "{\"message\":\"No such container\"}");
    return true;
  }));
  Engine engine(fake.address());
  const auto stream = engine.hijack("POST", "/containers/x/attach?stream=1", true, 5s);
  REQUIRE(stream);
  CHECK(stream->status == 404);
  CHECK_FALSE(stream->fd);
  CHECK(stream->prefix == "{\"message\":\"No such container\"}");
}

TEST_CASE("a streamed response is read on a loop, wherever the engine splits it") {
  Loop loop;
  loop.start("test");
  struct Row {
    std::vector<std::string> pieces;
    int status; // 0: an error
    std::string body;
  };
  for (const auto &row : {Row{{"HTTP/1.0 200 OK\r\nA: b\r\n\r\nbody"}, 200, "body"},
                          Row{{"HTTP/1.0 404 No\r\n\r", "\n", "{}"}, 404, "{}"},
                          Row{{"H", "TTP/1.1 200 OK\r\n", "\r\na", "b"}, 200, "ab"}, Row{{"HTTP/1.0 20"}, 0, ""},
                          Row{{"rubbish\r\n\r\n"}, 0, ""}, Row{{}, 0, ""}}) {
    FakeEngine fake(versioned([&](const std::string &, int fd) {
      for (const auto &piece : row.pieces) FakeEngine::send(fd, piece);
      return false;
    }));
    Engine engine(fake.address());
    auto fd = engine.open("GET", "/events", 5s);
    REQUIRE(fd);
    Signal ended;
    std::string body;
    int status = 0;
    ResponseStream::begin(
        loop, std::move(*fd), [&](int, std::string_view bytes) { body += bytes; },
        [&](const Result<int> &end) {
          status = end ? *end : 0;
          ended.set();
        });
    REQUIRE(ended.wait());
    CHECK(status == row.status);
    CHECK(body == row.body);
  }
  loop.stop();
}

TEST_CASE("a stream that is stopped hangs up and says nothing more") {
  Loop loop;
  loop.start("test");
  Signal hung_up, ended, begun;
  FakeEngine fake(versioned([&](const std::string &, int fd) {
    FakeEngine::send(fd, "HTTP/1.0 200 OK\r\n\r\nx");
    FakeEngine::untilGone(fd);
    hung_up.set();
    return false;
  }));
  Engine engine(fake.address());
  auto fd = engine.open("POST", "/images/create", 5s);
  REQUIRE(fd);
  const auto stream = ResponseStream::begin(
      loop, std::move(*fd), [&](int, std::string_view) { begun.set(); }, [&](const Result<int> &) { ended.set(); });
  REQUIRE(begun.wait());
  stream->stop();
  stream->stop();
  CHECK(hung_up.wait());
  loop.stop();
  CHECK(ended.count() == 0);
}
