// The event bus: facts by publish/subscribe, services by offer/call. The only thing that plugins share.
//
// publish() copies once into a shared Event; every subscription then holds a pointer to it. Each subscription has a
// bounded queue that is drained on its owner's lane; several events a turn, in publish order. A call has a deadline and
// is answered exactly once. The bus knows no topic's meaning; who may publish what is the loader's business.
#pragma once

#include "base/result.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

// Immutable once published; shared by all who hear it. `release` runs when the last of them let go (back-pressure for
// container output: docker/attach counts the lines that nobody has finished with).
struct Event {
  std::string topic, server, source, payload; // server: UUID text or empty
  bool raw = false;
  std::uint64_t seq = 0;
  std::int64_t time_ms = 0;
  std::function<void()> release;
  Event() = default;
  Event(const Event &) = delete;
  Event &operator=(const Event &) = delete;
  ~Event() {
    if (release) release();
  }
};
using EventPtr = std::shared_ptr<const Event>;

enum class Policy { all, latest, dropOldest };

// What a subscriber gets: the event, and whether events before it were dropped (Policy::dropOldest).
struct Delivery {
  EventPtr event;
  bool gap = false;
};

// The pending answer to a call. Copyable; the first answer wins, later ones return Code::cancelled.
class CallReply {
public:
  struct State;
  explicit CallReply(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Code answer(Result<std::string> answer) const; // [any]
  [[nodiscard]] bool cancelled() const;          // deadline passed, caller cancelled, or bus stopped

private:
  std::shared_ptr<State> state_;
};

struct OfferInfo {
  std::string address, owner, about;
};

class Bus {
public:
  using Id = std::uint64_t;
  using OnEvent = std::function<void(const Delivery &)>;
  // An empty EventPtr in Delivery tells that a Policy::all subscription overflowed and is ended.
  using OnCall = std::function<void(const EventPtr &, CallReply)>;
  using OnDone = std::function<void(Result<std::string>)>;

  explicit Bus(Loop &timers);
  ~Bus();

  // [any] Never blocks.
  void publish(std::unique_ptr<Event> event);
  // Convenience for the core's own facts: source "core", JSON payload unless `raw`.
  void publish(std::string topic, std::string server, std::string payload, bool raw = false,
               std::function<void()> release = {});
  // [any] Would anyone hear this? Hot paths ask before they encode.
  [[nodiscard]] bool wanted(std::string_view topic, std::string_view server) const;
  // `pattern`: TOPIC | PREFIX* | *, then optionally "@SERVER". `capacity` bounds the queue.
  Result<Id> subscribe(Lane &lane, std::string_view pattern, Policy policy, OnEvent fn, std::size_t capacity = 1024);
  Result<Id> offer(Lane &lane, std::string owner, std::string address, std::string about, OnCall fn);
  // `lane` is the caller's: `done` runs there, exactly once.
  Id call(Lane &lane, const std::string &address, std::unique_ptr<Event> event, std::chrono::milliseconds deadline,
          OnDone done);
  [[nodiscard]] std::vector<OfferInfo> list(std::string_view prefix) const;
  // Ends a subscription, an offer (its pending calls are answered Code::notFound) or a call (done gets
  // Code::cancelled). Waits for a running callback of it unless called from that callback's lane. False when the id is
  // unknown.
  bool cancel(Id id);
  // Every pending call is answered Code::stopping; publish and call do nothing after. Idempotent.
  void stop();

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
