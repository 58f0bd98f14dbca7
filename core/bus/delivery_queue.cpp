#include "bus/delivery_queue.hpp"

#include <algorithm>

namespace pinion::core {

void Subscription::deliver(Item &item) { fn(Delivery{item.event, gap_}); }

bool DeliveryQueue::push(const std::shared_ptr<Subscription> &to, const EventPtr &event, Items &trash) {
  std::unique_lock lock(mutex_);
  if (to->dead_ || closed_) return true;
  // Whoever waits for `release` bounds the events itself, and would wait for ever for one that was dropped uncounted.
  const bool counted = !event->release;
  const Subscription::Key key{event->topic, event->server};
  bool ended = false;
  if (counted && to->policy == Policy::latest) {
    if (const auto old = to->newest_.find(key); old != to->newest_.end()) {
      trash.splice(trash.end(), items_, old->second);
      to->newest_.erase(old); // its key points into the old event
      --to->counted_;
    }
  }
  if (counted && to->counted_ >= to->capacity) {
    if (to->policy == Policy::all) {
      ended = true;
      to->dead_ = true;
    } else {
      dropOldest(*to, trash);
    }
  }
  items_.push_back(Item{to, ended ? nullptr : event, nullptr, counted && !ended});
  if (items_.back().counted) {
    ++to->counted_;
    const auto place = std::prev(items_.end());
    if (to->policy == Policy::dropOldest) to->oldest_first_.push_back(place);
    if (to->policy == Policy::latest) to->newest_.emplace(key, place);
  }
  post(lock, trash);
  return !ended;
}

bool DeliveryQueue::push(Item item) {
  Items trash;
  std::unique_lock lock(mutex_);
  if (item.to->dead_ || closed_) return false;
  items_.push_back(std::move(item));
  post(lock, trash);
  return trash.empty();
}

// Makes room for one more event of `to`, which is full.
void DeliveryQueue::dropOldest(Subscription &to, Items &trash) {
  const auto oldest =
      to.policy == Policy::dropOldest
          ? to.oldest_first_.front()
          : std::find_if(items_.begin(), items_.end(), [&](const Item &i) { return i.to.get() == &to && i.counted; });
  taken(*oldest);
  trash.splice(trash.end(), items_, oldest);
  to.dropped_ = to.policy == Policy::dropOldest;
}

// The books of a subscription after one of its items left the queue.
void DeliveryQueue::taken(const Item &item) {
  if (!item.counted) return;
  auto &from = static_cast<Subscription &>(*item.to);
  --from.counted_;
  if (from.policy == Policy::dropOldest) from.oldest_first_.pop_front(); // items leave in their order
  if (from.policy == Policy::latest) from.newest_.erase({item.event->topic, item.event->server});
}

void DeliveryQueue::post(std::unique_lock<std::mutex> &lock, Items &trash) {
  if (jobs_ >= items_.size()) return; // the job of an item that was dropped does for this one
  ++jobs_;
  auto jobs = shared_jobs_.lock();
  if (!jobs) shared_jobs_ = jobs = std::make_shared<Jobs>(shared_from_this());
  ++jobs->waiting;
  lock.unlock();
  const bool posted = lane_.post([jobs] { jobs->queue->step(*jobs); });
  if (!posted) {
    lock.lock();
    closed_ = true;
    jobs->waiting = 0; // the items go to the caller's trash and not with `jobs`, since the caller may hold other locks
    trash.splice(trash.end(), items_);
    lock.unlock();
  }
  jobs.reset(); // may be the last; locks then
  lock.lock();
}

DeliveryQueue::Jobs::~Jobs() {
  Items trash;
  const std::lock_guard lock(queue->mutex_);
  if (waiting == 0) return;
  queue->closed_ = true;
  trash.splice(trash.end(), queue->items_);
}

void DeliveryQueue::step(Jobs &jobs) {
  Items one;
  std::unique_lock lock(mutex_);
  --jobs_;
  --jobs.waiting;
  if (items_.empty()) return;
  one.splice(one.begin(), items_, items_.begin());
  Item &item = one.front();
  taken(item);
  if (item.event && !item.call) {
    auto &subscription = static_cast<Subscription &>(*item.to);
    subscription.gap_ = std::exchange(subscription.dropped_, false);
  }
  running_ = item.to.get();
  lock.unlock();
  item.to->deliver(item);
  lock.lock();
  running_ = nullptr;
  idle_.notify_all();
  lock.unlock();
}

void DeliveryQueue::cut(Endpoint &to) {
  Items trash;
  std::unique_lock lock(mutex_);
  to.dead_ = true;
  for (auto it = items_.begin(); it != items_.end();) {
    const auto next = std::next(it);
    if (it->to.get() == &to) {
      taken(*it);
      trash.splice(trash.end(), items_, it);
    }
    it = next;
  }
  // Without a deadline: as long as one callback takes. The daemon's own are short; one of a plugin's is its own rule to
  // keep, and at stop this is reached only for plugins that have come to rest.
  if (!lane_.inLane()) idle_.wait(lock, [&] { return running_ != &to; });
  lock.unlock();
}

} // namespace pinion::core
