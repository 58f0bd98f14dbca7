#include "bus/calls.hpp"

#include "base/json_text.hpp"

namespace pinion::core {

namespace {

constexpr std::size_t kMaxPending = 4096; // unanswered calls of one offer

} // namespace

void Offer::deliver(Item &item) {
  // Nobody waits any more (deadline, cancel): the owner is not bothered.
  if (item.call->inner.with([](const CallReply::State::Inner &i) { return i.ended; })) return;
  fn(item.event, CallReply(item.call));
}

bool CallReply::State::end(Result<std::string> with, bool by_owner) {
  Loop::TimerId timer = 0;
  const bool first = inner.with([&](Inner &i) {
    if (i.ended) return false;
    i.ended = true;
    i.unwanted = !by_owner;
    i.result = std::move(with);
    timer = i.timer;
    return true;
  });
  if (!first) return false;
  if (offer) --offer->pending;
  if (const auto all = calls.lock()) {
    if (timer != 0) all->timers_.cancel(timer);
    all->take(id);
  }
  queue().push(Item{shared_from_this(), nullptr, nullptr, false});
  return true;
}

void CallReply::State::deliver(Item &) {
  auto result = inner.with([](Inner &i) { return std::move(*i.result); });
  done(std::move(result));
  done = nullptr; // the owner may keep its reply for long; what the caller captured goes now
}

Code CallReply::answer(Result<std::string> answer) const {
  return state_->end(std::move(answer), true) ? Code::ok : Code::cancelled;
}

bool CallReply::cancelled() const {
  return state_->inner.with([](const State::Inner &i) { return i.unwanted; });
}

Result<void> Calls::add(const OfferPtr &offer) {
  return offers_.with([&](Offers &o) -> Result<void> {
    const auto [it, fresh] = o.by_address.emplace(offer->info.address, offer);
    if (!fresh)
      return Error{Code::busy, "the address " + jsonString(offer->info.address) + " is offered by " +
                                   jsonString(it->second->info.owner) + " already"};
    o.by_id.emplace(offer->id, offer);
    return {};
  });
}

OfferPtr Calls::remove(Bus::Id id) {
  const auto offer = offers_.with([&](Offers &o) -> OfferPtr {
    const auto it = o.by_id.find(id);
    if (it == o.by_id.end()) return nullptr;
    auto found = it->second;
    o.by_address.erase(found->info.address);
    o.by_id.erase(it);
    return found;
  });
  if (!offer) return nullptr;
  offer->queue().cut(*offer); // first: a call that comes now finds it dead and answers itself
  std::vector<CallPtr> owed;
  pending_.with([&](Pending &p) {
    for (const auto &[call_id, call] : p.calls)
      if (call->inner.with([&, &one = call](const auto &) { return one->offer == offer; })) owed.push_back(call);
  });
  for (const auto &call : owed)
    call->end(Error{Code::notFound, "the address " + jsonString(offer->info.address) + " is no longer offered"}, false);
  return offer;
}

std::vector<OfferInfo> Calls::list(std::string_view prefix) const {
  std::vector<OfferInfo> out;
  offers_.with([&](const Offers &o) {
    for (auto it = o.by_address.lower_bound(prefix); it != o.by_address.end() && it->first.starts_with(prefix); ++it)
      out.push_back(it->second->info);
  });
  return out;
}

void Calls::call(const CallPtr &call, const std::string &address, EventPtr event, std::chrono::milliseconds deadline) {
  call->calls = weak_from_this();
  const auto offer = offers_.with([&](const Offers &o) -> OfferPtr {
    const auto it = o.by_address.find(address);
    return it == o.by_address.end() ? nullptr : it->second;
  });
  const bool taken = pending_.with([&](Pending &p) {
    if (p.stopped) return false;
    p.calls.emplace(call->id, call);
    return true;
  });
  if (!taken) {
    call->end(Error{Code::stopping, "the daemon is stopping"}, false);
    return;
  }
  if (!offer) {
    call->end(Error{Code::notFound, "nobody offers " + jsonString(address)}, false);
    return;
  }
  ++offer->pending;
  call->inner.with([&](CallReply::State::Inner &i) {
    if (i.ended) // stopped meanwhile, when it had no offer to count down
      --offer->pending;
    else
      call->offer = offer;
  });
  if (offer->pending > kMaxPending) {
    call->end(Error{Code::busy, jsonString(address) + " has 4096 unanswered calls"}, false);
    return;
  }
  const auto timer = timers_.after(deadline, [self = call->weak_from_this(), address, deadline] {
    if (const auto late = self.lock())
      late->end(Error{Code::timeout,
                      jsonString(address) + " gave no answer within " + std::to_string(deadline.count()) + " ms"},
                false);
  });
  const bool ended = call->inner.with([&](CallReply::State::Inner &i) {
    i.timer = timer;
    return i.ended;
  });
  if (ended) {
    timers_.cancel(timer);
    return;
  }
  if (!offer->queue().push(Item{offer, std::move(event), call, false}))
    call->end(Error{Code::notFound, "nobody offers " + jsonString(address)}, false);
}

CallPtr Calls::take(Bus::Id id) {
  return pending_.with([&](Pending &p) -> CallPtr {
    const auto it = p.calls.find(id);
    if (it == p.calls.end()) return nullptr;
    auto out = std::move(it->second);
    p.calls.erase(it);
    return out;
  });
}

bool Calls::cancel(Bus::Id id) {
  const auto call = take(id);
  return call && call->end(Error{Code::cancelled, "the call was cancelled"}, false);
}

void Calls::stop() {
  std::unordered_map<Bus::Id, CallPtr> owed;
  pending_.with([&](Pending &p) {
    p.stopped = true;
    owed.swap(p.calls);
  });
  for (const auto &[id, call] : owed) call->end(Error{Code::stopping, "the daemon is stopping"}, false);
}

} // namespace pinion::core
