// The servers of this node: their definitions, states, exclusive holds and last figures. Runs nothing.
#pragma once

#include "base/guarded.hpp"
#include "bus/bus.hpp"
#include "servers/disk_use.hpp"
#include "servers/settings.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

enum class State { offline, starting, running, stopping };
const char *name(State state);
std::optional<State> parseState(std::string_view text);

// The figures of a running container; zero when offline except memory_limit_bytes, which keeps its last value.
struct Utilization {
  std::uint64_t memory_bytes = 0, memory_limit_bytes = 0;
  double cpu_absolute = 0; // percent of one core, 3 decimals on the wire
  std::uint64_t rx_bytes = 0, tx_bytes = 0;
  std::uint64_t read_bytes = 0, write_bytes = 0;
  std::int64_t uptime_ms = 0;
};

class Server {
public:
  explicit Server(DefinitionPtr definition);
  [[nodiscard]] const ServerId &id() const { return id_; }
  [[nodiscard]] const std::string &text() const { return text_; } // the UUID as text
  [[nodiscard]] DefinitionPtr definition() const;
  void define(DefinitionPtr definition);
  [[nodiscard]] State state() const { return state_.load(); }
  [[nodiscard]] bool suspended() const { return suspended_.load(); }
  [[nodiscard]] std::string heldBy() const; // empty, or why
  [[nodiscard]] Utilization utilization() const;
  void setUtilization(const Utilization &now);
  [[nodiscard]] std::int64_t diskBytes() const { return disk_use_.bytes(); } // last known use
  [[nodiscard]] DiskUse &diskUse() { return disk_use_; }                     // changed through Disk
  // The "stats" payload (websocket.md 5.1): {"memory_bytes",...,"state","disk_bytes"}. `disk_io` adds the newer member.
  void appendStats(std::string &out) const;
  // The same members in alphabetical order, as Wings publishes them on its bus (contract websocket.md 5.1).
  void appendBusStats(std::string &out) const;
  [[nodiscard]] bool deleted() const { return deleted_.load(); }

private:
  friend class Registry;
  ServerId id_;
  std::string text_;
  std::atomic<State> state_{State::offline};
  std::atomic<bool> suspended_{false}, deleted_{false};
  DiskUse disk_use_;
  struct Inner {
    DefinitionPtr definition;
    std::string held_by;
    Utilization utilization;
  };
  Guarded<Inner> inner_;
};
using ServerPtr = std::shared_ptr<Server>;

// Thread-safe. Publishes on the bus: "status" (raw state name) and, when offline, "stats"; "server.created",
// "server.synced" {"suspended":bool,"was_suspended":bool}, "server.held" {"why":text}, "server.gone".
class Registry {
public:
  Registry(Bus &bus, std::string states_path); // states_path: states.json (contract config.md 8)
  ~Registry();

  [[nodiscard]] ServerPtr find(std::string_view uuid) const; // exact text; null when unknown
  [[nodiscard]] ServerPtr find(const ServerId &id) const;
  [[nodiscard]] std::vector<ServerPtr> all() const; // sorted by UUID
  [[nodiscard]] std::size_t size() const;
  // Adds or, when it is there already, redefines (and publishes "server.synced").
  ServerPtr put(DefinitionPtr definition);
  void remove(const ServerId &id);
  // The same state again does nothing. Marks the states file as to be written.
  void setState(const ServerPtr &server, State state);
  void setSuspended(const ServerPtr &server, bool suspended);
  // Code::busy with the holder's reason when held; the returned number ends the hold through release().
  Result<std::uint64_t> hold(const ServerPtr &server, const std::string &why);
  void release(std::uint64_t hold);

  // What states.json held at construction; unknown and unreadable entries are absent.
  [[nodiscard]] State saved(const ServerId &id) const;
  // [pool] Writes states.json when something changed since (atomic rename, 0644). Called by a timer and at stop.
  Result<void> save();

private:
  struct Inner;
  Bus &bus_;
  std::string states_path_;
  std::unique_ptr<Inner> inner_;
};

} // namespace pinion::core
