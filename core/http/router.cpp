#include "http/router.hpp"

#include "http/text.hpp"

namespace pinion::core::http {
namespace {

// Takes the first segment off "/a/b": "a", leaving "/b".
std::string_view takeSegment(std::string_view &path) {
  path.remove_prefix(1);
  const auto end = path.find('/');
  const auto segment = path.substr(0, end);
  path.remove_prefix(segment.size());
  return segment;
}

} // namespace

RouteEntry::Pass RouteEntry::enter(const std::shared_ptr<RouteEntry> &entry) {
  {
    const std::lock_guard lock(entry->mutex_);
    if (entry->closed_) return nullptr;
    ++entry->inside_;
  }
  return Pass(entry.get(), [entry](void *) {
    const std::lock_guard lock(entry->mutex_);
    if (--entry->inside_ == 0) entry->left_.notify_all();
  });
}

void RouteEntry::refuse() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

// Without a deadline: only a plugin that ends a route of its own comes here, and its handlers take seconds at most. One
// that never returns holds up nobody but its plugin: the daemon's stop gives routes up by refuse().
void RouteEntry::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  left_.wait(lock, [this] { return inside_ == 0; });
}

const std::string *RouteMatch::parameter(std::string_view name) const {
  for (const auto &parameter : parameters)
    if (parameter.first == name) return &parameter.second;
  return nullptr;
}

Result<void> Router::add(std::shared_ptr<RouteEntry> entry) {
  const auto &route = entry->route;
  if (!isToken(route.method) || !route.path.starts_with('/') || !route.handler)
    return Error{Code::invalid, "route " + route.method + " " + route.path +
                                    ": a method, a path that begins with / and a handler are needed"};
  Node *node = &methods_[route.method];
  std::string_view rest = route.path;
  while (!rest.empty()) {
    const auto segment = takeSegment(rest);
    if (segment == ":") return Error{Code::invalid, "route " + route.path + ": a parameter has no name"};
    auto &next = segment.starts_with(':') ? node->parameter : node->names[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  if (node->entry)
    return Error{Code::busy, "route " + route.method + " " + route.path + " is taken by " + node->entry->route.path};
  node->entry = entry;
  entries_.push_back(std::move(entry));
  return {};
}

std::shared_ptr<Router> Router::copy() const {
  auto out = std::make_shared<Router>();
  for (const auto &entry : entries_) (void)out->add(entry); // they fitted together before
  return out;
}

std::shared_ptr<const Router> Router::without(std::uint64_t id) const {
  auto out = std::make_shared<Router>();
  for (const auto &entry : entries_)
    if (entry->id != id) (void)out->add(entry);
  return out;
}

const Router::Node *Router::find(const Node &node, std::string_view rest, std::vector<std::string_view> &values) {
  if (rest.empty()) return node.entry ? &node : nullptr;
  const auto segment = takeSegment(rest);
  if (const auto named = node.names.find(segment); named != node.names.end())
    if (const auto *found = find(*named->second, rest, values)) return found;
  if (!node.parameter || segment.empty()) return nullptr;
  values.push_back(segment);
  if (const auto *found = find(*node.parameter, rest, values)) return found;
  values.pop_back();
  return nullptr;
}

std::optional<RouteMatch> Router::match(std::string_view method, std::string_view path) const {
  const auto tree = methods_.find(method);
  if (tree == methods_.end() || !path.starts_with('/')) return std::nullopt;
  std::vector<std::string_view> values;
  const auto *node = find(tree->second, path, values);
  if (node == nullptr) return std::nullopt;
  RouteMatch out{node->entry, {}};
  std::size_t next = 0;
  std::string_view pattern = node->entry->route.path;
  while (!pattern.empty())
    if (const auto segment = takeSegment(pattern); segment.starts_with(':'))
      out.parameters.emplace_back(segment.substr(1), values[next++]);
  return out;
}

bool Router::matchesOtherSlash(std::string_view method, std::string_view path) const {
  if (path.size() < 2) return false;
  if (path.back() == '/') return match(method, path.substr(0, path.size() - 1)).has_value();
  return match(method, std::string(path) + "/").has_value();
}

} // namespace pinion::core::http
