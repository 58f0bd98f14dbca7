// "pinion.bus/1"
#include "base/ids.hpp"
#include "base/json_text.hpp"
#include "loader/arguments.hpp"
#include "loader/operation.hpp"
#include "loader/replies.hpp"
#include "loader/tables.hpp"
#include "loader/topics.hpp"
#include "servers/json_cursor.hpp"

namespace pinion::core {

namespace {

// What a console burst may pile up before lines are dropped. Lines of containers are bounded at their source.
constexpr std::size_t kDropOldestRoom = 16384;

// The C view of an event. Valid while the event is.
pinion_event viewOf(const Event &event, bool gap) {
  pinion_event out{};
  out.size = sizeof out;
  out.flags = (event.raw ? PINION_EVENT_RAW : 0u) | (gap ? PINION_EVENT_GAP : 0u);
  out.seq = event.seq;
  out.time_ms = event.time_ms;
  out.topic = event.topic.c_str();
  out.server = event.server.empty() ? nullptr : event.server.c_str();
  out.source = event.source.c_str();
  out.payload = pinion_span{event.payload.data(), event.payload.size()};
  return out;
}

// A subscription or an offer.
class OnBus : public Resource {
public:
  using Resource::Resource;
  void begun(Bus::Id bus_id) {
    bus_id_ = bus_id;
    if (host().ended(*this)) host().services().bus.cancel(bus_id); // by its own first callback
  }
  void cancel() override {
    host().services().bus.cancel(bus_id_);
    host().silence(*this);
  }
  void drop() override { cancel(); }

private:
  std::atomic<Bus::Id> bus_id_ = 0;
};

class Listening final : public OnBus {
public:
  Listening(std::shared_ptr<Host> owner, std::string pattern, pinion_event_fn fn, void *user)
      : OnBus(std::move(owner)), pattern_(std::move(pattern)), fn_(fn), user_(user) {}

  void hear(const Delivery &delivery) { // [lane]
    if (delivery.event) {
      const pinion_event view = viewOf(*delivery.event, delivery.gap);
      host().call(*this, "event", delivery.event->topic, [&] { fn_(user_, &view); });
      return;
    }
    host().warn(host().name() + " was too slow for its subscription to \"" + pattern_ + "\", which is ended");
    Event ended;
    ended.topic = "subscription.ended";
    ended.source = "core";
    ended.payload = "{\"pattern\":" + jsonString(pattern_) + "}";
    const pinion_event view = viewOf(ended, false);
    host().call(*this, "event", ended.topic, [&] { fn_(user_, &view); });
  }

private:
  const std::string pattern_;
  const pinion_event_fn fn_;
  void *const user_;
};

class Offering final : public OnBus {
public:
  Offering(std::shared_ptr<Host> owner, std::string address, pinion_call_fn fn, void *user)
      : OnBus(std::move(owner)), address_(std::move(address)), fn_(fn), user_(user) {}

  void asked(const EventPtr &event, CallReply reply) { // [lane]
    auto pending = std::make_shared<PendingReply>();
    pending->host = host().shared_from_this();
    pending->name = address_;
    pending->call = std::move(reply);
    const auto token = Replies::all().add(std::move(pending));
    const pinion_event view = viewOf(*event, false);
    if (host().call(*this, "call", address_, [&] { fn_(user_, &view, Replies::reply(token)); }))
      Replies::all().returned(token);
    else if (const auto unasked = Replies::all().take(Replies::reply(token)))
      Replies::answer(*unasked, PINION_E_NOT_FOUND, "the address is no longer offered");
  }

private:
  const std::string address_;
  const pinion_call_fn fn_;
  void *const user_;
};

// What publish and call read of an event, the topic apart.
struct Given {
  std::string_view server, payload;
  bool raw = false;

  [[nodiscard]] std::unique_ptr<Event> copy(const Host &host) const {
    auto event = std::make_unique<Event>();
    event->server = server;
    event->payload = payload;
    event->raw = raw;
    event->source = host.id();
    return event;
  }
};

Result<Given> eventArgument(const pinion_event *event) {
  if (event == nullptr || event->size < sizeof(pinion_event))
    return Error{Code::invalid, "the event is NULL or its size is not set"};
  Given out;
  if (event->server != nullptr) {
    const auto server = nameArgument(event->server, "event's server");
    if (!server) return server.error();
    if (!ServerId::parse(*server)) return Error{Code::invalid, "the event's server is no lower-case UUID"};
    out.server = *server;
  }
  const auto payload = spanArgument(event->payload, "event's payload");
  if (!payload) return payload.error();
  out.payload = *payload;
  out.raw = (event->flags & PINION_EVENT_RAW) != 0;
  return out;
}

pinion_status publish(const pinion_host *raw, const pinion_event *event, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto given = eventArgument(event);
    if (!given) return given.error();
    const auto topic = nameArgument(event->topic, "event's topic");
    if (!topic) return topic.error();
    if (!mayPublish(host.id(), *topic))
      return Error{Code::denied, host.name() + " may not publish " + jsonString(*topic) +
                                     ": it is neither a topic for anyone nor below \"" + host.id() + ".\""};
    if (!host.services().bus.wanted(*topic, given->server)) return {}; // nothing is copied for nobody
    auto copy = given->copy(host);
    copy->topic = *topic;
    host.services().bus.publish(std::move(copy));
    return {};
  });
}

pinion_status subscribe(const pinion_host *raw, const char *pattern, std::uint32_t policy, pinion_event_fn fn,
                        void *user, std::uint64_t *id, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = nameArgument(pattern, "pattern", kMaxName + 40);
    if (!text) return text.error();
    if (fn == nullptr || id == nullptr) return Error{Code::invalid, "the event function or the id is NULL"};
    if (policy > PINION_POLICY_DROP_OLDEST) return Error{Code::invalid, "there is no such policy"};
    const auto how = policy == PINION_POLICY_ALL      ? Policy::all
                     : policy == PINION_POLICY_LATEST ? Policy::latest
                                                      : Policy::dropOldest;
    const auto made = std::make_shared<Listening>(host.shared_from_this(), std::string(*text), fn, user);
    if (auto kept = host.keep(made); !kept) return kept;
    *id = made->id(); // before the first event can come
    const auto bus_id = host.services().bus.subscribe(
        host.lane(), *text, how, [made](const Delivery &d) { made->hear(d); },
        how == Policy::dropOldest ? kDropOldestRoom : 1024);
    if (!bus_id) {
      host.forget(made->id());
      return bus_id.error();
    }
    made->begun(*bus_id);
    return {};
  });
}

pinion_status offer(const pinion_host *raw, const char *address, pinion_span about, pinion_call_fn fn, void *user,
                    std::uint64_t *id, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = nameArgument(address, "address");
    if (!text) return text.error();
    if (fn == nullptr || id == nullptr) return Error{Code::invalid, "the call function or the id is NULL"};
    if (!mayOffer(*text)) return Error{Code::denied, "addresses below \"core/\" are the daemon's own"};
    const auto json = spanArgument(about, "description of the offer", 65536);
    if (!json) return json.error();
    std::string compact = "{}";
    if (!json->empty()) {
      JsonCursor cursor(*json);
      const bool object = cursor.kind() == JsonCursor::Kind::object;
      compact = cursor.compact();
      cursor.finish();
      if (!object || cursor.failed()) return Error{Code::invalid, "the description of the offer is no JSON object"};
    }
    const auto made = std::make_shared<Offering>(host.shared_from_this(), std::string(*text), fn, user);
    if (auto kept = host.keep(made); !kept) return kept;
    *id = made->id();
    const auto bus_id = host.services().bus.offer(
        host.lane(), host.id(), std::string(*text), std::move(compact),
        [made](const EventPtr &event, CallReply reply) { made->asked(event, std::move(reply)); });
    if (!bus_id) {
      host.forget(made->id());
      return bus_id.error();
    }
    made->begun(*bus_id);
    return {};
  });
}

pinion_status call(const pinion_host *raw, const char *address, const pinion_event *event, std::uint32_t deadline_ms,
                   pinion_done_fn done, void *user, std::uint64_t *id, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = nameArgument(address, "address");
    if (!text) return text.error();
    if (done == nullptr || id == nullptr) return Error{Code::invalid, "the done function or the id is NULL"};
    const auto given = eventArgument(event);
    if (!given) return given.error();
    const auto made =
        std::make_shared<Operation>(host.shared_from_this(), "the answer of", std::string(*text), done, user);
    if (auto kept = host.keep(made); !kept) return kept;
    *id = made->id();
    const auto bus_id = host.services().bus.call(host.lane(), std::string(*text), given->copy(host),
                                                 std::chrono::milliseconds(deadline_ms),
                                                 [made](Result<std::string> r) { made->arrive(std::move(r)); });
    made->onCancel([&bus = host.services().bus, bus_id] { bus.cancel(bus_id); });
    return {};
  });
}

pinion_status list(const pinion_host *raw, const char *prefix, const pinion_sink *out) noexcept {
  return hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = pathArgument(prefix, "prefix");
    if (!text) return text.error();
    std::string json = "[";
    for (const OfferInfo &one : host.services().bus.list(*text)) {
      if (json.size() > 1) json.push_back(',');
      json += "{\"address\":";
      appendJsonString(json, one.address);
      json += ",\"owner\":";
      appendJsonString(json, one.owner);
      json += ",\"about\":" + (one.about.empty() ? "{}" : one.about) + "}";
    }
    json.push_back(']');
    return emit(out, json);
  });
}

pinion_status cancel(const pinion_host *raw, std::uint64_t id) noexcept {
  return hosted(raw, nullptr, [&](Host &host) { return host.cancel(id); });
}

} // namespace

const pinion_bus_v1 *busTable() {
  static constexpr pinion_bus_v1 table{sizeof(pinion_bus_v1), 0, &publish, &subscribe, &offer, &call, &list, &cancel};
  return &table;
}

} // namespace pinion::core
