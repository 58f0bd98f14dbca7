#include "plugin.hpp"

#include "host_key.hpp"

namespace sftp {

using pinion::EventView;
using pinion::Json;

Result<void> Sftp::start() {
  auto settings = readSettings(host_);
  if (!settings) return settings.error();
  auto key = hostKey(host_);
  if (!key) return key.error();
  service_ = std::make_unique<Service>(host_, std::move(*settings), std::move(*key));
  if (auto spooled = openSpool(); !spooled)
    host_.warn("activity waits for the log, which makes uploads of many files slower: " + spooled.error().text);
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i] = std::make_unique<Shard>(*service_, static_cast<int>(i));
  if (auto heard = subscribe(); !heard) return heard;
  if (auto started = shards_[0]->start(); !started) return started;
  shards_[0]->post([this] { shards_[0]->listen([this](Caller caller) { place(std::move(caller)); }); });
  return {};
}

Result<void> Sftp::openSpool() {
  const auto folder = pinion::Files::folder(host_, "sftp");
  if (!folder) return folder.error();
  auto spool = Spool::open(*folder);
  if (!spool) return spool.error();
  return service_->recorder.start(std::move(*spool));
}

void Sftp::stop() {
  subscriptions_.clear();
  for (auto &shard : shards_)
    if (shard) shard->stop();
}

// The first shard takes the first connections, and its thread is the only one until there is more than one.
void Sftp::place(Caller caller) {
  Shard &first = *shards_[0], &second = *shards_[1];
  if (second.connections() >= first.connections()) return first.take(std::move(caller));
  if (!second.started())
    if (auto started = second.start(); !started) {
      host_.warn(started.error().text);
      return first.take(std::move(caller));
    }
  second.take(std::move(caller));
}

void Sftp::end(const std::string &user, const std::vector<std::string> &servers, const char *why) {
  for (auto &shard : shards_) shard->end(user, servers, why);
}

Result<void> Sftp::subscribe() {
  const auto hear = [&](const char *topic, auto what) -> Result<void> {
    auto made = host_.subscribe(topic, PINION_POLICY_ALL, std::move(what));
    if (!made) return made.error();
    subscriptions_.push_back(std::move(*made));
    return {};
  };
  auto denied = hear("tokens.denied", [this](const EventView &event) {
    const Json json = event.json();
    if (!json.is_object() || !json.contains("user") || !json["user"].is_string()) return;
    std::vector<std::string> servers;
    if (json.contains("servers") && json["servers"].is_array())
      for (const auto &one : json["servers"])
        if (one.is_string()) servers.push_back(one.get<std::string>());
    end(json["user"].get<std::string>(), servers, "the user may no longer use the server");
  });
  if (!denied) return denied;
  auto synced = hear("server.synced", [this](const EventView &event) {
    const Json json = event.json();
    if (json.is_object() && json.value("suspended", false))
      end("", {std::string(event.server)}, "the server is suspended");
  });
  if (!synced) return synced;
  // What takes the server away from its users. Requests are refused all the same while it is held.
  for (const char *topic : {"deleted", "server.gone", "server.held"}) {
    auto heard =
        hear(topic, [this](const EventView &event) { end("", {std::string(event.server)}, "the server is in use"); });
    if (!heard) return heard;
  }
  return {};
}

} // namespace sftp

PINION_PLUGIN(sftp::Sftp, "sftp", "0.1.0", "The servers' files over SFTP", "pinion.bus/1", "pinion.log/1",
              "pinion.config/1", "pinion.timers/1", "pinion.tasks/1", "pinion.servers/1", "pinion.files/1",
              "pinion.panel/1");
