// Bodies that a handler reads from the socket itself, and how the connection comes back from there.
#include "http/tls_for_tests.hpp"

#include <thread>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

std::string numbers(std::size_t size) {
  std::string out;
  out.reserve(size + 32);
  while (out.size() < size) out += std::to_string(out.size()) + ",";
  out.resize(size);
  return out;
}

// Routes: /whole answers with the size and a sum of what it read; /quick with "q".
struct Served {
  explicit Served(FrontOptions options = ServedFront::loopback()) : front(options) {
    front.route(
        "POST", "/whole", AuthKind::none,
        [this](const ExchangePtr &exchange) {
          std::vector<char> buffer(300'000);
          std::int64_t got = 0;
          std::string read;
          while ((got = exchange->readBody(buffer.data(), buffer.size())) > 0) {
            read.append(buffer.data(), static_cast<std::size_t>(got));
            some.set();
          }
          stayed = exchange->readBody(buffer.data(), buffer.size()) == got; // the end stays the end, a failure one
          last = got;
          same = read == expected;
          (void)exchange->finish(std::to_string(read.size()));
          done.set();
        },
        true);
    front.route("GET", "/quick", AuthKind::none, [](const ExchangePtr &exchange) { (void)exchange->finish("q"); });
  }
  ~Served() { front.end(); }
  [[nodiscard]] int port() const { return front.front.port(); }
  std::string expected;
  std::atomic<std::int64_t> last = 1;
  std::atomic<bool> same = false, stayed = false;
  Signal some, done;
  ServedFront front;
};

std::string post(const std::string &path, std::size_t size, const std::string &lines = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n" + lines + "\r\n";
}

} // namespace

TEST_CASE("A body in pieces arrives whole, and what follows it is the next request") {
  Served served;
  served.front.listen();
  RawClient client(served.port());
  for (const std::size_t size : {1u, 1000u, 70'000u, 3'000'000u}) {
    served.expected = numbers(size);
    client.send(post("/whole", size));
    for (std::size_t at = 0; at < size; at += 77'777) client.send(served.expected.substr(at, 77'777));
    client.send("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.answer().body == std::to_string(size));
    CHECK(served.same);
    CHECK(served.stayed);
    CHECK(client.answer().body == "q");
  }
}

TEST_CASE("A client that waits for \"100 Continue\" is told to go on once its body is read") {
  Served served;
  served.front.listen();
  RawClient client(served.port());
  for (int i = 0; i < 2; ++i) {
    served.expected = numbers(500'000);
    client.send(post("/whole", served.expected.size(), "Expect: 100-continue\r\n"));
    CHECK(client.answer().status == 100);
    client.send(served.expected);
    CHECK(client.answer().body == "500000");
    CHECK(served.same);
  }
}

TEST_CASE("A body arrives whole over TLS too") {
  const TestCertificate certificate;
  Served served(tlsOptions(certificate));
  served.front.listen();
  served.expected = numbers(5'000'000);
  TlsClient client(served.port());
  client.write(post("/whole", served.expected.size()) + served.expected.substr(0, 5000));
  client.write(served.expected.substr(5000, 995'000));
  client.write(served.expected.substr(1'000'000) + "GET /quick HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto answers = client.rest();
  CHECK(answers.find("\r\n\r\n5000000HTTP/1.1 200 OK\r\n") != std::string::npos);
  CHECK(answers.ends_with("\r\n\r\nq"));
  CHECK(served.same);
}

TEST_CASE("A client that goes or is late while its body is read is told to the handler") {
  const auto [goes, told] = GENERATE(table<bool, Code>({{true, Code::cancelled}, {false, Code::timeout}}));
  auto options = ServedFront::loopback();
  if (!goes) options.body_timeout = std::chrono::seconds(1);
  Served served(options);
  served.front.listen();
  RawClient client(served.port());
  client.send(post("/whole", 1'000'000) + "begun");
  REQUIRE(served.some.wait());
  if (goes) client.close();
  REQUIRE(served.done.wait());
  CHECK(served.last == static_cast<int>(told));
  CHECK(served.stayed);
}

TEST_CASE("An answer before the body's end reaches the client, from the reading thread or another") {
  Served served;
  Signal reading, cancelled;
  Elsewhere elsewhere;
  std::thread other;
  served.front.route(
      "POST", "/early", AuthKind::none,
      [&](const ExchangePtr &exchange) {
        char buffer[1000];
        elsewhere.check(exchange->readBody(buffer, sizeof buffer) > 0);
        (void)exchange->fail(static_cast<Code>(413), "too much");
      },
      true);
  served.front.route(
      "POST", "/elsewhere", AuthKind::none,
      [&](const ExchangePtr &exchange) {
        other = std::thread([&, exchange] {
          elsewhere.check(reading.wait());
          elsewhere.check(exchange->send("an") == Code::ok);
          elsewhere.check(exchange->finish("swered") == Code::ok);
        });
        char buffer[1000];
        std::size_t total = 0;
        for (std::int64_t got = 0; (got = exchange->readBody(buffer, sizeof buffer)) > 0; reading.set())
          total += static_cast<std::size_t>(got);
        elsewhere.check(total == 5); // the answer closes the connection
        cancelled.set();
      },
      true);
  served.front.listen();
  RawClient client(served.port());
  client.send(post("/early", 200'000) + "begun");
  CHECK(client.answer().status == 413);
  client.send(std::string(200'000 - 5, 'x')); // thrown away: a reset could cost the client the answer
  CHECK(client.rest().empty());
  RawClient second(served.port());
  second.send(post("/elsewhere", 100'000) + "begun");
  CHECK(second.answer().body == "answered");
  REQUIRE(cancelled.wait());
  other.join();
  CHECK(elsewhere.failed() == 0);
}

TEST_CASE("Stopping ends bodies that are being read") {
  auto served = std::make_unique<Served>();
  served->front.listen();
  RawClient client(served->port());
  client.send(post("/whole", 1'000'000) + "begun");
  REQUIRE(served->some.wait());
  served->front.end();
  CHECK(served->last == static_cast<int>(Code::cancelled));
  CHECK(client.rest().empty());
}
