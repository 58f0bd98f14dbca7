#include "bus/bus.hpp"

#include "base/json_text.hpp"
#include "bus/calls.hpp"
#include "bus/index.hpp"

#include <atomic>
#include <chrono>
#include <shared_mutex>
#include <unordered_map>

namespace pinion::core {

namespace {

std::int64_t nowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

bool goodName(std::string_view name) {
  if (name.empty() || name.size() > kMaxTopic) return false;
  for (const unsigned char c : name)
    if (c < 0x20 || c == 0x7f) return false;
  return true;
}

} // namespace

struct Bus::Impl {
  explicit Impl(Loop &timers) : calls(std::make_shared<Calls>(timers)) {}

  std::atomic<bool> stopped = false;
  std::atomic<Id> last_id = 0;
  std::atomic<std::uint64_t> last_seq = 0;
  // Read by every publish and wanted(), written by subscribe and cancel. Readers never block in it.
  mutable std::shared_mutex index_mutex;
  Index index;
  std::unordered_map<Id, SubscriptionPtr> subscriptions;
  const std::shared_ptr<Calls> calls;
  Guarded<std::unordered_map<Lane *, std::weak_ptr<DeliveryQueue>>> queues;

  std::shared_ptr<DeliveryQueue> queue(Lane &lane) {
    return queues.with([&](auto &all) {
      if (const auto it = all.find(&lane); it != all.end())
        if (auto alive = it->second.lock()) return alive;
      std::erase_if(all, [](const auto &entry) { return entry.second.expired(); });
      auto fresh = std::make_shared<DeliveryQueue>(lane);
      all[&lane] = fresh;
      return fresh;
    });
  }

  SubscriptionPtr forget(Id id) {
    const std::unique_lock lock(index_mutex);
    const auto it = subscriptions.find(id);
    if (it == subscriptions.end()) return nullptr;
    auto found = std::move(it->second);
    subscriptions.erase(it);
    index.remove(*found);
    return found;
  }

  void publish(std::unique_ptr<Event> event) {
    event->seq = ++last_seq;
    event->time_ms = nowMs();
    const std::string_view topic = event->topic, server = event->server;
    EventPtr shared; // made for the first who hears it
    Items trash;     // freed after the lock, as `shared` and `event` are
    std::vector<Id> ended;
    {
      const std::shared_lock lock(index_mutex);
      index.match(topic, server, [&](const SubscriptionPtr &one) {
        if (!shared) shared = std::move(event);
        if (!one->queue().push(one, shared, trash)) ended.push_back(one->id);
        return true;
      });
    }
    for (const Id id : ended) forget(id);
  }

  void tell(const char *topic, const std::string &address) {
    if (stopped) return;
    auto event = std::make_unique<Event>();
    event->topic = topic;
    event->source = "core";
    event->payload = "{\"address\":" + jsonString(address) + "}";
    publish(std::move(event));
  }
};

Bus::Bus(Loop &timers) : impl_(std::make_shared<Impl>(timers)) {}

Bus::~Bus() { stop(); }

void Bus::publish(std::unique_ptr<Event> event) {
  if (!impl_->stopped) impl_->publish(std::move(event));
}

void Bus::publish(std::string topic, std::string server, std::string payload, bool raw, std::function<void()> release) {
  auto event = std::make_unique<Event>();
  event->topic = std::move(topic);
  event->server = std::move(server);
  event->source = "core";
  event->payload = std::move(payload);
  event->raw = raw;
  event->release = std::move(release);
  publish(std::move(event));
}

bool Bus::wanted(std::string_view topic, std::string_view server) const {
  bool found = false;
  const std::shared_lock lock(impl_->index_mutex);
  impl_->index.match(topic, server, [&](const SubscriptionPtr &) {
    found = true;
    return false;
  });
  return found;
}

Result<Bus::Id> Bus::subscribe(Lane &lane, std::string_view pattern, Policy policy, OnEvent fn, std::size_t capacity) {
  auto parsed = parsePattern(pattern);
  if (!parsed) return parsed.error();
  if (capacity == 0) return Error{Code::invalid, "a subscription needs room for one event"};
  const auto made =
      std::make_shared<Subscription>(impl_->queue(lane), *std::move(parsed), policy, std::move(fn), capacity);
  made->id = ++impl_->last_id;
  const std::unique_lock lock(impl_->index_mutex);
  impl_->subscriptions.emplace(made->id, made);
  impl_->index.add(made);
  return made->id;
}

Result<Bus::Id> Bus::offer(Lane &lane, std::string owner, std::string address, std::string about, OnCall fn) {
  if (!goodName(address))
    return Error{Code::invalid, "the address " + jsonString(address.substr(0, kMaxTopic)) +
                                    " is empty, longer than 256 bytes or holds a control character"};
  const auto made = std::make_shared<Offer>(
      impl_->queue(lane), OfferInfo{std::move(address), std::move(owner), std::move(about)}, std::move(fn));
  made->id = ++impl_->last_id;
  if (auto added = impl_->calls->add(made); !added) return added.error();
  impl_->tell("offer.added", made->info.address);
  return made->id;
}

Bus::Id Bus::call(Lane &lane, const std::string &address, std::unique_ptr<Event> event,
                  std::chrono::milliseconds deadline, OnDone done) {
  event->topic = address;
  event->seq = ++impl_->last_seq;
  event->time_ms = nowMs();
  const auto call = std::make_shared<CallReply::State>(impl_->queue(lane), std::move(done));
  call->id = ++impl_->last_id;
  impl_->calls->call(call, address, EventPtr(std::move(event)), deadline);
  return call->id;
}

std::vector<OfferInfo> Bus::list(std::string_view prefix) const { return impl_->calls->list(prefix); }

bool Bus::cancel(Id id) {
  if (const auto subscription = impl_->forget(id)) {
    subscription->queue().cut(*subscription);
    return true;
  }
  if (const auto offer = impl_->calls->remove(id)) {
    impl_->tell("offer.gone", offer->info.address);
    return true;
  }
  return impl_->calls->cancel(id);
}

void Bus::stop() {
  if (!impl_->stopped.exchange(true)) impl_->calls->stop();
}

} // namespace pinion::core
