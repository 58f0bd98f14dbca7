// Stops a server whose console has been silent for a while. Configuration: plugins.idle-stop.minutes (default 30).
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <map>

// [class]
class IdleStop {
public:
  explicit IdleStop(pinion::Host host) : host_(std::move(host)) {}
  pinion::Result<void> start();
  void stop() {} // handles and coroutines end with the plugin

private:
  struct Watch {
    pinion::Signal news; // the console spoke, or the server runs no more
    bool over = false;
  };
  void onStatus(const pinion::EventView &event);
  pinion::Task<> watch(std::string server, std::shared_ptr<Watch> it); // one coroutine for each running server

  pinion::Host host_;
  uint32_t silence_ms_ = 0;
  std::map<std::string, std::shared_ptr<Watch>> watched_; // on the lane only: no lock
  std::vector<pinion::Handle> handles_;
};
// [class]

// [start]
inline pinion::Result<void> IdleStop::start() {
  const pinion::Json minutes = host_.config("/minutes");
  silence_ms_ = (minutes.is_number_unsigned() ? minutes.get<uint32_t>() : 30) * 60'000;

  auto status = host_.subscribe("status", PINION_POLICY_ALL, [this](const auto &event) { onStatus(event); });
  if (!status) return status.error();
  handles_.push_back(std::move(*status));

  auto output = host_.subscribe("console output", PINION_POLICY_LATEST, [this](const auto &event) {
    if (const auto at = watched_.find(std::string(event.server)); at != watched_.end()) at->second->news.notify();
  });
  if (!output) return output.error();
  handles_.push_back(std::move(*output));

  return host_.route("GET", "/api/idle-stop", "node", PINION_ROUTE_LANE, [this](pinion::Exchange exchange) {
    pinion::Json names = pinion::Json::array();
    for (const auto &[server, it] : watched_) names.push_back(server);
    exchange.answer(200, pinion::Json{{"watched", names}}.dump());
  });
}
// [start]

// [watch]
inline void IdleStop::onStatus(const pinion::EventView &event) {
  const std::string server(event.server);
  const auto at = watched_.find(server);
  if (event.payload == "running" && at == watched_.end()) {
    const auto it = watched_[server] = std::make_shared<Watch>();
    host_.spawn(watch(server, it));
  } else if (event.payload != "running" && at != watched_.end()) {
    const auto it = at->second;
    watched_.erase(at);
    it->over = true;
    it->news.notify();
  }
}

inline pinion::Task<> IdleStop::watch(std::string server, std::shared_ptr<Watch> it) {
  while (!it->over) {
    if (co_await it->news.wait(host_, silence_ms_)) continue;
    host_.info("stopping a silent server", {{"server", server}});
    const pinion::Answer answer = co_await host_.call("power/act", server, R"({"action":"stop"})", 60'000);
    if (!answer) host_.warn("the server was not stopped", {{"server", server}, {"error", answer.error().text}});
  }
}
// [watch]
