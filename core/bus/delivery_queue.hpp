// The ordered queue of everything that the bus has for one lane: events, calls and answers in the order in which they
// were published, asked and given, whichever subscription or offer they are for. One lane job is posted for each item,
// so that the lane's own jobs get their turns between them.
//
// Locks: the queue's is the innermost one of the bus. Events are freed outside of it (their `release` may do anything).
#pragma once

#include "bus/bus.hpp"
#include "bus/pattern.hpp"

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>

namespace pinion::core {

class DeliveryQueue;
class Endpoint;

struct Item {
  std::shared_ptr<Endpoint> to;
  EventPtr event;                         // empty: the subscription is ended, or an answer
  std::shared_ptr<CallReply::State> call; // for an offer: the call to answer
  bool counted = false;                   // against the subscription's capacity
};
using Items = std::list<Item>;

// Who gets an item: a subscription, an offer, or the caller of a call.
class Endpoint {
public:
  explicit Endpoint(std::shared_ptr<DeliveryQueue> queue) : queue_(std::move(queue)) {}
  Endpoint(const Endpoint &) = delete;
  Endpoint &operator=(const Endpoint &) = delete;
  virtual ~Endpoint() = default;
  virtual void deliver(Item &item) = 0; // [lane]
  [[nodiscard]] DeliveryQueue &queue() const { return *queue_; }

private:
  friend class DeliveryQueue;
  std::shared_ptr<DeliveryQueue> queue_;
  bool dead_ = false; // under the queue's lock: takes nothing more
};

class Subscription : public Endpoint {
public:
  Subscription(std::shared_ptr<DeliveryQueue> queue, Pattern what, Policy how, Bus::OnEvent on_event, std::size_t room)
      : Endpoint(std::move(queue)), pattern(std::move(what)), policy(how), capacity(room), fn(std::move(on_event)) {}
  void deliver(Item &item) override;

  const Pattern pattern;
  const Policy policy;
  const std::size_t capacity;
  const Bus::OnEvent fn;
  Bus::Id id = 0;

private:
  friend class DeliveryQueue;
  using Key = std::pair<std::string_view, std::string_view>; // topic and server, inside the item's event
  // Under the queue's lock.
  std::size_t counted_ = 0;
  std::deque<Items::iterator> oldest_first_; // Policy::dropOldest
  std::map<Key, Items::iterator> newest_;    // Policy::latest
  bool dropped_ = false, gap_ = false;       // dropOldest; gap_ is the lane's
};

class DeliveryQueue : public std::enable_shared_from_this<DeliveryQueue> {
public:
  explicit DeliveryQueue(Lane &lane) : lane_(lane) {}

  // By the subscription's policy. False: it was Policy::all, ran over and is ended; its index entry can go. `trash`
  // gets what has to be freed when no lock is held.
  bool push(const std::shared_ptr<Subscription> &to, const EventPtr &event, Items &trash);
  // Calls and answers; false when `to` is dead or the lane closed.
  bool push(Item item);
  // Nothing more reaches `to`: its items go, and a running callback of it is waited for unless the caller runs in the
  // lane.
  void cut(Endpoint &to);

private:
  // What the lane's jobs share. When the last of them goes and not all ran, the lane was closed: nothing of this queue
  // will be delivered, and the items, which refer back to the queue, have to go.
  struct Jobs {
    explicit Jobs(std::shared_ptr<DeliveryQueue> of) : queue(std::move(of)) {}
    Jobs(const Jobs &) = delete;
    Jobs &operator=(const Jobs &) = delete;
    ~Jobs();
    const std::shared_ptr<DeliveryQueue> queue;
    std::size_t waiting = 0; // under the queue's lock
  };
  void post(std::unique_lock<std::mutex> &lock, Items &trash);
  void step(Jobs &jobs);
  void taken(const Item &item);
  void dropOldest(Subscription &to, Items &trash);

  Lane &lane_;
  std::mutex mutex_; // of all below and of the endpoints' state; a Guarded cannot be waited on
  std::condition_variable idle_;
  Items items_;
  std::size_t jobs_ = 0; // posted to the lane and not yet run; never fewer than items
  std::weak_ptr<Jobs> shared_jobs_;
  const Endpoint *running_ = nullptr;
  bool closed_ = false; // the lane refused
};

} // namespace pinion::core
