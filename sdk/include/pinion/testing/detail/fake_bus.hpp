// The fake host's bus: subscriptions with their policies, offers, calls with deadlines. Included by fake_host.hpp.
#pragma once

#include <pinion/testing/detail/fake_lane.hpp>

#include <array>
#include <memory>

namespace pinion::testing {

// An event as it was published, by the plugin or by the test.
struct FakeEvent {
  std::string topic, server, payload, source;
  uint32_t flags = 0;
  Json json() const { return Json::parse(payload, nullptr, false); }
};

// The answer that a test waits for when it calls the plugin's address.
struct FakeAnswer {
  bool done = false;
  pinion_status status = PINION_OK;
  std::string text; // the answer, or a failure's words
  Json json() const { return Json::parse(text, nullptr, false); }
};

// Topics that any plugin may publish; others must begin with its own id and '.' or '/' (sdk/contracts/topics.v1.json).
inline constexpr std::array<std::string_view, 11> topics_of_anyone = {
    "console output",    "daemon message",   "install started",          "install output",
    "install completed", "backup completed", "backup restore completed", "transfer logs",
    "transfer status",   "feature match",    "console.attached"};

namespace detail {

// One call on its way: from the plugin or from the test.
struct CallState {
  std::uint64_t id = 0;
  std::string address, server, payload, source;
  uint32_t flags = 0;
  uint32_t deadline_ms = 0;
  std::function<void(pinion_status, const std::string &)> done; // taken by whoever ends the call
  std::uint64_t offer = 0, timer = 0;
};

} // namespace detail

// A call to an address that the test offers. Copyable: keep one to answer later.
class FakeCall {
public:
  FakeCall(std::shared_ptr<detail::CallState> state, std::function<void(pinion_status, const std::string &)> end)
      : server(state->server), payload(state->payload), source(state->source), deadline_ms(state->deadline_ms),
        state_(std::move(state)), end_(std::move(end)) {}
  std::string server, payload, source;
  uint32_t deadline_ms;
  Json json() const { return Json::parse(payload, nullptr, false); }
  void ok(const std::string &answer = "{}") const { end_(PINION_OK, answer); }
  void fail(pinion_status code, const std::string &text) const { end_(code, text); }
  // The caller got its deadline, cancelled or stopped.
  bool cancelled() const { return !state_->done; }

private:
  std::shared_ptr<detail::CallState> state_;
  std::function<void(pinion_status, const std::string &)> end_;
};

namespace detail {

class FakeBus {
public:
  using Answerer = std::function<void(FakeCall)>;
  static constexpr std::size_t queue_bound = 1024;

  FakeBus(FakeLane &lane, const std::string &plugin) : lane_(lane), plugin_(plugin) {}

  std::vector<FakeEvent> published; // by the plugin

  // The plugin's own publish: refused for topics that are not its to tell.
  pinion_status publishAsPlugin(const pinion_event *event, pinion_error *error) {
    const std::string topic = event->topic != nullptr ? event->topic : "";
    const bool own = topic.rfind(plugin_ + ".", 0) == 0 || topic.rfind(plugin_ + "/", 0) == 0;
    const bool anyone = std::find(topics_of_anyone.begin(), topics_of_anyone.end(), topic) != topics_of_anyone.end();
    if (topic.empty()) return refuse(error, PINION_E_INVALID, "an event needs a topic");
    if (!own && !anyone) return refuse(error, PINION_E_DENIED, "\"" + plugin_ + "\" may not publish \"" + topic + "\"");
    if ((event->flags & PINION_EVENT_RAW) == 0 && !Json::accept(view(event->payload)))
      return refuse(error, PINION_E_INVALID, "the payload of \"" + topic + "\" is no JSON; set PINION_EVENT_RAW");
    FakeEvent made{topic, event->server != nullptr ? event->server : "", std::string(view(event->payload)), plugin_,
                   event->flags};
    published.push_back(made);
    publish(std::move(made));
    return PINION_OK;
  }

  void publish(FakeEvent event) {
    const Stored stored{std::make_shared<const FakeEvent>(std::move(event)), ++sequence_, lane_.now()};
    std::vector<std::uint64_t> heard;
    for (auto &[id, subscription] : subscriptions_)
      if (subscription.matches(*stored.event) && enqueue(id, subscription, stored)) heard.push_back(id);
    for (const std::uint64_t id : heard) lane_.post([this, id] { deliver(id); });
  }

  pinion_status subscribe(const char *pattern, uint32_t policy, pinion_event_fn fn, void *user, std::uint64_t *id,
                          pinion_error *error) {
    std::string text = pattern != nullptr ? pattern : "";
    std::string server;
    if (const auto at = text.rfind('@'); at != std::string::npos) {
      server = text.substr(at + 1);
      text.resize(at);
    }
    if (text.empty() || fn == nullptr)
      return refuse(error, PINION_E_INVALID, "subscribe needs a pattern and a function");
    if (policy > PINION_POLICY_DROP_OLDEST)
      return refuse(error, PINION_E_INVALID, "policy " + std::to_string(policy) + " is unknown");
    const bool prefix = text.back() == '*';
    if (prefix) text.pop_back();
    *id = lane_.newId();
    subscriptions_[*id] = Subscription{text, server, prefix, policy, fn, user, {}, false};
    return PINION_OK;
  }

  // An offer of the plugin (`fn`) or of the test (`answerer`).
  pinion_status offer(const std::string &address, const std::string &about, const std::string &owner, pinion_call_fn fn,
                      void *user, Answerer answerer, std::uint64_t *id, pinion_error *error) {
    if (address.empty()) return refuse(error, PINION_E_INVALID, "an offer needs an address");
    if (owner == plugin_ && address.rfind("core/", 0) == 0)
      return refuse(error, PINION_E_DENIED, "addresses below \"core/\" are the daemon's own");
    for (const auto &[other_id, other] : offers_)
      if (other.address == address)
        return refuse(error, PINION_E_BUSY, "\"" + address + "\" is offered by \"" + other.owner + "\" already");
    const Json parsed = about.empty() ? Json::object() : Json::parse(about, nullptr, false);
    if (!parsed.is_object()) return refuse(error, PINION_E_INVALID, "`about` of \"" + address + "\" is no JSON object");
    *id = lane_.newId();
    offers_[*id] = Offer{address, parsed, owner, fn, user, std::move(answerer)};
    publish({"offer.added", "", Json{{"address", address}}.dump(), "core", 0});
    return PINION_OK;
  }

  std::uint64_t call(std::shared_ptr<CallState> state) {
    state->id = lane_.newId();
    calls_[state->id] = state;
    if (state->deadline_ms > 0)
      state->timer = lane_.after(state->deadline_ms, 0, [this, id = state->id, address = state->address] {
        end(id, PINION_E_TIMEOUT, "\"" + address + "\" did not answer in time");
      });
    lane_.post([this, id = state->id] { carry(id); });
    return state->id;
  }

  std::string list(const std::string &prefix) const {
    std::map<std::string, const Offer *> sorted;
    for (const auto &[id, offer] : offers_)
      if (offer.address.rfind(prefix, 0) == 0) sorted[offer.address] = &offer;
    Json out = Json::array();
    for (const auto &[address, offer] : sorted)
      out.push_back({{"address", address}, {"owner", offer->owner}, {"about", offer->about}});
    return out.dump();
  }

  bool cancel(std::uint64_t id) {
    if (subscriptions_.erase(id) != 0) return true;
    if (const auto it = offers_.find(id); it != offers_.end()) {
      const std::string address = it->second.address;
      offers_.erase(it);
      std::vector<std::uint64_t> orphans;
      for (const auto &[call_id, call] : calls_)
        if (call->offer == id) orphans.push_back(call_id);
      for (const std::uint64_t orphan : orphans) end(orphan, PINION_E_NOT_FOUND, "\"" + address + "\" is gone");
      publish({"offer.gone", "", Json{{"address", address}}.dump(), "core", 0});
      return true;
    }
    return endNow(id, PINION_E_CANCELLED, "the call was cancelled");
  }

  // Forgets what the plugin has; nothing of it is called any more.
  void clearPlugin() {
    subscriptions_.clear();
    std::erase_if(offers_, [this](const auto &one) { return one.second.owner == plugin_; });
    calls_.clear();
  }
  std::size_t subscriptions() const { return subscriptions_.size(); }

private:
  struct Stored {
    std::shared_ptr<const FakeEvent> event;
    std::uint64_t sequence;
    std::int64_t time_ms;
    bool gap = false;
  };
  struct Subscription {
    std::string topic, server;
    bool prefix;
    uint32_t policy;
    pinion_event_fn fn;
    void *user;
    std::deque<Stored> queue;
    bool gap;
    bool matches(const FakeEvent &event) const {
      if (!server.empty() && event.server != server) return false;
      return prefix ? event.topic.rfind(topic, 0) == 0 : event.topic == topic;
    }
  };
  struct Offer {
    std::string address;
    Json about;
    std::string owner;
    pinion_call_fn fn;
    void *user;
    Answerer answerer;
  };
  class Reply : public FakeReply {
  public:
    Reply(FakeLane &lane, FakeBus &bus, std::shared_ptr<CallState> call)
        : FakeReply(lane), bus_(bus), call_(std::move(call)) {}
    bool cancelled() const override { return !call_->done; }
    void finish(pinion_status status, std::string_view body) override {
      bus_.end(call_->id, status, std::string(body));
    }

  private:
    FakeBus &bus_;
    std::shared_ptr<CallState> call_;
  };

  // True when a delivery must be queued for it.
  bool enqueue(std::uint64_t id, Subscription &to, const Stored &stored) {
    if (to.policy == PINION_POLICY_LATEST) {
      for (auto &waiting : to.queue)
        if (waiting.event->topic == stored.event->topic && waiting.event->server == stored.event->server) {
          waiting = stored;
          return false;
        }
    }
    if (to.queue.size() < queue_bound) {
      to.queue.push_back(stored);
      return true;
    }
    if (to.policy == PINION_POLICY_ALL) {
      if (to.queue.back().event->topic == "subscription.ended") return false;
      to.queue.clear();
      to.queue.push_back(
          {std::make_shared<const FakeEvent>(FakeEvent{"subscription.ended", "", "{}", "core", 0}), 0, lane_.now()});
      to.topic = "\x01"; // matches nothing from now on
      to.prefix = false;
      lane_.post([this, id] {
        deliver(id);
        subscriptions_.erase(id);
      });
      return false;
    }
    to.queue.pop_front();
    (to.queue.empty() ? to.gap : to.queue.front().gap) = true;
    to.queue.push_back(stored);
    return false;
  }

  void deliver(std::uint64_t id) {
    const auto it = subscriptions_.find(id);
    if (it == subscriptions_.end() || it->second.queue.empty()) return;
    const Stored stored = it->second.queue.front();
    it->second.queue.pop_front();
    const auto fn = it->second.fn;
    FakeEvent lent = *stored.event; // a copy for this callback alone: who keeps a view of it reads nonsense afterwards
    const pinion_event event = lend(lent, stored.sequence, stored.time_ms, stored.gap);
    fn(it->second.user, &event);
    for (std::string *text : {&lent.topic, &lent.server, &lent.payload, &lent.source})
      std::fill(text->begin(), text->end(), '~');
  }

  static pinion_event lend(const FakeEvent &from, std::uint64_t sequence, std::int64_t time_ms, bool gap) {
    pinion_event event{};
    event.size = sizeof event;
    event.flags = from.flags | (gap ? PINION_EVENT_GAP : 0);
    event.seq = sequence;
    event.time_ms = time_ms;
    event.topic = from.topic.c_str();
    event.server = from.server.empty() ? nullptr : from.server.c_str();
    event.source = from.source.c_str();
    event.payload = span(from.payload);
    return event;
  }

  void carry(std::uint64_t id) {
    const auto it = calls_.find(id);
    if (it == calls_.end()) return;
    const std::shared_ptr<CallState> call = it->second;
    for (const auto &[offer_id, offer] : offers_) {
      if (offer.address != call->address) continue;
      call->offer = offer_id;
      if (offer.answerer) {
        const Answerer answerer = offer.answerer;
        lane_.in(Context::main, [&] {
          answerer(
              FakeCall(call, [this, id](pinion_status status, const std::string &text) { end(id, status, text); }));
        });
        return;
      }
      replies_.push_back(std::make_unique<Reply>(lane_, *this, call));
      Reply &reply = *replies_.back();
      const FakeEvent lent{call->address, call->server, call->payload, call->source, call->flags};
      const pinion_event event = lend(lent, ++sequence_, lane_.now(), false);
      reply.during([&, fn = offer.fn, user = offer.user] { fn(user, &event, reply.raw()); });
      return;
    }
    end(id, PINION_E_NOT_FOUND, "nobody offers \"" + call->address + "\"");
  }

  // Ends the call; its done function runs on the lane.
  void end(std::uint64_t id, pinion_status status, const std::string &text) {
    if (auto done = take(id)) lane_.post([done, status, text] { done(status, text); });
  }
  bool endNow(std::uint64_t id, pinion_status status, const std::string &text) {
    auto done = take(id);
    if (done) done(status, text);
    return static_cast<bool>(done);
  }
  std::function<void(pinion_status, const std::string &)> take(std::uint64_t id) {
    const auto it = calls_.find(id);
    if (it == calls_.end()) return nullptr;
    const std::shared_ptr<CallState> call = it->second;
    calls_.erase(it);
    lane_.cancelTimer(call->timer);
    return std::exchange(call->done, nullptr);
  }

  FakeLane &lane_;
  const std::string &plugin_;
  std::uint64_t sequence_ = 0;
  std::map<std::uint64_t, Subscription> subscriptions_;
  std::map<std::uint64_t, Offer> offers_;
  std::map<std::uint64_t, std::shared_ptr<CallState>> calls_;
  std::vector<std::unique_ptr<Reply>> replies_;
};

} // namespace detail
} // namespace pinion::testing
