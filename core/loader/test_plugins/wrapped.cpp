// A plugin as most authors write one: the C++ wrapper, coroutines on the lane.
#include <pinion/cpp/plugin.hpp>

namespace {

class Wrapped {
public:
  explicit Wrapped(pinion::Host host) : host_(std::move(host)) {}

  pinion::Result<void> start() {
    auto offer = host_.offer("wrapped/do", pinion::Json{{"order", 1}},
                             [this](const pinion::EventView &event, pinion::CallReply reply) {
                               host_.spawn(answer(std::string(event.payload), std::move(reply)));
                             });
    if (!offer) return offer.error();
    offer_ = std::move(*offer);
    auto ticks = host_.timer(1, 1, [this] { ++ticks_; });
    if (!ticks) return ticks.error();
    timer_ = std::move(*ticks);
    return host_.route("GET", "/wrapped", "none", PINION_ROUTE_LANE,
                       [this](pinion::Exchange exchange) { host_.spawn(page(std::move(exchange))); });
  }
  // What waits for ever is still there: the daemon must end it.
  void stop() { (void)host_.publish("wrapped.stop", "", std::to_string(ticks_ > 0 ? 1 : 0)); }

private:
  pinion::Task<void> answer(std::string payload, pinion::CallReply reply) {
    if (payload == "for ever") {
      co_await host_.sleep(3600000);
      reply.ok("never");
      co_return;
    }
    if (payload == "cancel") {
      uint64_t id = 0;
      auto timer = host_.timer(0, 0, [this, &id] { host_.cancel(id); });
      const auto cancelled = co_await host_.call("test/silent", "", "", 20000, &id);
      reply.ok(cancelled ? "answered" : std::to_string(cancelled.error().code));
      co_return;
    }
    co_await host_.sleep(1);
    auto twice = [payload] { return payload + payload; }; // named: g++ 12 destroys a lambda inside co_await twice
    const auto doubled = co_await host_.run(std::move(twice));
    const auto called = co_await host_.call("test/echo", "", doubled, 20000);
    const auto missing = co_await host_.call("test/nobody", "", "", 20000);
    reply.ok(*called + " " + missing.error().text);
  }
  pinion::Task<void> page(pinion::Exchange exchange) {
    co_await host_.sleep(1);
    exchange.answer(200, R"({"wrapped":true})");
  }

  pinion::Host host_;
  pinion::Handle offer_, timer_;
  int ticks_ = 0;
};

} // namespace

PINION_PLUGIN(Wrapped, "wrapped", "0.9", "coroutines", "pinion.bus/1", "pinion.routes/1");
