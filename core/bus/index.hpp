// Who hears a topic: found by hash, whatever the number of subscriptions. Only subscriptions by prefix are walked,
// those of every server and those of the event's server. Not thread-safe; the bus locks it.
#pragma once

#include "bus/delivery_queue.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pinion::core {

using SubscriptionPtr = std::shared_ptr<Subscription>;

class Index {
public:
  void add(const SubscriptionPtr &one);
  void remove(const Subscription &one);

  // Calls `visit(const SubscriptionPtr&)` for everyone who listens, until it returns false.
  template <typename F> void match(std::string_view topic, std::string_view server, F &&visit) const {
    if (!matchIn(topic, {}, visit) || server.empty()) return;
    matchIn(topic, server, visit);
  }

private:
  struct KeyView {
    std::string_view topic, server;
  };
  struct Key {
    std::string topic, server;
    operator KeyView() const { return {topic, server}; }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const KeyView &k) const {
      const std::hash<std::string_view> hash;
      return hash(k.topic) * 31 + hash(k.server);
    }
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const KeyView &a, const KeyView &b) const { return a.topic == b.topic && a.server == b.server; }
  };
  using List = std::vector<SubscriptionPtr>;

  template <typename F> bool matchIn(std::string_view topic, std::string_view server, F &visit) const {
    if (const auto found = exact_.find(KeyView{topic, server}); found != exact_.end())
      for (const auto &one : found->second)
        if (!visit(one)) return false;
    if (const auto found = prefixes_.find(server); found != prefixes_.end())
      for (const auto &one : found->second)
        if (topic.starts_with(one->pattern.text) && !visit(one)) return false;
    return true;
  }

  // The server is empty for those who listen to every server.
  std::unordered_map<Key, List, Hash, Same> exact_;
  std::unordered_map<std::string, List, Hash, std::equal_to<>> prefixes_;
};

} // namespace pinion::core
