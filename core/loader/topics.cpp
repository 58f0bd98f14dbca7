#include "loader/topics.hpp"

#include <algorithm>
#include <array>

namespace pinion::core {

std::span<const std::string_view> coreTopics() {
  static constexpr std::array<std::string_view, 23> all{
      "status",
      "stats",
      "deleted",
      "server.created",
      "server.synced",
      "server.gone",
      "server.held",
      "server.disk_exceeded",
      "container output",
      "container attached",
      "container exited",
      "container pull",
      "container run",
      "runtime.lost",
      "runtime.found",
      "boot.restore",
      "boot.completed",
      "config.changed",
      "daemon.stopping",
      "tokens.denied",
      "offer.added",
      "offer.gone",
      "subscription.ended",
  };
  return all;
}

std::span<const std::string_view> anyonesTopics() {
  static constexpr std::array<std::string_view, 11> all{
      "console output",    "daemon message",   "install started",          "install output",
      "install completed", "backup completed", "backup restore completed", "transfer logs",
      "transfer status",   "feature match",    "console.attached",
  };
  return all;
}

bool mayPublish(std::string_view plugin, std::string_view topic) {
  const auto listed = [&](std::span<const std::string_view> list) {
    return std::find(list.begin(), list.end(), topic) != list.end();
  };
  if (listed(anyonesTopics())) return true;
  if (listed(coreTopics())) return false;
  if (topic.size() <= plugin.size() + 1 || !topic.starts_with(plugin)) return false;
  return topic[plugin.size()] == '.' || topic[plugin.size()] == '/';
}

bool mayOffer(std::string_view address) { return address.substr(0, address.find('/')) != "core"; }

} // namespace pinion::core
