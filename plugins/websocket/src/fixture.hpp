// For the flow tests: the plugin on a fake daemon with one server, and clients that speak the protocol.
#pragma once

#include "websocket.hpp"

#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

namespace pinion::websocket {

inline constexpr const char *kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";
inline constexpr const char *kOther = "0c2e0b2c-66f5-4f0a-8b57-1b6f1a1f2d3e";
inline constexpr const char *kUser = "b1a5f0d8-6a5c-4a39-8a0a-5f6a2b8f0c01";
inline constexpr const char *kStats = R"({"memory_bytes":0,"state":"offline","disk_bytes":5})";

// The plugin with the fake's clock: its wall begins at 0.
class Timed : public Websocket {
public:
  explicit Timed(Host host)
      : Websocket(std::move(host), Clocks{[] { return fake->now() / 1000; }, [] { return fake->now() * 1'000'000; }}) {}
  static inline testing::FakeHost *fake = nullptr;
};

class Daemon {
public:
  Daemon() : fake("websocket"), plugin_(fake, "websocket") {
    Timed::fake = &fake;
    fake.node = {{"app_name", "Pinion"}, {"system", {{"websocket_log_count", 3}}}};
    for (const auto *server : {kServer, kOther}) fake.addServer(server, {{"utilization", Json::parse(kStats)}});
    log = fake.offer("activity/record", [this](const testing::FakeCall &call) {
      recorded.push_back(call.json());
      call.ok();
    });
    fake.advance(1000);
    REQUIRE(plugin_.start());
    fake.pump();
  }
  ~Daemon() { CHECK(fake.misuse().empty()); }

  testing::FakeSocket &open(const char *server = kServer) {
    return fake.connect(std::string("/api/servers/") + server + "/ws");
  }
  // Says an event and returns what was sent since.
  std::vector<std::string> say(testing::FakeSocket &socket, const std::string &event,
                               const std::string &argument = "") {
    return raw(socket, Json{{"event", event}, {"args", {argument}}}.dump());
  }
  std::vector<std::string> raw(testing::FakeSocket &socket, const std::string &text,
                               uint32_t kind = PINION_FRAME_TEXT) {
    const std::size_t before = socket.frames.size();
    socket.say(text, kind);
    fake.pump();
    return since(socket, before);
  }
  static std::vector<std::string> since(const testing::FakeSocket &socket, std::size_t before) {
    const auto all = socket.texts();
    return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
  }
  // A token that the host finds good; its text.
  std::string token(const std::vector<std::string> &permissions, Json claims = Json::object()) {
    Json all = {{"exp", 600},         {"iat", fake.now() / 1000}, {"jti", "jti-1"},
                {"user_uuid", kUser}, {"server_uuid", kServer},   {"permissions", permissions}};
    all.update(claims);
    const std::string text = "jwt-" + std::to_string(++tokens_);
    fake.addToken(text, "websocket", all);
    return text;
  }
  testing::FakeSocket &authenticated(const std::vector<std::string> &permissions = {"*"}, Json claims = Json::object(),
                                     const char *server = kServer) {
    testing::FakeSocket &socket = open(server);
    say(socket, "auth", token(permissions, std::move(claims)));
    socket.frames.clear();
    return socket;
  }
  void publish(const char *topic, const std::string &payload, uint32_t flags = PINION_EVENT_RAW,
               const char *server = kServer) {
    fake.publish(topic, server, payload, flags);
    fake.pump();
  }
  void stop() { plugin_.stop(); }

  testing::FakeHost fake;
  std::vector<Json> recorded; // what came to the activity log
  std::uint64_t log = 0;      // its offer

private:
  testing::Running<Timed> plugin_;
  int tokens_ = 0;
};

inline std::string event(const std::string &name) { return "{\"event\":\"" + name + "\"}\n"; }
inline std::string event(const std::string &name, const std::string &argument) {
  return "{\"event\":\"" + name + "\",\"args\":[" + Json(argument).dump() + "]}\n";
}
inline std::string jwtError(const std::string &text) { return event("jwt error", text); }

using Texts = std::vector<std::string>;

} // namespace pinion::websocket
