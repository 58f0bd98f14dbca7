// Downloads from a front on loopback, which counts as private: what is refused must not even be connected to.
#include "fetch/download.hpp"

#include "http/client_for_tests.hpp"

#include <thread>

using namespace pinion::core;
using namespace pinion::core::fetch;
using namespace pinion::core::testing;

namespace {

struct Served {
  Served() {
    front.route("GET", "/x", AuthKind::none, [this](const ExchangePtr &exchange) {
      ++asked;
      authorization = exchange->field("header:authorization").value_or("");
      (void)exchange->head(200, {{"Content-Length", "5"}, {"X-Name", "v"}});
      (void)exchange->finish("01234");
    });
    front.route("GET", "/chunked", AuthKind::none, [](const ExchangePtr &exchange) {
      (void)exchange->send("one,");
      (void)exchange->send("two");
    });
    front.route("GET", "/whole", AuthKind::none, [](const ExchangePtr &exchange) {
      (void)exchange->send("one,");
      (void)exchange->finish("two");
    });
    front.route("GET", "/cut", AuthKind::none, [](const ExchangePtr &exchange) {
      (void)exchange->head(200, {{"Content-Length", "10"}});
      (void)exchange->send("01234");
    });
    front.route("GET", "/stall", AuthKind::none, [this](const ExchangePtr &exchange) {
      (void)exchange->head(200, {{"Content-Length", "10"}});
      (void)exchange->send("01234");
      (void)go_on.wait();
    });
    front.route("GET", "/to", AuthKind::none, [](const ExchangePtr &exchange) {
      (void)exchange->head(302, {{"Location", exchange->field("query:where").value_or("/to")}});
      (void)exchange->finish("");
    });
    front.listen();
  }
  ~Served() {
    go_on.set();
    front.end();
  }
  [[nodiscard]] std::string url(const std::string &path) const {
    return "http://127.0.0.1:" + std::to_string(front.front.port()) + path;
  }
  std::atomic<int> asked = 0;
  std::string authorization;
  Signal go_on;
  ServedFront front;
};

Request to(const std::string &url) {
  Request request;
  request.url = url;
  request.to_private = true;
  return request;
}

Result<std::string> readAll(Download &download) {
  std::string out;
  char buffer[3];
  while (true) {
    const auto got = download.read(buffer, sizeof buffer);
    if (!got) return got.error();
    if (*got == 0) return out;
    out.append(buffer, *got);
  }
}

const TlsSource kNoTls = [] { return std::shared_ptr<const outbound::TlsContext>(); };

} // namespace

TEST_CASE("A download is read whole by its length or its chunks, and what is cut short is an error") {
  Served served;
  Download sized(kNoTls), chunked(kNoTls), cut(kNoTls), broken(kNoTls);
  const auto head = sized.open(to(served.url("/x")));
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->url == served.url("/x"));
  CHECK(std::count(head->headers.begin(), head->headers.end(), std::pair<std::string, std::string>("x-name", "v")) ==
        1);
  CHECK(*readAll(sized) == "01234");
  REQUIRE(chunked.open(to(served.url("/whole"))));
  CHECK(*readAll(chunked) == "one,two");
  REQUIRE(cut.open(to(served.url("/cut"))));
  CHECK(readAll(cut).error().code == Code::io);
  REQUIRE(broken.open(to(served.url("/chunked"))));
  CHECK(readAll(broken).error().code == Code::io);
}

TEST_CASE("Addresses that are not public are refused before anything connects to them") {
  Served served;
  auto request = to(served.url("/x"));
  request.to_private = false;
  for (const std::string host : {"127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "0",
                                 "[::ffff:127.0.0.1]", "user:pass@127.0.0.1"}) {
    INFO(host);
    request.url = "http://" + host + ":" + std::to_string(served.front.front.port()) + "/x";
    const auto opened = Download(kNoTls).open(request);
    REQUIRE_FALSE(opened);
    CHECK((opened.error().code == Code::denied || opened.error().code == Code::io));
  }
  CHECK(served.asked == 0);
}

TEST_CASE("A name is resolved once, and one private address among its addresses refuses all") {
  Served served;
  int resolved = 0;
  auto request = to("http://rebinding.example:" + std::to_string(served.front.front.port()) + "/x");
  request.to_private = false;
  request.connect = std::chrono::milliseconds(200);
  const auto resolver = [&](const std::string &host, int port) -> Result<std::vector<outbound::Target>> {
    CHECK(host == "rebinding.example");
    auto both = *outbound::resolve("203.0.113.250", port);
    // The second answer would be this machine.
    const auto loopback = *outbound::resolve("127.0.0.1", port);
    if (++resolved > 1) both = loopback;
    return both;
  };
  const auto opened = Download(kNoTls, resolver).open(request);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code != Code::denied); // the public address was tried, and does not answer
  CHECK(resolved == 1);
  const auto mixed = [](const std::string &, int port) -> Result<std::vector<outbound::Target>> {
    auto both = *outbound::resolve("203.0.113.250", port);
    both.push_back(outbound::resolve("127.0.0.1", port)->front());
    return both;
  };
  CHECK(Download(kNoTls, mixed).open(request).error().code == Code::denied);
  CHECK(served.asked == 0);
}

TEST_CASE("Redirects are followed as far as allowed, and take no secrets to another host") {
  Served served, other;
  auto request = to(served.url("/to?where=/x"));
  request.headers = {{"Authorization", "Bearer s"}};
  CHECK(Download(kNoTls).open(request)->status == 302);
  request.max_redirects = 2;
  Download followed(kNoTls);
  const auto head = followed.open(request);
  REQUIRE(head);
  CHECK(head->url == served.url("/x"));
  CHECK(served.authorization == "Bearer s");
  request.url = served.url("/to?where=" + other.url("/x"));
  REQUIRE(Download(kNoTls).open(request));
  CHECK(other.authorization.empty());
  request.url = served.url("/to?where=/to");
  CHECK(Download(kNoTls).open(request).error().code == Code::io);
  request.url = served.url("/to?where=file:///etc/passwd");
  CHECK(Download(kNoTls).open(request).error().code == Code::io);
}

TEST_CASE("A download that stalls times out, and one that is cancelled ends its wait at once") {
  Served served;
  auto request = to(served.url("/stall"));
  // On a busy machine the head may be late too; then a longer wait is tried.
  request.stall = std::chrono::milliseconds(100);
  for (bool begun = false; !begun; request.stall *= 2) {
    Download stalled(kNoTls);
    const auto head = stalled.open(request);
    begun = static_cast<bool>(head);
    CHECK((begun ? readAll(stalled).error() : head.error()).code == Code::timeout);
  }
  request.stall = kDeadline * 10;
  Download cancelled(kNoTls);
  REQUIRE(cancelled.open(request));
  char buffer[100];
  REQUIRE(cancelled.read(buffer, sizeof buffer));
  std::thread other([&] { cancelled.cancel(); });
  CHECK(cancelled.read(buffer, sizeof buffer).error().code == Code::cancelled);
  other.join();
  CHECK(cancelled.read(buffer, sizeof buffer).error().code == Code::cancelled);
}

TEST_CASE("A request that could be split or is none is refused") {
  auto request = to("http://127.0.0.1:1/");
  request.headers = {{"X", "a\r\nY: b"}};
  CHECK(Download(kNoTls).open(request).error().code == Code::invalid);
  request.headers = {{"Host", "b"}};
  CHECK(Download(kNoTls).open(request).error().code == Code::invalid);
  request.headers.clear();
  request.method = "DELETE";
  CHECK(Download(kNoTls).open(request).error().code == Code::invalid);
  Download closed(kNoTls);
  char buffer[1];
  CHECK(closed.read(buffer, 1).error().code == Code::invalid);
}
