#include "base/guarded.hpp"
#include "bus/bench_for_tests.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <optional>

using namespace pinion::core;
using namespace std::chrono_literals;
using testing::Signal;

namespace {

struct Bench : testing::BusBench {
  Lane &caller = first, &owner = second;
};

// One call and what its caller gets.
struct Asked {
  Signal answered;
  std::optional<Result<std::string>> result;
  Bus::Id id = 0;
  bool in_lane = false;

  Asked(Bench &bench, const char *address, std::string payload = "", std::chrono::milliseconds deadline = 20s) {
    auto event = std::make_unique<Event>();
    event->source = "asker";
    event->payload = std::move(payload);
    id = bench.bus.call(bench.caller, address, std::move(event), deadline, [this, &bench](Result<std::string> r) {
      result = std::move(r);
      in_lane = bench.caller.inLane();
      answered.set();
    });
  }
  const Result<std::string> &wait() {
    REQUIRE(answered.wait());
    return *result;
  }
};

// An owner that keeps the reply of each call for the test.
struct Keeper {
  Guarded<std::vector<CallReply>> replies;
  Signal came;
  Bus::Id id = 0;
  explicit Keeper(Bench &bench, const char *address = "slow/do") {
    const auto made = bench.bus.offer(bench.owner, "slow", address, "{}", [this](const EventPtr &, CallReply reply) {
      replies.with([&](auto &all) { all.push_back(std::move(reply)); });
      came.set();
    });
    REQUIRE(made);
    id = *made;
  }
  CallReply reply(std::size_t index = 0) {
    REQUIRE(came.wait(static_cast<int>(index) + 1));
    return replies.with([&](auto &all) { return all[index]; });
  }
};

} // namespace

TEST_CASE("a call reaches the owner of its address, and the answer comes back on the caller's lane") {
  Bench bench;
  testing::Elsewhere elsewhere;
  REQUIRE(bench.bus.offer(bench.owner, "echo", "echo/say", "{}", [&](const EventPtr &event, const CallReply &reply) {
    elsewhere.check(bench.owner.inLane());
    elsewhere.check(event->topic == "echo/say" && event->source == "asker");
    elsewhere.check(reply.answer("<" + event->payload + ">") == Code::ok);
  }));
  Asked asked(bench, "echo/say", "hi");
  const auto &result = asked.wait();
  REQUIRE(result);
  CHECK(*result == "<hi>");
  CHECK(elsewhere.failed() == 0);
  CHECK(asked.in_lane);
  CHECK_FALSE(bench.bus.cancel(asked.id));
}

TEST_CASE("a failure is answered with its code and text") {
  Bench bench;
  REQUIRE(bench.bus.offer(bench.owner, "no", "no/no", "{}", [](const EventPtr &, const CallReply &reply) {
    reply.answer(Error{Code::busy, "held by another"});
  }));
  Asked asked(bench, "no/no");
  const auto &result = asked.wait();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::busy);
  CHECK(result.error().text == "held by another");
}

TEST_CASE("a call to an address that nobody owns is answered: not found") {
  Bench bench;
  Asked asked(bench, "no/where");
  const auto &result = asked.wait();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::notFound);
  CHECK(result.error().text == "nobody offers \"no/where\"");
  CHECK(asked.in_lane);
}

TEST_CASE("a call that is not answered in time ends with a timeout, and the late answer is dropped") {
  Bench bench;
  Keeper keeper(bench);
  // On a busy machine a deadline may pass before the owner gets its turn; then a longer one is tried.
  for (auto deadline = 5ms; keeper.came.count() == 0; deadline *= 2) {
    Asked asked(bench, "slow/do", "", deadline);
    const auto &result = asked.wait();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::timeout);
    CHECK(result.error().text == "\"slow/do\" gave no answer within " + std::to_string(deadline.count()) + " ms");
    bench.settle(bench.owner);
    if (keeper.came.count() == 0) continue;
    const auto reply = keeper.reply();
    CHECK(reply.cancelled());
    CHECK(reply.answer(std::string("late")) == Code::cancelled);
    bench.settle(bench.caller);
    CHECK(asked.answered.count() == 1);
  }
}

TEST_CASE("an owner that never gets its turn is no way around the deadline") {
  Bench bench;
  Keeper keeper(bench);
  bench.owner.pause();
  Asked asked(bench, "slow/do", "", 1ms);
  const auto &result = asked.wait();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::timeout);
  bench.owner.resume();
  bench.settle(bench.owner);
  CHECK(keeper.came.count() == 0); // nobody waits for it any more
}

TEST_CASE("only the first of two answers counts") {
  Bench bench;
  Keeper keeper(bench);
  Asked asked(bench, "slow/do");
  const auto reply = keeper.reply();
  CHECK_FALSE(reply.cancelled());
  CHECK(reply.answer(std::string("first")) == Code::ok);
  CHECK(reply.answer(std::string("second")) == Code::cancelled);
  const auto &result = asked.wait();
  REQUIRE(result);
  CHECK(*result == "first");
  bench.settle(bench.caller);
  CHECK(asked.answered.count() == 1);
  CHECK_FALSE(reply.cancelled()); // it was answered, not given up
}

TEST_CASE("a cancelled call is answered: cancelled, and its owner can see it") {
  Bench bench;
  Keeper keeper(bench);
  Asked asked(bench, "slow/do");
  const auto reply = keeper.reply();
  CHECK(bench.bus.cancel(asked.id));
  const auto &result = asked.wait();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::cancelled);
  CHECK(reply.cancelled());
  CHECK(reply.answer(std::string("late")) == Code::cancelled);
  CHECK_FALSE(bench.bus.cancel(asked.id));
}

TEST_CASE("an address has one owner at a time") {
  Bench bench;
  const auto nothing = [](const EventPtr &, const CallReply &reply) { reply.answer(std::string()); };
  const auto first = bench.bus.offer(bench.owner, "one", "power/act", "{}", nothing);
  REQUIRE(first);
  const auto second = bench.bus.offer(bench.caller, "two", "power/act", "{}", nothing);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::busy);
  CHECK(second.error().text == "the address \"power/act\" is offered by \"one\" already");
  CHECK(bench.bus.cancel(*first));
  CHECK(bench.bus.offer(bench.caller, "two", "power/act", "{}", nothing));
}

TEST_CASE("an address that is no name is refused") {
  Bench bench;
  const auto address = GENERATE(std::string(), std::string("a\nb"), std::string(257, 'a'));
  const auto made = bench.bus.offer(bench.owner, "one", address, "{}", [](const EventPtr &, const CallReply &) {});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::invalid);
}

TEST_CASE("when an offer ends, calls that wait for it are answered: not found") {
  Bench bench;
  Keeper keeper(bench);
  Asked begun(bench, "slow/do");
  const auto reply = keeper.reply();
  bench.owner.pause();
  Asked queued(bench, "slow/do");
  CHECK(bench.bus.cancel(keeper.id));
  for (auto *asked : {&begun, &queued}) {
    const auto &result = asked->wait();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::notFound);
    CHECK(result.error().text == "the address \"slow/do\" is no longer offered");
  }
  CHECK(reply.cancelled());
  bench.owner.resume();
  bench.settle(bench.owner);
  CHECK(keeper.came.count() == 1);
}

TEST_CASE("offers come and go as events") {
  Bench bench;
  std::vector<std::string> heard;
  REQUIRE(bench.bus.subscribe(bench.caller, "offer.*", Policy::all, [&](const Delivery &d) {
    heard.push_back(d.event->topic + " " + d.event->source + " " + d.event->payload);
  }));
  const auto id = bench.bus.offer(bench.owner, "me", "me/do", "{}", [](const EventPtr &, const CallReply &) {});
  REQUIRE(bench.bus.cancel(*id));
  bench.settle(bench.caller);
  CHECK(heard ==
        std::vector<std::string>{R"(offer.added core {"address":"me/do"})", R"(offer.gone core {"address":"me/do"})"});
}

TEST_CASE("offers are listed by the beginning of their address, sorted") {
  Bench bench;
  for (const char *address : {"step/b", "step/a", "other/x", "stepson/c"})
    REQUIRE(bench.bus.offer(bench.owner, "me", address, R"({"order":1})", [](const EventPtr &, const CallReply &) {}));
  const auto steps = bench.bus.list("step/");
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].address == "step/a");
  CHECK(steps[1].address == "step/b");
  CHECK(steps[0].owner == "me");
  CHECK(steps[0].about == R"({"order":1})");
  CHECK(bench.bus.list("").size() == 4);
  CHECK(bench.bus.list("nothing").empty());
}

TEST_CASE("an owner with too many unanswered calls is busy") {
  Bench bench;
  Keeper keeper(bench);
  bench.owner.pause();
  std::atomic<int> ended = 0;
  for (int i = 0; i < 4096; ++i)
    bench.bus.call(bench.caller, "slow/do", std::make_unique<Event>(), 1h,
                   [&](const Result<std::string> &) { ++ended; });
  Asked asked(bench, "slow/do");
  const auto &result = asked.wait();
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::busy);
  CHECK(ended == 0);
  bench.bus.stop();
  bench.settle(bench.caller);
  CHECK(ended == 4096);
}

TEST_CASE("a stopped bus answers every call: stopping, and publishes nothing") {
  Bench bench;
  Keeper keeper(bench);
  std::atomic<int> heard = 0;
  REQUIRE(bench.bus.subscribe(bench.caller, "t", Policy::all, [&](const Delivery &) { ++heard; }));
  Asked before(bench, "slow/do");
  const auto reply = keeper.reply();
  bench.bus.stop();
  Asked after(bench, "slow/do");
  bench.bus.publish("t", "", "");
  for (auto *asked : {&before, &after}) {
    const auto &result = asked->wait();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::stopping);
  }
  CHECK(reply.cancelled());
  bench.bus.stop();
  bench.settle(bench.caller);
  CHECK(heard == 0);
}

TEST_CASE("a call from within a callback to the same lane is answered after the callback") {
  Bench bench;
  REQUIRE(bench.bus.offer(bench.caller, "me", "me/do", "{}",
                          [](const EventPtr &, const CallReply &reply) { reply.answer(std::string("yes")); }));
  Signal done;
  std::vector<std::string> order;
  bench.caller.post([&] {
    bench.bus.call(bench.caller, "me/do", std::make_unique<Event>(), 20s, [&](const Result<std::string> &r) {
      order.push_back(*r);
      done.set();
    });
    order.emplace_back("returned");
  });
  REQUIRE(done.wait());
  CHECK(order == std::vector<std::string>{"returned", "yes"});
}

TEST_CASE("a reply that outlives the bus can still be given up") {
  std::optional<CallReply> kept;
  {
    Bench bench;
    Keeper keeper(bench);
    Asked asked(bench, "slow/do");
    kept = keeper.reply();
    bench.bus.stop();
    asked.wait();
  }
  CHECK(kept->cancelled());
  CHECK(kept->answer(std::string()) == Code::cancelled);
}

TEST_CASE("answers and deadlines that meet end a call once") {
  Bench bench;
  Keeper keeper(bench);
  Signal ended;
  constexpr int kCalls = 300;
  std::vector<Bus::Id> ids;
  for (int i = 0; i < kCalls; ++i)
    ids.push_back(bench.bus.call(bench.caller, "slow/do", std::make_unique<Event>(), 2ms,
                                 [&](const Result<std::string> &) { ended.set(); }));
  auto cancels = std::async(std::launch::async, [&] {
    for (const auto id : ids) bench.bus.cancel(id);
  });
  keeper.replies.with([](auto &all) {
    for (const auto &reply : all) reply.answer(std::string("x"));
  });
  cancels.get();
  REQUIRE(ended.wait(kCalls)); // a deadline may have taken its call and not told the caller's lane yet
  bench.settle(bench.owner);
  bench.settle(bench.caller);
  CHECK(ended.count() == kCalls);
}
