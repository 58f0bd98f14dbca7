// What the front keeps on one io loop: its connections and sockets, their deadlines, and the sockets by id.
#pragma once

#include "base/guarded.hpp"
#include "tasks/loop.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace pinion::core::http {

// Console bursts of so long go out in one write a socket: a write costs ten times what a queued line does.
constexpr std::chrono::milliseconds kFlushTick{5};
constexpr std::chrono::milliseconds kDeadlineTick{250}; // how exactly timeouts are kept

// One accepted connection, as HTTP or as WebSocket. Owned by its hub, used on the loop's thread.
class Endpoint : public std::enable_shared_from_this<Endpoint> {
public:
  virtual ~Endpoint() = default;
  virtual void tick(Clock::time_point now) = 0;
  virtual void stopGently() = 0; // nothing new; ends as soon as what is under way is over
  virtual void drop() = 0;       // ends now
};

class Socket;

class Hub : public std::enable_shared_from_this<Hub> {
public:
  Hub(Loop &loop, std::uint64_t index) : loop_(loop), index_(index) {}

  // [any] False once close() was called or the loop has stopped. Never touches the loop after close().
  bool post(const std::function<void()> &work);
  [[nodiscard]] bool inLoop() const { return loop_.inLoop(); }
  void close();

  // [loop]
  [[nodiscard]] Loop &loop() { return loop_; }
  void keep(std::shared_ptr<Endpoint> endpoint);
  void release(Endpoint *endpoint);
  void stopGently();
  void dropAll();
  [[nodiscard]] std::size_t endpoints() const { return endpoints_.size(); }

  // [any]
  [[nodiscard]] std::uint64_t index() const { return index_; }
  void addSocket(std::uint64_t id, std::shared_ptr<Socket> socket);
  void removeSocket(std::uint64_t id);
  [[nodiscard]] std::shared_ptr<Socket> socket(std::uint64_t id) const;
  // Those of `ids` that are here. One lock for all.
  [[nodiscard]] std::vector<std::shared_ptr<Socket>> sockets(const std::uint64_t *ids, std::size_t count) const;
  // The sockets have something to send: at the next tick.
  void flushSoon(std::vector<std::shared_ptr<Socket>> sockets);

private:
  void tick();
  void flushAll();

  Loop &loop_;
  const std::uint64_t index_;
  Guarded<bool> open_{true};
  Guarded<std::unordered_map<std::uint64_t, std::shared_ptr<Socket>>> sockets_;
  Guarded<std::vector<std::shared_ptr<Socket>>> soon_; // each once: a socket knows that it waits
  std::unordered_map<Endpoint *, std::shared_ptr<Endpoint>> endpoints_;
  bool ticking_ = false;
};

} // namespace pinion::core::http
