#include "servers/registry.hpp"

#include "base/json_text.hpp"
#include "log/log.hpp"
#include "servers/json_cursor.hpp"
#include "servers/states_file.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <unordered_map>

namespace pinion::core {

namespace {

constexpr std::array<std::pair<State, const char *>, 4> state_names{{{State::offline, "offline"},
                                                                     {State::starting, "starting"},
                                                                     {State::running, "running"},
                                                                     {State::stopping, "stopping"}}};

template <typename Number> void appendNumber(std::string &out, std::string_view name, Number value) {
  out += name;
  out += std::to_string(value);
}

// Three decimals, in the shortest form (12.345, 7.5, 0), as Go writes a rounded float.
void appendPercent(std::string &out, std::string_view name, double value) {
  const double rounded = std::isfinite(value) ? std::round(value * 1000) / 1000 : 0;
  std::array<char, 400> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), rounded, std::chars_format::fixed).ptr;
  out += name;
  out.append(text.data(), end);
}

} // namespace

const char *name(State state) { return state_names[static_cast<std::size_t>(state)].second; }

std::optional<State> parseState(std::string_view text) {
  for (const auto &[state, word] : state_names)
    if (text == word) return state;
  return std::nullopt;
}

Server::Server(DefinitionPtr definition)
    : id_(definition->settings.id), text_(id_.text()), suspended_(definition->settings.suspended) {
  inner_.with([&](Inner &inner) { inner.definition = std::move(definition); });
}

DefinitionPtr Server::definition() const {
  return inner_.with([](const Inner &inner) { return inner.definition; });
}

void Server::define(DefinitionPtr definition) {
  inner_.with([&](Inner &inner) { inner.definition.swap(definition); }); // the old one goes outside the lock
}

std::string Server::heldBy() const {
  return inner_.with([](const Inner &inner) { return inner.held_by; });
}

Utilization Server::utilization() const {
  return inner_.with([](const Inner &inner) { return inner.utilization; });
}

void Server::setUtilization(const Utilization &now) {
  inner_.with([&](Inner &inner) { inner.utilization = now; });
}

void Server::appendStats(std::string &out) const {
  const Utilization now = utilization();
  appendNumber(out, "{\"memory_bytes\":", now.memory_bytes);
  appendNumber(out, ",\"memory_limit_bytes\":", now.memory_limit_bytes);
  appendPercent(out, ",\"cpu_absolute\":", now.cpu_absolute);
  appendNumber(out, ",\"network\":{\"rx_bytes\":", now.rx_bytes);
  appendNumber(out, ",\"tx_bytes\":", now.tx_bytes);
  appendNumber(out, "},\"disk_io\":{\"read_bytes\":", now.read_bytes);
  appendNumber(out, ",\"write_bytes\":", now.write_bytes);
  appendNumber(out, "},\"uptime\":", now.uptime_ms);
  out += ",\"state\":\"";
  out += name(state());
  appendNumber(out, "\",\"disk_bytes\":", diskBytes());
  out += '}';
}

void Server::appendBusStats(std::string &out) const {
  const Utilization now = utilization();
  appendPercent(out, "{\"cpu_absolute\":", now.cpu_absolute);
  appendNumber(out, ",\"disk_bytes\":", diskBytes());
  appendNumber(out, ",\"disk_io\":{\"read_bytes\":", now.read_bytes);
  appendNumber(out, ",\"write_bytes\":", now.write_bytes);
  appendNumber(out, "},\"memory_bytes\":", now.memory_bytes);
  appendNumber(out, ",\"memory_limit_bytes\":", now.memory_limit_bytes);
  appendNumber(out, ",\"network\":{\"rx_bytes\":", now.rx_bytes);
  appendNumber(out, ",\"tx_bytes\":", now.tx_bytes);
  out += "},\"state\":\"";
  out += name(state());
  appendNumber(out, "\",\"uptime\":", now.uptime_ms);
  out += '}';
}

struct Registry::Inner {
  struct Servers {
    std::map<ServerId, ServerPtr> by_id;
    // Saved states of servers whose state nobody has set yet: a save before they are restored keeps them.
    std::map<ServerId, State> untouched;
  };
  struct Holds {
    std::uint64_t last = 0;
    std::unordered_map<std::uint64_t, ServerPtr> held;
  };
  std::map<ServerId, State> saved; // as read, constant after construction
  Guarded<Servers> servers;
  Guarded<Holds> holds;
  // Held from a change of state until it is published, so that the last "status" on the bus is the state.
  Guarded<char> changing;
  Guarded<std::optional<std::string>> written; // what states.json holds; held while it is written
};

Registry::Registry(Bus &bus, std::string states_path)
    : bus_(bus), states_path_(std::move(states_path)), inner_(std::make_unique<Inner>()) {
  auto text = readStates(states_path_);
  if (!text) {
    log::warn(text.error().text + "; all servers count as offline");
    return;
  }
  auto states = decodeStates(*text);
  if (states)
    inner_->saved = std::move(*states);
  else
    log::warn(states_path_ + ": " + states.error().text + "; all servers count as offline");
  inner_->servers.with([&](Inner::Servers &servers) { servers.untouched = inner_->saved; });
  inner_->written.with([&](auto &written) { written = std::move(*text); });
}

Registry::~Registry() = default;

ServerPtr Registry::find(std::string_view uuid) const {
  const auto id = ServerId::parse(uuid);
  return id ? find(*id) : nullptr;
}

ServerPtr Registry::find(const ServerId &id) const {
  return inner_->servers.with([&](const Inner::Servers &servers) -> ServerPtr {
    const auto found = servers.by_id.find(id);
    return found == servers.by_id.end() ? nullptr : found->second;
  });
}

std::vector<ServerPtr> Registry::all() const {
  return inner_->servers.with([](const Inner::Servers &servers) {
    std::vector<ServerPtr> out;
    out.reserve(servers.by_id.size());
    for (const auto &[id, server] : servers.by_id) out.push_back(server);
    return out;
  });
}

std::size_t Registry::size() const {
  return inner_->servers.with([](const Inner::Servers &servers) { return servers.by_id.size(); });
}

ServerPtr Registry::put(DefinitionPtr definition) {
  const bool suspended = definition->settings.suspended;
  bool was_suspended = false;
  const auto [server, known] = inner_->servers.with([&](Inner::Servers &servers) -> std::pair<ServerPtr, bool> {
    auto &slot = servers.by_id[definition->settings.id];
    if (!slot) return {slot = std::make_shared<Server>(std::move(definition)), false};
    slot->define(std::move(definition));
    was_suspended = slot->suspended_.exchange(suspended);
    return {slot, true};
  });
  if (known)
    bus_.publish("server.synced", server->text(),
                 std::string("{\"suspended\":") + (suspended ? "true" : "false") +
                     ",\"was_suspended\":" + (was_suspended ? "true" : "false") + "}");
  return server;
}

void Registry::remove(const ServerId &id) {
  const ServerPtr gone = inner_->servers.with([&](Inner::Servers &servers) -> ServerPtr {
    const auto found = servers.by_id.find(id);
    if (found == servers.by_id.end()) return nullptr;
    ServerPtr server = std::move(found->second);
    servers.by_id.erase(found);
    servers.untouched.erase(id);
    return server;
  });
  if (!gone) return;
  gone->deleted_.store(true);
  bus_.publish("server.gone", gone->text(), "{}");
}

void Registry::setState(const ServerPtr &server, State state) {
  inner_->servers.with([&](Inner::Servers &servers) { servers.untouched.erase(server->id()); });
  inner_->changing.with([&](char &) {
    if (server->state_.exchange(state) == state) return;
    bus_.publish("status", server->text(), name(state), true);
    if (state != State::offline) return;
    server->inner_.with([](Server::Inner &inner) {
      Utilization zero;
      zero.memory_limit_bytes = inner.utilization.memory_limit_bytes;
      inner.utilization = zero;
    });
    std::string stats;
    server->appendBusStats(stats);
    bus_.publish("stats", server->text(), std::move(stats));
  });
}

void Registry::setSuspended(const ServerPtr &server, bool suspended) { server->suspended_.store(suspended); }

Result<std::uint64_t> Registry::hold(const ServerPtr &server, const std::string &why) {
  if (why.empty()) return Error{Code::invalid, "a hold on a server needs a reason"};
  const std::string holder = server->inner_.with([&](Server::Inner &inner) {
    if (!inner.held_by.empty()) return inner.held_by;
    inner.held_by = why;
    return std::string();
  });
  if (!holder.empty()) return Error{Code::busy, holder};
  bus_.publish("server.held", server->text(), "{\"why\":" + jsonString(why) + "}");
  return inner_->holds.with([&](Inner::Holds &holds) {
    holds.held.emplace(++holds.last, server);
    return holds.last;
  });
}

void Registry::release(std::uint64_t hold) {
  const ServerPtr server = inner_->holds.with([&](Inner::Holds &holds) -> ServerPtr {
    const auto node = holds.held.extract(hold);
    return node.empty() ? nullptr : node.mapped();
  });
  if (server) server->inner_.with([](Server::Inner &inner) { inner.held_by.clear(); });
}

State Registry::saved(const ServerId &id) const {
  const auto found = inner_->saved.find(id);
  return found == inner_->saved.end() ? State::offline : found->second;
}

Result<void> Registry::save() {
  return inner_->written.with([&](std::optional<std::string> &written) -> Result<void> {
    std::string text = inner_->servers.with([](const Inner::Servers &servers) {
      std::map<ServerId, State> states;
      for (const auto &[id, server] : servers.by_id) {
        const auto untouched = servers.untouched.find(id);
        states.emplace_hint(states.end(), id,
                            untouched == servers.untouched.end() ? server->state() : untouched->second);
      }
      return encodeStates(states);
    });
    if (text == written) return {};
    if (auto done = writeStates(states_path_, text); !done) return done;
    written = std::move(text);
    return {};
  });
}

} // namespace pinion::core
