// Answers given as they should not be: the plugin "manners".
#include "loader/bench_for_tests.hpp"

using namespace pinion::core;
using namespace std::chrono_literals;
using testing::Bench;
using testing::has;
using testing::RawClient;

namespace {

std::string get(Bench &bench, const std::string &path) {
  RawClient client(bench.front.port());
  const auto answer = client.ask("GET", path);
  return std::to_string(answer.status) + " " + answer.body;
}

struct Served : Bench {
  explicit Served(LoaderLimits limits = {}) : Bench("", limits) {
    REQUIRE(front.listen());
    run({"manners"});
  }
};

} // namespace

TEST_CASE("a call that is neither answered nor kept fails, with one warning that names the plugin") {
  Served bench;
  CHECK(bench.ask("manners/silent") == "failed -10 plugin \"manners\" gave no answer");
  CHECK(has(bench.logged(), "plugin \"manners\" gave no answer to \"manners/silent\" and did not keep it"));
}

TEST_CASE("only the first answer counts; what is used up is cancelled") {
  Served bench;
  const std::string path = GENERATE("call", "/lane/twice", "/pool/twice");
  if (path == "call")
    CHECK(bench.ask("manners/twice") == "\"first\"");
  else
    CHECK(get(bench, path) == "200 \"first\"");
  CHECK(bench.heard("manners.second -6"));
  CHECK(bench.heard("manners.keep -6"));
  CHECK(bench.heard("manners.cancelled 1"));
}

TEST_CASE("a call that is kept and never answered ends at its deadline; the late answer is dropped") {
  Served bench;
  // On a busy machine a deadline may pass before the plugin gets its turn; then a longer one is tried.
  for (auto deadline = 10ms; bench.count("manners.kept 0") == 0; deadline *= 2) {
    CHECK(bench.ask("manners/keeps", "", deadline) ==
          "failed -5 \"manners/keeps\" gave no answer within " + std::to_string(deadline.count()) + " ms");
    CHECK(bench.ask("manners/json") == R"({"a":1})"); // behind it, on both lanes
  }
  CHECK(bench.ask("manners/late") == "{}");
  CHECK(bench.heard("manners.gone 1"));
  CHECK(bench.heard("manners.late -6"));
}

TEST_CASE("a callback that throws is logged, and its caller gets an answer") {
  Served bench;
  const std::string path = GENERATE("call", "/lane/throws", "/pool/throws");
  if (path == "call")
    CHECK(bench.ask("manners/throws") == "failed -10 plugin \"manners\" gave no answer");
  else
    CHECK(get(bench, path).starts_with("500 "));
  CHECK(has(bench.logged(), "plugin \"manners\": a callback threw (no manners)"));
}

TEST_CASE("a failure's status and text reach the caller; an unknown status is INTERNAL") {
  Served bench;
  CHECK(bench.ask("manners/refuses") == "failed -4 come back later");
  CHECK(bench.ask("manners/strange") == "failed -10 who knows");
}

TEST_CASE("an answer beyond the bound is a failure for a caller, and whole for a client") {
  Served bench;
  CHECK(bench.ask("manners/floods").starts_with("failed -10 the answer"));
  CHECK(bench.heard("manners.floods -1"));
  CHECK(has(bench.logged(), "plugin \"manners\" gave no good answer to \"manners/floods\""));
  CHECK(get(bench, "/pool/floods").size() == 4 + (std::size_t{17} << 20u));
}

TEST_CASE("a callback that blocks the lane is warned about by plugin and name") {
  LoaderLimits limits;
  limits.slow_callback = 5ms;
  Served bench(limits);
  CHECK(bench.ask("manners/blocks") == "{}");
  CHECK(get(bench, "/lane/blocks") == "200 {}");
  CHECK(bench.ask("manners/json") == R"({"a":1})"); // behind the warnings, on the same lane
  const auto text = bench.logged();
  CHECK(has(text, "plugin \"manners\" kept its lane busy for "));
  CHECK(has(text, " ms in call \"manners/blocks\"; callbacks on the lane must not block"));
  CHECK(has(text, " ms in route \"GET /lane/blocks\"; callbacks on the lane must not block"));
}

TEST_CASE("a request without an answer gets 500 with one warning") {
  Served bench;
  const std::string path = GENERATE("/lane/silent", "/pool/silent");
  CHECK(get(bench, path).starts_with("500 "));
  CHECK(has(bench.logged(), "plugin \"manners\" gave no answer to \"GET " + path + "\" and did not keep it"));
}

TEST_CASE("an answer without a head is JSON, and 204 when it is empty") {
  Served bench;
  CHECK(get(bench, "/lane/json") == "200 {\"a\":1}");
  CHECK(get(bench, "/pool/empty") == "204 ");
  RawClient client(bench.front.port());
  CHECK(client.ask("GET", "/pool/json").headers["content-type"] == "application/json; charset=utf-8");
}

TEST_CASE("a request whose answer is kept and never given ends by the daemon's limit") {
  LoaderLimits limits;
  limits.kept_reply = 20ms;
  Served bench(limits);
  CHECK(get(bench, "/pool/keeps").starts_with("50"));
  CHECK(has(bench.logged(), "plugin \"manners\" kept the answer to \"GET /pool/keeps\" and gave none for 20 ms"));
  CHECK(get(bench, "/pool/late") == "200 {}");
  CHECK(bench.heard("manners.gone 1"));
  CHECK(bench.heard("manners.late -6"));
}

TEST_CASE("a request whose answer is kept when its plugin stops is answered there") {
  Served bench;
  RawClient client(bench.front.port());
  client.send("GET /lane/keeps HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(bench.ask("manners/json") == R"({"a":1})");
  CHECK(get(bench, "/lane/json") == "200 {\"a\":1}"); // the lane has had the kept one before
  bench.loader.stop();
  CHECK(client.answer().status >= 500);
}

TEST_CASE("fields, body, head and a body in pieces go both ways") {
  Served bench;
  RawClient client(bench.front.port());
  const auto answer = client.ask("POST", "/full/me?q=a%20b", "X-Test: t\r\n", "the body");
  CHECK(answer.status == 201);
  CHECK(answer.body == "POST;me;a b;t;(-2);the body!end");
  CHECK(client.in.empty());
  auto headers = answer.headers;
  CHECK(headers["content-type"] == "text/plain");
  CHECK(headers["x-mine"] == "yes");
  CHECK(bench.heard("manners.head -1")); // a header that would have split the answer
  CHECK(bench.heard("manners.used -6"));
}

TEST_CASE("a request becomes a WebSocket: frames come to the lane, messages go back, closing is told once") {
  Served bench;
  RawClient client(bench.front.port());
  client.send(
      "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://panel\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  CHECK(client.takeThrough("\r\n\r\n").starts_with("HTTP/1.1 101"));
  CHECK(bench.heard("manners.accept 0"));
  const std::string masked("\x81\x82\0\0\0\0hi", 8); // a text frame whose mask is zero
  client.send(masked);
  CHECK(client.take(6) == "\x81\x04<hi>");
  CHECK(client.take(5) == "\x81\x03"
                          "all");
  client.close();
  CHECK(bench.heard("manners.closed 0"));
}

TEST_CASE("a bad handshake is answered by the host and INVALID to the plugin") {
  Served bench;
  CHECK(get(bench, "/socket").starts_with("400 "));
  CHECK(bench.heard("manners.accept -1"));
}

TEST_CASE("a client that sends faster than the plugin takes is closed") {
  Served bench;
  RawClient client(bench.front.port());
  client.send(
      "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://panel\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  CHECK(client.takeThrough("\r\n\r\n").starts_with("HTTP/1.1 101"));
  RawClient blocker(bench.front.port());
  blocker.send("GET /lane/waits HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(bench.heard("manners.waits 0"));
  const std::string masked("\x81\x82\0\0\0\0hi", 8);
  for (int i = 0; i < 600; ++i) client.send(masked);
  const auto got = client.takeThrough("too many messages at once");
  CHECK(has(got, "\x03\xf0too many messages at once")); // 1008
  CHECK(get(bench, "/pool/release") == "200 {}");
  CHECK(blocker.answer().status == 200);
}

TEST_CASE("a socket that is open when its plugin stops is closed") {
  Served bench;
  RawClient client(bench.front.port());
  client.send(
      "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://panel\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  CHECK(client.takeThrough("\r\n\r\n").starts_with("HTTP/1.1 101"));
  CHECK(bench.heard("manners.accept 0"));
  bench.loader.stop();
  CHECK(client.take(4) == "\x88\x0c\x03\xe9"); // close, 1001
  CHECK(bench.count("manners.closed 0") == 0);
}
