// Finds the route for a method and a path. A tree of segments a method; a name goes before a parameter.
#pragma once

#include "http/front.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinion::core::http {

// A route and who is inside its handler. Thread-safe.
class RouteEntry {
public:
  RouteEntry(std::uint64_t id, Route route) : id(id), route(std::move(route)) {}

  // Held while the handler is queued or runs; null when the route was removed.
  using Pass = std::shared_ptr<void>;
  static Pass enter(const std::shared_ptr<RouteEntry> &entry);
  // Nobody enters any more.
  void refuse();
  // The same, and waits until everyone has left: as long as the slowest handler takes.
  void close();

  const std::uint64_t id;
  const Route route;

private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t inside_ = 0;
  bool closed_ = false;
};

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct RouteMatch {
  std::shared_ptr<RouteEntry> entry;
  Parameters parameters;
  [[nodiscard]] const std::string *parameter(std::string_view name) const;
};

// Immutable once it serves: a change is made on a copy.
class Router {
public:
  // Code::busy when method and path (whatever the parameters are called) are taken, Code::invalid for an odd path.
  Result<void> add(std::shared_ptr<RouteEntry> entry);
  [[nodiscard]] std::shared_ptr<const Router> without(std::uint64_t id) const;
  [[nodiscard]] std::shared_ptr<Router> copy() const;

  [[nodiscard]] std::optional<RouteMatch> match(std::string_view method, std::string_view path) const;
  // True when only the path with the final slash taken away (or added) has a route.
  [[nodiscard]] bool matchesOtherSlash(std::string_view method, std::string_view path) const;
  [[nodiscard]] const std::vector<std::shared_ptr<RouteEntry>> &entries() const { return entries_; }

private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> names;
    std::unique_ptr<Node> parameter;
    std::shared_ptr<RouteEntry> entry;
  };
  static const Node *find(const Node &node, std::string_view rest, std::vector<std::string_view> &values);

  std::map<std::string, Node, std::less<>> methods_;
  std::vector<std::shared_ptr<RouteEntry>> entries_;
};

} // namespace pinion::core::http
