// Offers and the calls to them: who owns an address, and which answers are owed.
#pragma once

#include "base/guarded.hpp"
#include "bus/delivery_queue.hpp"

#include <atomic>
#include <map>
#include <optional>
#include <unordered_map>

namespace pinion::core {

class Calls;

class Offer : public Endpoint {
public:
  Offer(std::shared_ptr<DeliveryQueue> queue, OfferInfo what, Bus::OnCall on_call)
      : Endpoint(std::move(queue)), info(std::move(what)), fn(std::move(on_call)) {}
  void deliver(Item &item) override;

  const OfferInfo info;
  const Bus::OnCall fn;
  Bus::Id id = 0;
  std::atomic<std::size_t> pending = 0; // calls not yet answered
};
using OfferPtr = std::shared_ptr<Offer>;

// One call: the reply that its owner holds, and the endpoint through which its caller gets the answer.
struct CallReply::State : Endpoint, std::enable_shared_from_this<CallReply::State> {
  State(std::shared_ptr<DeliveryQueue> caller, Bus::OnDone on_done)
      : Endpoint(std::move(caller)), done(std::move(on_done)) {}
  // Ends the call with `with`, once; false when it has ended before. `wanted`: by its owner's answer.
  bool end(Result<std::string> with, bool by_owner);
  void deliver(Item &item) override;

  Bus::Id id = 0;
  OfferPtr offer; // whose call it is, once known; set under the lock of `inner`, before the call can end as its
  std::weak_ptr<Calls> calls;
  Bus::OnDone done;
  struct Inner {
    bool ended = false, unwanted = false;
    Loop::TimerId timer = 0;
    std::optional<Result<std::string>> result;
  };
  Guarded<Inner> inner;
};
using CallPtr = std::shared_ptr<CallReply::State>;

// Thread-safe.
class Calls : public std::enable_shared_from_this<Calls> {
public:
  explicit Calls(Loop &timers) : timers_(timers) {}

  Result<void> add(const OfferPtr &offer); // Code::busy when the address is taken
  // The offer's address is free from now on, and its pending calls are answered Code::notFound. Null: unknown.
  OfferPtr remove(Bus::Id offer);
  [[nodiscard]] std::vector<OfferInfo> list(std::string_view prefix) const;
  void call(const CallPtr &call, const std::string &address, EventPtr event, std::chrono::milliseconds deadline);
  // Ends a call with Code::cancelled. False when the id is unknown.
  bool cancel(Bus::Id call);
  void stop();

private:
  friend struct CallReply::State;
  struct Pending {
    std::unordered_map<Bus::Id, CallPtr> calls;
    bool stopped = false;
  };
  struct Offers {
    std::map<std::string, OfferPtr, std::less<>> by_address;
    std::unordered_map<Bus::Id, OfferPtr> by_id;
  };
  CallPtr take(Bus::Id call);

  Loop &timers_;
  Guarded<Offers> offers_;
  Guarded<Pending> pending_;
};

} // namespace pinion::core
