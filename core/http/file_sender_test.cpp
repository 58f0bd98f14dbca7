// Files as answers: whole, in turn, over TLS, and what becomes of clients that go, stall or are stopped on.
#include "base/guarded.hpp"
#include "http/tls_for_tests.hpp"

#include <fcntl.h>

#include <thread>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

constexpr std::size_t kLarge = 24 * 1024 * 1024; // more than the kernel holds of it for a client that does not read

// Bytes which tell their place; made once, for that is what takes the time of these tests.
std::string numbers(std::size_t size) {
  static const std::string all = [] {
    std::string out;
    out.reserve(kLarge + 32);
    while (out.size() < kLarge) out += std::to_string(out.size()) + ",";
    return out;
  }();
  return all.substr(0, size);
}

// A file without a name that holds `size` bytes of these, kLarge at most.
class TestFile {
public:
  explicit TestFile(std::size_t size)
      : fd(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)), content(numbers(size)) {
    REQUIRE(fd);
    REQUIRE(::pwrite(fd.get(), content.data(), size, 0) == static_cast<ssize_t>(size));
  }
  UniqueFd fd;
  std::string content;
};

struct Served {
  explicit Served(std::size_t size, FrontOptions options = ServedFront::loopback()) : file(size), front(options) {
    front.route("GET", "/file", AuthKind::none, [this](const ExchangePtr &exchange) {
      const auto from = std::stoul(exchange->field("query:from").value_or("0"));
      const auto length = file.content.size() - from;
      const auto head = exchange->head(200, {{"Content-Length", std::to_string(length)}});
      const auto sent = exchange->sendFile(file.fd.get(), from, length);
      const auto finished = exchange->finish("more");
      results.with([&](auto &codes) { codes = {head, sent, finished}; });
      answered.set();
    });
    front.route("GET", "/quick", AuthKind::none, [](const ExchangePtr &exchange) { (void)exchange->finish("q"); });
    front.listen();
  }
  ~Served() { front.end(); }
  [[nodiscard]] int port() const { return front.front.port(); }
  TestFile file;
  Guarded<std::vector<Code>> results; // of the last answer
  Signal answered;
  ServedFront front;
};

} // namespace

TEST_CASE("A file is an answer's body, from any offset, and the connection goes on") {
  Served served(3'000'000);
  RawClient client(served.port());
  const auto answer = client.ask("GET", "/file");
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-length") == "3000000");
  CHECK((answer.body == served.file.content));
  REQUIRE(served.answered.wait()); // the file may be with the client before its handler is done
  CHECK(served.results.with([](auto &codes) { return codes; }) == std::vector<Code>{Code::ok, Code::ok, Code::invalid});
  CHECK((client.ask("GET", "/file?from=2999990").body == served.file.content.substr(2999990)));
  CHECK(client.ask("GET", "/file?from=3000000").body.empty());
  CHECK(client.ask("GET", "/quick").body == "q");
}

TEST_CASE("Requests that come during a file are answered after it") {
  Served served(kLarge);
  RawClient client(served.port());
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(served.answered.wait());
  client.send("GET /file?from=7 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK((client.answer().body == served.file.content));
  CHECK(client.answer().body == "q");
  const auto last = client.answer();
  CHECK(last.headers.at("connection") == "close");
  CHECK((last.body == served.file.content.substr(7)));
  CHECK(client.rest().empty());
}

TEST_CASE("A client that ended its own side still gets the file") {
  Served served(kLarge);
  RawClient client(served.port());
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  client.endSending();
  CHECK((client.answer().body == served.file.content));
  CHECK(client.rest().empty());
}

TEST_CASE("A client that reads slowly holds up no other, and no worker") {
  Served served(kLarge);
  RawClient slow(served.port(), 4096);
  slow.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(served.answered.wait());
  std::vector<std::unique_ptr<RawClient>> more;
  for (int i = 0; i < 12; ++i) { // more than the front has workers
    more.push_back(std::make_unique<RawClient>(served.port(), 4096));
    more.back()->send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  RawClient quick(served.port());
  CHECK((quick.ask("GET", "/file").body == served.file.content));
  CHECK((slow.answer().body == served.file.content));
}

TEST_CASE("Clients that go midway are forgotten, each other one is served") {
  Served served(kLarge);
  for (int i = 0; i < 5; ++i) {
    RawClient gone(served.port(), 4096);
    gone.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(gone.take(100'000).size() == 100'000);
  }
  RawClient client(served.port());
  CHECK((client.ask("GET", "/file").body == served.file.content));
}

TEST_CASE("A client that takes nothing for too long is closed") {
  auto options = ServedFront::loopback();
  options.idle_timeout = std::chrono::seconds(1);
  Served served(kLarge, options);
  RawClient client(served.port(), 4096);
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  pollfd closed{client.fd(), POLLRDHUP, 0};
  REQUIRE(::poll(&closed, 1, 20'000) == 1); // a reset or an end, without a byte being read
  CHECK(client.rest().size() < served.file.content.size());
}

TEST_CASE("A file that becomes shorter breaks the connection off") {
  Served served(kLarge);
  RawClient client(served.port(), 4096);
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.take(10'000).size() == 10'000);
  REQUIRE(::ftruncate(served.file.fd.get(), 20'000'000) == 0);
  CHECK(client.rest().size() < kLarge);
  CHECK(client.ask("GET", "/quick").status == 0);
}

TEST_CASE("Files are sent over TLS, to slow clients too, and requests follow") {
  const TestCertificate certificate;
  Served served(kLarge, tlsOptions(certificate));
  TlsClient slow(served.port(), TLS1_3_VERSION), other(served.port(), TLS1_2_VERSION);
  slow.write("GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /quick HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  REQUIRE(served.answered.wait());
  const auto answer = other.ask("GET /file?from=5 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(answer.ends_with("\r\n\r\n" + served.file.content.substr(5)));
  const auto first = slow.rest();
  CHECK(first.find("\r\n\r\n" + served.file.content + "HTTP/1.1 200 OK\r\n") != std::string::npos);
  CHECK(first.ends_with("\r\n\r\nq"));
}

TEST_CASE("Over TLS too a shortened file and a client that goes end the connection only") {
  const TestCertificate certificate;
  Served served(kLarge, tlsOptions(certificate));
  {
    TlsClient gone(served.port());
    gone.write("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(served.answered.wait());
  }
  TlsClient cut(served.port());
  cut.write("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(served.answered.wait(2));
  REQUIRE(::ftruncate(served.file.fd.get(), 20'000'000) == 0);
  CHECK(cut.rest().size() < kLarge);
  TlsClient quick(served.port());
  CHECK(quick.ask("GET /quick HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").ends_with("q"));
}

TEST_CASE("A file needs its length announced, a descriptor, and a range that exists") {
  const TestFile file(1000);
  std::vector<Code> results;
  Elsewhere elsewhere;
  ServedFront front;
  front.route("GET", "/wrong", AuthKind::none, [&](const ExchangePtr &exchange) {
    results.push_back(exchange->sendFile(file.fd.get(), 0, 10)); // no head
    (void)exchange->head(200, {{"Content-Length", "10"}});
    results.push_back(exchange->sendFile(file.fd.get(), 0, 11));
    results.push_back(exchange->sendFile(-1, 0, 10));
    results.push_back(exchange->sendFile(file.fd.get(), UINT64_MAX, 10));
    (void)exchange->fail(Code::notFound, "none of these");
    elsewhere.check(exchange->sendFile(file.fd.get(), 0, 10) == Code::invalid);
  });
  front.route("GET", "/pieces", AuthKind::none, [&](const ExchangePtr &exchange) {
    (void)exchange->head(200, {});
    elsewhere.check(exchange->sendFile(file.fd.get(), 0, 10) == Code::invalid); // no length
    (void)exchange->send("a");
    elsewhere.check(exchange->sendFile(file.fd.get(), 0, 10) == Code::invalid);
    (void)exchange->finish("b");
  });
  front.route("HEAD", "/file", AuthKind::none, [&](const ExchangePtr &exchange) {
    (void)exchange->head(200, {{"Content-Length", "1000"}});
    elsewhere.check(exchange->sendFile(file.fd.get(), 0, 1000) == Code::ok);
  });
  front.route("GET", "/beyond", AuthKind::none, [&](const ExchangePtr &exchange) {
    (void)exchange->head(200, {{"Content-Length", "1000"}});
    elsewhere.check(exchange->sendFile(file.fd.get(), 500, 1000) == Code::ok);
  });
  front.listen();
  RawClient client(front.front.port());
  CHECK(client.ask("GET", "/wrong").status == 404);
  CHECK(results == std::vector<Code>(4, Code::invalid));
  CHECK(client.ask("GET", "/pieces").body == "ab");
  const auto head = client.ask("HEAD", "/file");
  CHECK(head.headers.at("content-length") == "1000");
  client.send("GET /beyond HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.rest().size() < 1000); // and no further answer
  front.end();
  CHECK(elsewhere.failed() == 0);
}

TEST_CASE("Stopping ends files that are under way") {
  auto served = std::make_unique<Served>(kLarge);
  RawClient client(served->port(), 4096);
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(served->answered.wait());
  served.reset();
  CHECK(client.rest().size() < kLarge);
}
