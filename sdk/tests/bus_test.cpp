// Events, subscriptions and their handles, and calls, as the wrapper gives them.
#include "scripted_for_tests.hpp"

using namespace pinion;
using namespace pinion::testing;

TEST_CASE("a subscription hears its topic and server until its handle goes") {
  Stage stage([](Scripted &it) -> Result<void> {
    it.keep(it.host.subscribe("status@" + server, PINION_POLICY_ALL,
                              [&it](const EventView &e) { it.note(std::string(e.payload)); }));
    return {};
  });
  stage.start();
  stage.fake.publish("status", server, "starting", PINION_EVENT_RAW);
  stage.fake.publish("status", "another", "running", PINION_EVENT_RAW);
  stage.fake.publish("stats", server, "{}");
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"starting"});
  stage.plugin->handles.clear();
  stage.fake.publish("status", server, "running", PINION_EVENT_RAW);
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"starting"});
  CHECK(stage.fake.subscriptions() == 0);
}

TEST_CASE("a handle may be dropped inside its own callback") {
  Stage stage([](Scripted &it) -> Result<void> {
    const auto big = std::make_shared<std::string>(4096, 'x');
    it.keep(it.host.subscribe("status", PINION_POLICY_ALL, [&it, big](const EventView &e) {
      it.handles.clear();
      it.note(std::string(e.payload) + big->substr(0, 1)); // the captures are still there
    }));
    return {};
  });
  stage.start();
  stage.fake.publish("status", server, "a", PINION_EVENT_RAW);
  stage.fake.publish("status", server, "b", PINION_EVENT_RAW);
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"ax"});
}

TEST_CASE("a handle that its own callback owns goes with the plugin") {
  int gone = 0;
  {
    Stage stage([&gone](Scripted &it) -> Result<void> {
      struct Cycle {
        Handle handle;
        Witness witness;
      };
      const auto cycle = std::make_shared<Cycle>(Cycle{{}, Witness(gone)});
      auto made = it.host.timer(10, 10, [cycle, host = it.host] {});
      cycle->handle = std::move(*made);
      return {};
    });
    stage.start();
    stage.fake.advance(25);
    CHECK(gone == 0);
  }
  CHECK(gone == 1);
}

TEST_CASE("what a callback throws becomes a log line and the next event is heard") {
  Stage stage([](Scripted &it) -> Result<void> {
    it.keep(it.host.subscribe("status", PINION_POLICY_ALL, [&it](const EventView &e) {
      it.note(std::string(e.payload));
      if (e.payload == "a") throw std::runtime_error("cannot take a");
      if (e.payload == "b") throw 7;
    }));
    return {};
  });
  stage.start();
  for (const char *text : {"a", "b", "c"}) stage.fake.publish("status", server, text, PINION_EVENT_RAW);
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"a", "b", "c"});
  CHECK(stage.logged("cannot take a"));
  CHECK(stage.logged("an exception that is no std::exception"));
}

TEST_CASE("a refused publish or subscription is an error with the host's words") {
  Stage stage;
  stage.start();
  const auto denied = stage.plugin->host.publish("status", server, "{}");
  REQUIRE_FALSE(denied);
  CHECK(denied.error().code == PINION_E_DENIED);
  CHECK(denied.error().text == "\"scripted\" may not publish \"status\"");
  CHECK(stage.plugin->host.publish("scripted.x", server, "{}"));
  stage.fake.failNext("bus.subscribe", PINION_E_BUSY);
  const auto refused = stage.plugin->host.subscribe("x", PINION_POLICY_ALL, [](const EventView &) {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == PINION_E_BUSY);
}

TEST_CASE("an offer answers calls at once, later, or with a failure") {
  Stage stage([](Scripted &it) -> Result<void> {
    it.keep(it.host.offer("scripted/echo", Json{{"order", 1}}, [&it](const EventView &e, CallReply reply) {
      const Json args = e.json();
      if (args["how"] == "now") return reply.ok(e.payload);
      if (args["how"] == "fail") return reply.fail({PINION_E_BUSY, "not now"});
      it.host.spawn([](Host host, CallReply kept) -> Task<> {
        co_await host.sleep(100);
        kept.ok("\"late\"");
      }(it.host, std::move(reply)));
    }));
    return {};
  });
  stage.start();
  CHECK(stage.fake.offers("scripted/") == R"([{"address":"scripted/echo","owner":"scripted","about":{"order":1}}])");
  CHECK(stage.fake.call("scripted/echo", server, R"({"how":"now"})")->text == R"({"how":"now"})");
  const auto failed = stage.fake.call("scripted/echo", server, R"({"how":"fail"})");
  CHECK(failed->status == PINION_E_BUSY);
  CHECK(failed->text == "not now");
  const auto late = stage.fake.call("scripted/echo", server, R"({"how":"later"})");
  CHECK_FALSE(late->done);
  stage.fake.advance(100);
  CHECK(late->done);
  CHECK(late->text == "\"late\"");
  CHECK(stage.fake.misuse().empty());
}

TEST_CASE("a call whose reply is dropped, or whose handler throws, is answered INTERNAL") {
  Stage stage([](Scripted &it) -> Result<void> {
    it.keep(it.host.offer("scripted/drop", Json::object(), [](const EventView &, CallReply) {}));
    it.keep(it.host.offer("scripted/throw", Json::object(),
                          [](const EventView &, CallReply) { throw std::runtime_error("broken handler"); }));
    return {};
  });
  stage.start();
  for (const char *address : {"scripted/drop", "scripted/throw"}) {
    const auto answer = stage.fake.call(address, server, "{}");
    CHECK(answer->done);
    CHECK(answer->status == PINION_E_INTERNAL);
  }
  CHECK(stage.logged("broken handler"));
  CHECK(stage.fake.misuse().empty());
}

TEST_CASE("a reply tells that its caller waits no longer") {
  std::optional<CallReply> kept;
  Stage stage([&kept](Scripted &it) -> Result<void> {
    it.keep(it.host.offer("scripted/keep", Json::object(),
                          [&kept](const EventView &, CallReply reply) { kept.emplace(std::move(reply)); }));
    return {};
  });
  stage.start();
  const auto answer = stage.fake.call("scripted/keep", server, "{}", 1000);
  CHECK_FALSE(kept->cancelled());
  stage.fake.advance(1000);
  CHECK(answer->status == PINION_E_TIMEOUT);
  CHECK(kept->cancelled());
  kept->ok("{}");
  CHECK(kept->cancelled());
  CHECK(answer->status == PINION_E_TIMEOUT);
}

namespace {
Task<> callAndNote(Scripted &it, std::string address, uint32_t deadline, uint64_t *id = nullptr) {
  const Answer answer = co_await it.host.call(address, server, R"({"n":1})", deadline, id);
  it.note(answer ? *answer : std::to_string(answer.error().code) + " " + answer.error().text);
}
} // namespace

TEST_CASE("a coroutine gets the answer, the failure, the missing owner and the passed deadline of its call") {
  Stage stage;
  stage.start();
  std::vector<FakeCall> kept;
  stage.fake.offer("other/ok", [](FakeCall call) { call.ok(call.payload); });
  stage.fake.offer("other/fail", [](FakeCall call) { call.fail(PINION_E_DENIED, "no"); });
  stage.fake.offer("other/never", [&](FakeCall call) { kept.push_back(call); });
  for (const char *address : {"other/ok", "other/fail", "other/none", "other/never"})
    stage.spawn([&] { return callAndNote(*stage.plugin.operator->(), address, 500); });
  CHECK(stage.plugin->notes == Notes{R"({"n":1})", "-3 no", "-2 nobody offers \"other/none\""});
  stage.fake.advance(500);
  CHECK(stage.plugin->notes.back() == "-5 \"other/never\" did not answer in time");
  CHECK(kept.front().cancelled());
}

TEST_CASE("a call is cancelled by its id, which is zero again afterwards") {
  Stage stage;
  stage.start();
  stage.fake.offer("other/never", [](FakeCall) {});
  uint64_t id = 0;
  stage.spawn([&] { return callAndNote(*stage.plugin.operator->(), "other/never", 500, &id); });
  REQUIRE(id != 0);
  stage.fake.onLane([&] { stage.plugin->host.cancel(id); });
  CHECK(stage.plugin->notes == Notes{"-6 the call was cancelled"});
  CHECK(id == 0);
}
