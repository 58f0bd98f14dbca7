#include "panel/client.hpp"
#include "panel/fake_panel.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

using namespace pinion::core;
using namespace pinion::core::panel;
using namespace std::chrono_literals;

namespace {

const PanelBackOff kQuick{5ms, 20ms, 20s, 1.5, 0.5};
const std::string kUuid = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

std::string entry(int number, const std::string &settings = "") {
  char uuid[40];
  std::snprintf(uuid, sizeof uuid, "3fd3e129-0dc3-4f0e-9a36-%012d", number);
  return "{\"uuid\":\"" + std::string(uuid) + "\",\"settings\":{\"uuid\":\"" + uuid + "\"" + settings +
         "},\"process_configuration\":{\"startup\":{\"done\":[]},\"stop\":{\"type\":\"stop\"},\"configs\":[]}}";
}

std::string listPage(int current, int last, const std::vector<std::string> &entries) {
  std::string out = "{\"data\":[";
  for (const auto &one : entries) out += (out.back() == '[' ? "" : ",") + one;
  return out + "],\"links\":{\"next\":null},\"meta\":{\"current_page\":" + std::to_string(current) +
         ",\"from\":null,\"last_page\":" + std::to_string(last) + ",\"total\":1}}";
}

std::string errors(const std::string &detail, const std::string &status = "403") {
  return "{\"errors\":[{\"code\":\"HttpException\",\"status\":\"" + status + "\",\"detail\":\"" + detail + "\"}]}";
}

Config config(const std::string &remote) {
  Config config;
  config.remote = remote;
  config.token_id = "id";
  config.token = "hush-the-token";
  return config;
}

struct Fixture {
  FakePanel panel;
  PanelClient client;
  explicit Fixture(FakePanel::Handler handler) : Fixture(std::move(handler), [](Config &) {}) {}
  Fixture(FakePanel::Handler handler, const std::function<void(Config &)> &change)
      : panel(std::move(handler)), client(
                                       [&] {
                                         auto out = config(panel.url() + "/");
                                         change(out);
                                         return out;
                                       }(),
                                       "1.2.3", true, kQuick) {}
};

} // namespace

TEST_CASE("a call carries the node's credentials and comes back with the body") {
  Fixture f(
      [](const Seen &) {
        return Reply{200, "{\"ok\":true}", {}};
      },
      [](Config &c) {
        c.custom_headers = {{"X-Gate", "open"}, {"authorization", "none"}, {"Accept", "text/html"},
                            {"Host", "evil"},   {"Bad Name", "x"},         {"X-Split", "a\r\nX-More: b"}};
      });
  const auto body = f.client.call("POST", "/activity", "{\"data\":[]}");
  REQUIRE(body);
  CHECK(*body == "{\"ok\":true}");
  const auto seen = f.panel.seen().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.uri == "/api/remote/activity");
  CHECK(seen.body == "{\"data\":[]}");
  CHECK(seen.header("Authorization") == "Bearer id.hush-the-token");
  CHECK(seen.header("User-Agent") == "Pterodactyl Wings/v1.2.3 (id:id)");
  CHECK(seen.header("Accept") == "application/vnd.pterodactyl.v1+json");
  CHECK(seen.header("Content-Type") == "application/json");
  CHECK(seen.header("Host") == f.panel.url().substr(7));
  CHECK(seen.header("X-Gate") == "open");
  CHECK(seen.header("X-Split").empty());
  CHECK(seen.header("X-More").empty());
}

TEST_CASE("a POST without a body says null, a GET says nothing") {
  Fixture f([](const Seen &) { return Reply{204, "", {}}; });
  CHECK(*f.client.call("POST", "/servers/reset", "") == "");
  CHECK(*f.client.call("GET", "/servers/x/install?a=b%20c", "") == "");
  CHECK(f.panel.seen().at(0).body == "null");
  CHECK(f.panel.seen().at(1).body.empty());
  CHECK(f.panel.seen().at(1).uri == "/api/remote/servers/x/install?a=b%20c");
}

TEST_CASE("a kept connection is used again, new credentials count at once") {
  Fixture f([](const Seen &) { return Reply{200, "x", {}}; });
  REQUIRE(f.client.call("GET", "/a", ""));
  f.client.setCredentials("id2", "token2");
  REQUIRE(f.client.call("GET", "/b", ""));
  const auto seen = f.panel.seen();
  CHECK(seen.at(0).peer == seen.at(1).peer);
  CHECK(seen.at(1).header("Authorization") == "Bearer id2.token2");
}

TEST_CASE("a chunked answer is put together") {
  Fixture f([](const Seen &) { return Reply{200, std::string(200'000, 'x') + "end", {}, true}; });
  const auto body = f.client.call("GET", "/a", "");
  REQUIRE(body);
  CHECK(body->size() == 200'003);
  REQUIRE(f.client.call("GET", "/b", ""));
  CHECK(f.panel.seen().at(0).peer == f.panel.seen().at(1).peer);
}

TEST_CASE("what is no proper call never leaves the daemon") {
  Fixture f([](const Seen &) { return Reply{}; });
  for (const char *path : {"", "servers", "/../admin", "/a b", "/a\r\nX: y", "/a#b", "/%2e%2e/x", "//x", "/a\\b"}) {
    CAPTURE(path);
    const auto answer = f.client.call("GET", path, "");
    REQUIRE(!answer);
    CHECK(answer.error().code == Code::invalid);
  }
  CHECK(!f.client.call("get", "/x", ""));
  CHECK(!f.client.call("GET /x HTTP/1.1\r\n", "/x", ""));
  CHECK(f.panel.seen().empty());
}

TEST_CASE("a refusal is told in the Panel's words and not repeated") {
  const std::pair<int, Code> refusals[] = {{400, Code::invalid},  {401, Code::denied},  {403, Code::denied},
                                           {404, Code::notFound}, {409, Code::invalid}, {422, Code::invalid},
                                           {429, Code::invalid}};
  Guarded<Reply> reply;
  Fixture f([&](const Seen &) { return reply.with([](const Reply &now) { return now; }); });
  std::size_t asked = 0;
  for (const auto &[status, code] : refusals) {
    const auto number = std::to_string(status);
    reply.with([&, status = status](Reply &now) { now = {status, errors("no \\u003cway\\u003e", number), {}}; });
    const auto answer = f.client.call("GET", "/x", "");
    REQUIRE(!answer);
    CHECK(answer.error().code == code);
    CHECK(answer.error().text == "Error response from Panel: HttpException: no <way> (HTTP/" + number + ")");
    CHECK(f.panel.seen().size() == ++asked);
  }
}

TEST_CASE("a refusal without proper words still has its status") {
  Guarded<Reply> reply;
  Fixture f([&](const Seen &) { return reply.with([](const Reply &now) { return now; }); });
  for (const char *body :
       {"", "<html>", "{}", "{\"errors\":[]}", "{\"errors\":5}", "{\"errors\":[5]}", "{\"errors\":[{\"code\":5}]}"}) {
    CAPTURE(body);
    reply.with([&](Reply &now) { now = {403, body, {}}; });
    const auto answer = f.client.call("GET", "/x", "");
    REQUIRE(!answer);
    CHECK(answer.error().text ==
          "Error response from Panel: _MissingResponseCode: No error response returned from API endpoint. (HTTP/403)");
  }
}

TEST_CASE("a failing Panel is asked again until it answers, with the same body") {
  std::atomic<int> count = 0, status = 0;
  Fixture f([&](const Seen &) { return ++count <= 3 ? Reply{status, "", {}} : Reply{200, "done", {}}; });
  for (const int one : {500, 502, 503, 304}) {
    count = 0;
    status = one;
    const auto answer = f.client.call("POST", "/x", "{\"a\":1}");
    REQUIRE(answer);
    CHECK(*answer == "done");
  }
  for (const auto &seen : f.panel.seen()) CHECK(seen.body == "{\"a\":1}");
  CHECK(f.panel.seen().size() == 16);
}

TEST_CASE("a Panel that keeps failing is given up with its last words") {
  // On a busy machine there may be no time for three attempts; then a longer one is given.
  std::size_t attempts = 0;
  for (auto total = 100ms; attempts < 3; total *= 2) {
    FakePanel panel([](const Seen &) { return Reply{500, errors("broken", "500"), {}}; });
    PanelClient client(config(panel.url()), "1", true, {5ms, 20ms, total, 1.5, 0.5});
    const auto answer = client.call("GET", "/x", "");
    REQUIRE(!answer);
    CHECK(answer.error().code == Code::io);
    CHECK(answer.error().text == "Error response from Panel: HttpException: broken (HTTP/500)");
    attempts = panel.seen().size();
  }
}

TEST_CASE("waits grow up to their longest, and no attempt begins after the total") {
  std::vector<std::chrono::steady_clock::time_point> at;
  for (auto total = 400ms; at.size() < 3; total *= 2) { // a busy machine needs longer for three attempts
    Guarded<std::vector<std::chrono::steady_clock::time_point>> times;
    FakePanel panel([&](const Seen &) {
      times.with([](auto &all) { all.push_back(std::chrono::steady_clock::now()); });
      return Reply{500, "", {}};
    });
    PanelClient client(config(panel.url()), "1", true, {40ms, 80ms, total, 2, 0});
    CHECK(!client.call("GET", "/x", ""));
    at = times.with([](const auto &all) { return all; });
    CHECK(at.size() <= 2 + static_cast<std::size_t>((total - 40ms) / 80ms)); // 0, 40, 120, 200, 280, 360 of 400
  }
  // Measured where the requests arrive, so a little less than was waited is possible.
  CHECK(at[1] - at[0] > 20ms);
  CHECK(at[2] - at[1] > 60ms);
}

TEST_CASE("a Panel that is down is waited for") {
  Poco::Net::ServerSocket silent; // bound and not listening: the port is nobody else's, and refuses
  silent.bind(Poco::Net::SocketAddress("127.0.0.1", 0));
  const auto url = "http://127.0.0.1:" + std::to_string(silent.address().port());
  PanelClient client(config(url), "1", true, {5ms, 10ms, 50ms, 1.5, 0});
  const auto answer = client.call("GET", "/x", "");
  REQUIRE(!answer);
  CHECK(answer.error().code == Code::io);
  CHECK(answer.error().text == "the Panel cannot be reached: " + url + ": cannot connect: Connection refused");
}

TEST_CASE("an address that is none is told at once") {
  for (const char *remote : {"", "panel.example.com", "ftp://x", "http://", "http://[::1", "http://x:99999"}) {
    CAPTURE(remote);
    PanelClient client(config(remote), "1", true, kQuick);
    const auto answer = client.call("GET", "/x", "");
    REQUIRE(!answer);
    CHECK(answer.error().code == Code::invalid);
  }
}

TEST_CASE("one page is enough for few servers") {
  Fixture f([](const Seen &) { return Reply{200, listPage(1, 1, {entry(1), entry(2)}), {}}; });
  const auto servers = f.client.servers();
  REQUIRE(servers);
  CHECK(servers->size() == 2);
  REQUIRE(f.panel.seen().size() == 1);
  CHECK(f.panel.seen()[0].uri == "/api/remote/servers?page=0&per_page=50");
}

TEST_CASE("further pages are fetched at the same time, each once") {
  std::mutex mutex;
  std::condition_variable changed;
  int together = 0;
  bool met = false;
  Fixture f(
      [&](const Seen &seen) {
        const int page = std::max(1, std::stoi(seen.uri.substr(seen.uri.find('=') + 1)));
        if (page > 1) {
          std::unique_lock lock(mutex);
          ++together;
          if (together >= 4) met = true;
          changed.notify_all();
          changed.wait_for(lock, 5s, [&] { return met; });
        }
        return Reply{200, listPage(page, 12, {entry(page * 2), entry(page * 2 + 1)}), {}};
      },
      [](Config &c) { c.boot_servers_per_page = 2; });
  const auto servers = f.client.servers();
  REQUIRE(servers);
  CHECK(met);
  std::set<std::string> ids, uris;
  for (const auto &server : *servers) ids.insert(server->settings.id.text());
  for (const auto &seen : f.panel.seen()) uris.insert(seen.uri);
  CHECK(ids.size() == 24);
  CHECK(uris.size() == 12);
  CHECK(f.panel.seen().size() == 12);
  CHECK(uris.contains("/api/remote/servers?page=12&per_page=2"));
}

TEST_CASE("a later page that is refused refuses the list") {
  Fixture f([](const Seen &seen) {
    if (seen.uri.find("page=3") != std::string::npos) return Reply{403, errors("not you"), {}};
    return Reply{200, listPage(1, 5, {entry(1)}), {}};
  });
  const auto servers = f.client.servers();
  REQUIRE(!servers);
  CHECK(servers.error().code == Code::denied);
  CHECK(servers.error().text.find("not you (HTTP/403)") != std::string::npos);
}

TEST_CASE("entries that make no sense are left out, the others stay") {
  Fixture f([](const Seen &) {
    return Reply{200, listPage(1, 1, {entry(1), entry(2, ",\"build\":\"text\""), "5", "null", "{}", entry(3)}), {}};
  });
  const auto servers = f.client.servers();
  REQUIRE(servers);
  CHECK(servers->size() == 2);
}

TEST_CASE("a list that is none is refused without another attempt") {
  Guarded<Reply> reply;
  Fixture f([&](const Seen &) { return reply.with([](const Reply &now) { return now; }); });
  std::size_t asked = 0;
  for (const char *body :
       {"", "<html>", "[]", "{\"data\":5}", "{\"data\":[{}", "{\"data\":[],\"meta\":{\"last_page\":\"2\"}}",
        "{\"data\":[],\"meta\":{\"current_page\":1,\"last_page\":99999999}}", "{\"data\":[]} x"}) {
    CAPTURE(body);
    reply.with([&](Reply &now) { now = {200, body, {}}; });
    const auto servers = f.client.servers();
    REQUIRE(!servers);
    CHECK(servers.error().code == Code::invalid);
    CHECK(f.panel.seen().size() == ++asked);
  }
}

TEST_CASE("one server is fetched by its id") {
  Fixture f([](const Seen &seen) {
    if (seen.uri != "/api/remote/servers/" + kUuid) return Reply{404, errors("gone", "404"), {}};
    return Reply{200, "{\"settings\":{\"uuid\":\"" + kUuid + "\"},\"process_configuration\":{}}", {}};
  });
  const auto server = f.client.server(*ServerId::parse(kUuid));
  REQUIRE(server);
  CHECK((*server)->settings.id.text() == kUuid);
  const auto gone = f.client.server(*ServerId::parse("4fd3e129-0dc3-4f0e-9a36-68526cabfbcf"));
  REQUIRE(!gone);
  CHECK(gone.error().code == Code::notFound);
}

TEST_CASE("stopping ends the wait between attempts and the wait for an answer") {
  std::promise<void> asked, release;
  const auto released = release.get_future().share();
  std::atomic<bool> first = true;
  SECTION("between attempts") {
    FakePanel panel([&](const Seen &) {
      if (first.exchange(false)) asked.set_value();
      return Reply{500, "", {}};
    });
    PanelClient client(config(panel.url()), "1", true, {60s, 60s, 600s, 1, 0});
    auto call = std::async(std::launch::async, [&] { return client.call("GET", "/x", ""); });
    asked.get_future().wait();
    client.stop();
    REQUIRE(call.wait_for(5s) == std::future_status::ready);
    CHECK(call.get().error().code == Code::stopping);
    const auto after = client.call("GET", "/x", "");
    REQUIRE(!after);
    CHECK(after.error().code == Code::stopping);
  }
  SECTION("for an answer") {
    FakePanel panel([&](const Seen &) {
      if (first.exchange(false)) asked.set_value();
      released.wait_for(10s);
      return Reply{};
    });
    PanelClient client(config(panel.url()), "1", true, kQuick);
    auto call = std::async(std::launch::async, [&] { return client.call("GET", "/x", ""); });
    asked.get_future().wait();
    client.stop();
    REQUIRE(call.wait_for(5s) == std::future_status::ready);
    CHECK(call.get().error().code == Code::stopping);
    release.set_value();
  }
}
