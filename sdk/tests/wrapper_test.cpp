// The C++ wrapper, on the host in memory.
#include <pinion/cpp/fetch.hpp>
#include <pinion/cpp/plugin.hpp>
#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <fcntl.h>
#include <future>
#include <thread>
#include <unistd.h>

using namespace pinion;
using pinion::testing::FakeAsked;
using pinion::testing::FakeCall;
using pinion::testing::FakeHost;
using pinion::testing::Running;

namespace {

const std::string server = "11111111-2222-4333-8444-555555555555";

// A plugin whose start() is what the test says.
struct Scripted {
  explicit Scripted(Host h) : host(std::move(h)) {}
  static inline std::function<Result<void>(Scripted &)> on_start;
  static inline std::function<void(Scripted &)> on_stop;
  Result<void> start() { return on_start ? on_start(*this) : Result<void>{}; }
  void stop() {
    if (on_stop) on_stop(*this);
  }
  Host host;
  Signal signal;
  std::vector<Handle> handles;
  std::vector<std::string> notes;

  void keep(Result<Handle> made) {
    REQUIRE(made);
    handles.push_back(std::move(*made));
  }
  void note(std::string text) { notes.push_back(std::move(text)); }
};

struct Stage {
  explicit Stage(std::function<Result<void>(Scripted &)> on_start = {}) {
    Scripted::on_start = std::move(on_start);
    Scripted::on_stop = {};
    fake.addServer(server);
  }
  ~Stage() {
    plugin.stop();
    Scripted::on_start = {};
    Scripted::on_stop = {};
  }
  void start() { REQUIRE(plugin.start()); }
  void spawn(std::function<Task<>()> make) {
    fake.onLane([&] { plugin->host.spawn(make()); });
  }
  bool logged(const std::string &error) const {
    for (const auto &line : fake.logs)
      if (line.level == PINION_LOG_ERROR && line.fields.value("error", "") == error) return true;
    return false;
  }
  FakeHost fake{"scripted"};
  Running<Scripted> plugin{fake, "scripted"};
};

// Notes when it goes: stands for what a coroutine's frame owns.
struct Witness {
  explicit Witness(int &count) : gone(&count) {}
  Witness(Witness &&other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
  Witness(const Witness &) = delete;
  Witness &operator=(const Witness &) = delete;
  ~Witness() {
    if (gone != nullptr) ++*gone;
  }
  int *gone;
};

using Notes = std::vector<std::string>;

} // namespace

// ---- events ---------------------------------------------------------------------------------------------------

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

TEST_CASE("a service the daemon does not have is an error, not a crash") {
  Stage stage;
  for (const char *id :
       {"pinion.timers/1", "pinion.tasks/1", "pinion.panel/1", "pinion.environment/1", "pinion.config/1",
        "pinion.servers/1", "pinion.files/1", "pinion.fetch/1", "pinion.tokens/1", "pinion.routes/1", "pinion.log/1"})
    stage.fake.without(id);
  stage.start();
  Host &host = stage.plugin->host;
  const auto unsupported = [](const auto &result) { return !result && result.error().code == PINION_E_UNSUPPORTED; };
  CHECK(unsupported(host.timer(1, 0, [] {})));
  CHECK(unsupported(host.setState(server, "running")));
  CHECK(unsupported(host.hold(server, "x")));
  CHECK(unsupported(host.readServer(server, "")));
  CHECK(unsupported(host.input(server, "x")));
  CHECK(unsupported(pinion::Files(host, server, 0).remove("x")));
  CHECK(unsupported(pinion::Fetch::open(host, {})));
  CHECK(unsupported(host.usage(server, false)));
  CHECK(unsupported(host.folder("tmp")));
  CHECK(unsupported(host.verify("x", "y")));
  CHECK(unsupported(host.deny(Json::object())));
  CHECK(unsupported(host.route("GET", "/x", "node", 0, [](Exchange) {})));
  CHECK(host.servers().empty());
  CHECK(host.config("").is_null());
  CHECK_FALSE(host.frame(1, "x"));
  host.info("nobody hears this");
  std::vector<pinion_status> codes;
  stage.plugin->keep(host.subscribe("status", PINION_POLICY_ALL, [&](const EventView &) {
    host.spawn([&]() -> Task<> {
      codes.push_back((co_await host.act(server, "start", "{}", 1000)).error().code);
      codes.push_back((co_await host.panel("GET", "/x")).error().code);
      try {
        co_await host.run([] { return 1; });
      } catch (const std::exception &) {
        codes.push_back(0);
      }
      co_await host.sleep(1);
      codes.push_back(1); // not reached: the sleep throws
    });
  }));
  stage.fake.publish("status", server, "{}");
  stage.fake.pump();
  CHECK(codes == std::vector<pinion_status>{PINION_E_UNSUPPORTED, PINION_E_UNSUPPORTED, 0});
}

// ---- calls ----------------------------------------------------------------------------------------------------

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

// ---- coroutines -----------------------------------------------------------------------------------------------

namespace {
Task<int> twice(Host host, int value) {
  co_await host.sleep(10);
  co_return value * 2;
}
Task<Result<void>> nothing() { co_return {}; }
Task<int> throwing(Host host) {
  co_await host.sleep(10);
  throw std::runtime_error("from below");
}
} // namespace

TEST_CASE("tasks await tasks, and what one throws reaches the one that awaits it") {
  Stage stage;
  stage.start();
  stage.spawn([&]() -> Task<> {
    return [](Scripted &it) -> Task<> {
      it.note(std::to_string(co_await twice(it.host, 21)));
      it.note(co_await nothing() ? "fine" : "failed");
      try {
        co_await throwing(it.host);
      } catch (const std::exception &e) {
        it.note(e.what());
      }
      co_await throwing(it.host);
    }(*stage.plugin.operator->());
  });
  stage.fake.advance(100);
  CHECK(stage.plugin->notes == Notes{"42", "fine", "from below"});
  CHECK(stage.logged("from below"));
}

TEST_CASE("a spawned lambda keeps its captures as long as its frame") {
  Stage stage;
  stage.start();
  int gone = 0;
  {
    auto text = std::make_shared<std::string>("captured");
    stage.fake.onLane([&] {
      Scripted &it = *stage.plugin.operator->();
      const auto witness = std::make_shared<Witness>(gone);
      it.host.spawn([&it, text, witness]() -> Task<> {
        co_await it.host.sleep(10);
        it.note(*text);
      });
    });
  }
  CHECK(gone == 0);
  stage.fake.advance(10);
  CHECK(stage.plugin->notes == Notes{"captured"});
  CHECK(gone == 1);
}

TEST_CASE("a coroutine spawned off the lane begins on the lane") {
  Stage stage([](Scripted &it) -> Result<void> {
    it.host.spawn([&it]() -> Task<> {
      it.note("began");
      co_return;
    });
    it.note("start is over");
    return {};
  });
  stage.start();
  CHECK(stage.plugin->notes == Notes{"start is over"});
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"start is over", "began"});
}

TEST_CASE("a coroutine that cannot be started or cannot sleep leaves a log line") {
  Stage stage;
  stage.start();
  int gone = 0;
  stage.fake.failNext("timers.after", PINION_E_BUSY);
  stage.plugin->host.spawn([witness = std::make_shared<Witness>(gone)]() -> Task<> { co_return; });
  CHECK(gone == 1);
  CHECK(stage.fake.logs.back().message == "a coroutine could not be started");
  stage.fake.onLane([&] {
    stage.plugin->host.spawn([&stage, host = stage.plugin->host]() -> Task<> {
      stage.fake.failNext("timers.after", PINION_E_BUSY);
      for (;;) co_await host.sleep(10); // would spin for ever if a failure were taken for a sleep
    });
  });
  CHECK(stage.logged("cannot sleep: timers.after: the test let it fail"));
}

TEST_CASE("work runs on the pool and its value, its failure and its refusal come back to the lane") {
  Stage stage;
  stage.start();
  stage.fake.setWork(testing::Work::held);
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    it.host.spawn([&it]() -> Task<> {
      it.note(co_await it.host.run([] { return std::string("value"); }));
      const auto result = co_await it.host.run([]() -> Result<int> { return Error{PINION_E_IO, "disk"}; });
      it.note(result.error().text);
      int done = 0;
      co_await it.host.run([&done] { done = 1; });
      it.note(std::to_string(done));
      co_await it.host.run([]() -> int { throw std::runtime_error("work threw"); });
    });
  });
  CHECK(stage.fake.workWaiting() == 1);
  CHECK(stage.plugin->notes.empty());
  for (int i = 0; i < 4; ++i) stage.fake.runWork();
  CHECK(stage.plugin->notes == Notes{"value", "disk", "1"});
  CHECK(stage.logged("work threw"));
  stage.fake.onLane([&] {
    stage.fake.failNext("tasks.run", PINION_E_BUSY);
    stage.plugin->host.spawn([host = stage.plugin->host]() -> Task<> { co_await host.run([] { return 1; }); });
  });
  CHECK(stage.logged("tasks.run: the test let it fail"));
}

TEST_CASE("an act and a call of the Panel are answered by the test") {
  Stage stage;
  stage.start();
  stage.fake.onPanel("POST /servers/x/install", [](FakeAsked asked) { asked.ok(asked.args); });
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    it.host.spawn([&it]() -> Task<> {
      it.note(*co_await it.host.act(server, "inspect", "{}", 5000));
      it.note((co_await it.host.act(server, "start", "{}", 5000)).error().text);
      it.note(*co_await it.host.panel("POST", "/servers/x/install", R"({"successful":true})"));
    });
  });
  stage.fake.act("inspect").ok(R"({"running":false})");
  stage.fake.pump();
  stage.fake.act("start").fail(PINION_E_IO, "no such image");
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{R"({"running":false})", "no such image", R"({"successful":true})"});
  CHECK(stage.fake.verbs() == Notes{"inspect", "start"});
}

TEST_CASE("a signal wakes all who wait, in order, and the others after their time") {
  Stage stage;
  stage.start();
  const auto wait = [&stage](std::string name, uint32_t ms) {
    stage.fake.onLane([&] {
      Scripted &it = *stage.plugin.operator->();
      it.host.spawn([&it, name, ms]() -> Task<> {
        const bool notified = co_await it.signal.wait(it.host, ms);
        it.note(name + (notified ? " notified" : " timed out"));
      });
    });
  };
  wait("a", 1000);
  wait("b", 50);
  wait("c", 1000);
  stage.fake.advance(50);
  stage.fake.onLane([&] { stage.plugin->signal.notify(); });
  CHECK(stage.plugin->notes == Notes{"b timed out", "a notified", "c notified"});
  CHECK(stage.fake.timers() == 0);
  stage.fake.onLane([&] { stage.plugin->signal.notify(); });
  CHECK(stage.plugin->notes.size() == 3);
}

TEST_CASE("a signal that goes before its waiters leaves them to their time") {
  Stage stage;
  stage.start();
  auto signal = std::make_unique<Signal>();
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    it.host.spawn([&it, &signal]() -> Task<> {
      const bool notified = co_await signal->wait(it.host, 50);
      it.note(notified ? "notified" : "timed out");
    });
  });
  signal.reset();
  stage.fake.advance(50);
  CHECK(stage.plugin->notes == Notes{"timed out"});
}

// ---- stopping -------------------------------------------------------------------------------------------------

TEST_CASE("frames that wait for anything are destroyed at stop") {
  int gone = 0;
  FakeAsked *asked = nullptr;
  Stage stage;
  stage.start();
  stage.fake.offer("other/never", [](FakeCall) {});
  stage.fake.setWork(testing::Work::held);
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    const auto start = [&](auto body) { it.host.spawn(std::move(body)); };
    const auto witness = [&gone] { return std::make_shared<Witness>(gone); };
    start([&it, w = witness()]() -> Task<> { co_await it.host.sleep(1000); });
    start([&it, w = witness()]() -> Task<> { (void)co_await it.host.call("other/never", server, "{}", 1000); });
    start([&it, w = witness()]() -> Task<> { (void)co_await it.host.act(server, "wait", "{}", 1000); });
    start([&it, w = witness()]() -> Task<> { (void)co_await it.host.panel("GET", "/x"); });
    start([&it, w = witness()]() -> Task<> { co_await it.signal.wait(it.host, 1000); });
    start([&it, w = witness()]() -> Task<> {
      Signal own; // goes with this frame, while the next one waits for it
      it.host.spawn([&it, &own, w]() -> Task<> { co_await own.wait(it.host, 1000); });
      co_await own.wait(it.host, 1000);
    });
    start([&it, w = witness()]() -> Task<> { (void)co_await twice(it.host, 1); });
    start([&it, w = witness()]() -> Task<> {
      int local = 0;
      co_await it.host.run([&local] { local = 1; });
    });
  });
  CHECK(gone == 0);
  asked = &stage.fake.acts().front();
  stage.plugin.stop();
  CHECK(gone == 8);
  asked->ok(); // too late: nobody is called
  CHECK(stage.fake.pump() == 0);
  CHECK(asked->cancelled());
}

TEST_CASE("a frame whose end wakes another frame does not end it twice") {
  Stage stage;
  stage.start();
  int gone = 0;
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    struct Waker {
      Signal &signal;
      ~Waker() { signal.notify(); }
    };
    it.host.spawn([&it]() -> Task<> {
      const Waker waker{it.signal};
      co_await it.host.sleep(1000);
    });
    it.host.spawn([&it, w = std::make_shared<Witness>(gone)]() -> Task<> { co_await it.signal.wait(it.host, 1000); });
  });
  stage.plugin.stop();
  CHECK(gone == 1);
}

TEST_CASE("a done function that comes after its frame went finds its target") {
  // The loader may end what is pending after stop() and before destroy(); the wrapper must bear it.
  static pinion_done_fn done;
  static void *user;
  FakeHost fake;
  static const pinion_panel_v1 panel = {sizeof(pinion_panel_v1), 0,
                                        [](const pinion_host *, const char *, const char *, pinion_span,
                                           pinion_done_fn d, void *u, uint64_t *id, pinion_error *) -> pinion_status {
                                          done = d;
                                          user = u;
                                          *id = 1;
                                          return PINION_OK;
                                        }};
  static const pinion_host *inner;
  inner = fake.raw();
  pinion_host outer = *inner;
  outer.service = [](const pinion_host *, const char *id) -> const void * {
    return std::string_view(id) == "pinion.panel/1" ? &panel : inner->service(inner, id);
  };
  int gone = 0;
  pinion_plugin_v1 plugin{};
  Scripted::on_stop = {};
  Scripted::on_start = [&gone](Scripted &it) -> Result<void> {
    it.host.spawn(
        [&it, w = std::make_shared<Witness>(gone)]() -> Task<> { (void)co_await it.host.panel("GET", "/x"); });
    return {};
  };
  REQUIRE(detail::Trampoline<Scripted>::create(&outer, &plugin, nullptr) == PINION_OK);
  REQUIRE(plugin.start(plugin.self, nullptr) == PINION_OK);
  fake.pump();
  REQUIRE(done != nullptr);
  plugin.stop(plugin.self);
  CHECK(gone == 1);
  done(user, PINION_E_STOPPING, span("stopping"));
  plugin.destroy(plugin.self);
  Scripted::on_start = {};
  CHECK(gone == 1);
}

TEST_CASE("stop may end handles, throw, and leave callbacks behind") {
  Stage stage([](Scripted &it) -> Result<void> {
    it.keep(it.host.subscribe("*", PINION_POLICY_LATEST, [&it](const EventView &e) { it.note(std::string(e.topic)); }));
    it.keep(it.host.timer(10, 10, [&it] { it.note("tick"); }));
    return {};
  });
  stage.start();
  Scripted::on_stop = [](Scripted &it) {
    it.handles.pop_back();
    throw std::runtime_error("stop is broken");
  };
  stage.plugin.stop();
  stage.fake.publish("status", server, "{}");
  stage.fake.advance(100);
  CHECK(stage.fake.logs.back().fields["error"] == "stop is broken");
  CHECK(stage.fake.subscriptions() == 0);
  CHECK(stage.fake.timers() == 0);
}

TEST_CASE("a plugin whose constructor or start fails tells why") {
  struct Throws {
    explicit Throws(const Host &) { throw std::runtime_error("no licence"); }
    Result<void> start() { return {}; }
    void stop() {}
  };
  FakeHost fake;
  Running<Throws> broken(fake);
  const auto created = broken.start();
  REQUIRE_FALSE(created);
  CHECK(created.error().text == "no licence");

  Stage stage([](Scripted &it) -> Result<void> {
    it.keep(it.host.timer(10, 10, [&it] { it.note("tick"); }));
    return Error{PINION_E_UNSUPPORTED, "this node is too small"};
  });
  const auto started = stage.plugin.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().code == PINION_E_UNSUPPORTED);
  CHECK(started.error().text == "this node is too small");
  CHECK(stage.fake.timers() == 0);
}

// ---- routes and sockets ---------------------------------------------------------------------------------------

TEST_CASE("a route answers with status, body and headers; a dropped exchange and a throwing handler with 500") {
  Stage stage([](Scripted &it) -> Result<void> {
    const auto add = [&it](const char *path, uint32_t flags, auto fn) {
      return it.host.route("POST", path, "node", flags, fn);
    };
    REQUIRE(add("/api/servers/:server/say", 0, [](Exchange x) {
      x.answer(202, Json{{"server", x.server()}, {"word", x.query("word")}, {"body", x.body()}}.dump());
    }));
    REQUIRE(add("/drop", 0, [](Exchange) {}));
    REQUIRE(add("/throw", PINION_ROUTE_LANE, [](Exchange) { throw std::runtime_error("route threw"); }));
    REQUIRE(add("/fail", 0, [](Exchange x) { x.fail({PINION_E_NOT_FOUND, "gone"}); }));
    REQUIRE(add("/bad", 0, [](Exchange x) { x.error(422, "no \xff good"); }));
    REQUIRE(add("/empty", 0, [](Exchange x) { x.answer(204); }));
    REQUIRE(add("/stream", 0, [](Exchange x) {
      x.head(200, Json{{"Content-Type", "text/plain"}});
      CHECK(x.send("a"));
      CHECK(x.send("b"));
      x.finish("c");
      CHECK(x.cancelled());
      CHECK_FALSE(x.send("d"));
      CHECK(x.field("path") == std::nullopt);
    }));
    CHECK_FALSE(add("/drop", 0, [](Exchange) {}));
    return {};
  });
  stage.start();
  const auto said = stage.fake.request("POST", "/api/servers/" + server + "/say?word=a%20b", "hello");
  CHECK(said->status == 202);
  CHECK(said->json() == Json{{"server", server}, {"word", "a b"}, {"body", "hello"}});
  CHECK(said->headers["Content-Type"] == "application/json; charset=utf-8");
  CHECK(stage.fake.request("POST", "/api/servers/unknown/say")->status == 404);
  CHECK(stage.fake.request("POST", "/drop")->status == 500);
  CHECK(stage.fake.request("POST", "/throw")->status == 500);
  CHECK(stage.logged("route threw"));
  CHECK(stage.fake.request("POST", "/fail")->status == 404);
  CHECK(stage.fake.request("POST", "/bad")->json()["error"] == "no \xEF\xBF\xBD good");
  CHECK(stage.fake.request("POST", "/empty")->status == 204);
  const auto streamed = stage.fake.request("POST", "/stream");
  CHECK(streamed->body == "abc");
  CHECK(streamed->headers["Content-Type"] == "text/plain");
  CHECK(stage.fake.misuse().empty());
}

TEST_CASE("a route on the lane hands its exchange to a coroutine") {
  Stage stage([](Scripted &it) -> Result<void> {
    return it.host.route("GET", "/later", "node", PINION_ROUTE_LANE, [&it](Exchange x) {
      it.host.spawn([](Host host, Exchange kept) -> Task<> {
        co_await host.sleep(10);
        kept.answer(200, "[]");
      }(it.host, std::move(x)));
    });
  });
  stage.start();
  const auto response = stage.fake.request("GET", "/later");
  const auto abandoned = stage.fake.request("GET", "/later");
  CHECK_FALSE(response->done);
  stage.fake.advance(10);
  CHECK(response->status == 200);
  const auto cut = stage.fake.request("GET", "/later");
  stage.plugin.stop(); // the frame goes with its exchange, which answers
  CHECK(cut->status == 500);
}

TEST_CASE("a socket's callback lives until the socket is closed") {
  int gone = 0;
  Stage stage([&gone](Scripted &it) -> Result<void> {
    return it.host.route("GET", "/ws", "node", PINION_ROUTE_LANE, [&it, &gone](Exchange x) {
      const auto witness = std::make_shared<Witness>(gone);
      const auto socket =
          it.host.accept(std::move(x), {}, [&it, witness](uint64_t id, uint32_t kind, std::string_view text) {
            if (kind == PINION_FRAME_CLOSED) return it.note("closed " + std::string(text));
            if (text == "throw") throw std::runtime_error("frame threw");
            it.host.frame(id, "you said " + std::string(text));
          });
      if (!socket) it.note(socket.error().text);
    });
  });
  stage.start();
  auto &socket = stage.fake.connect("/ws");
  socket.say("hi");
  socket.say("throw");
  stage.fake.pump();
  CHECK(socket.texts() == Notes{"you said hi"});
  CHECK(stage.logged("frame threw"));
  CHECK(gone == 0);
  socket.leave("bye");
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{"closed bye"});
  CHECK(gone == 1);
  CHECK_FALSE(stage.plugin->host.frame(1, "nobody"));
  CHECK(stage.fake.request("GET", "/ws")->status == 400); // no handshake
  CHECK(stage.plugin->notes.back() == "the request is no WebSocket handshake");
  CHECK(gone == 2);
}

// ---- the rest of the host -------------------------------------------------------------------------------------

TEST_CASE("servers are listed, read, held and set") {
  Stage stage;
  stage.start();
  Host &host = stage.plugin->host;
  CHECK(host.servers() == Notes{server});
  CHECK(host.server(server, "/state") == "offline");
  CHECK(host.server(server, "/nothing").is_null());
  CHECK(host.readServer("unknown", "").error().code == PINION_E_NOT_FOUND);
  {
    const auto hold = host.hold(server, "installing");
    REQUIRE(hold);
    const auto second = host.hold(server, "transferring");
    REQUIRE_FALSE(second);
    CHECK(second.error().code == PINION_E_BUSY);
    CHECK(second.error().text.find("installing") != std::string::npos);
  }
  CHECK(host.hold(server, "transferring"));
  CHECK(host.setState(server, "running"));
  CHECK(host.server(server, "/state") == "running");
  CHECK_FALSE(host.setState(server, "sleeping"));
}

TEST_CASE("a log line survives bytes that are no UTF-8") {
  Stage stage;
  stage.start();
  stage.plugin->host.info("a file", Json{{"name", "\xff.txt"}});
  CHECK(stage.fake.logs.back().fields["name"] == "\xEF\xBF\xBD.txt");
}

TEST_CASE("files, tokens, configuration and console go through") {
  Stage stage;
  stage.fake.config = Json{{"limit", 3}};
  stage.fake.node = Json{{"version", "1"}};
  stage.fake.addToken("good", "websocket", Json{{"user_uuid", "u"}});
  stage.start();
  Host &host = stage.plugin->host;
  CHECK(host.config("/limit") == 3);
  CHECK(host.config("/none").is_null());
  CHECK(host.node("/version") == "1");
  CHECK(*host.verify("good", "websocket") == R"({"user_uuid":"u"})");
  CHECK(host.verify("good", "file-download").error().code == PINION_E_DENIED);
  CHECK(host.verify("forged", "websocket").error().code == PINION_E_INVALID);
  CHECK(host.deny(Json{{"jtis", {"x"}}}));
  CHECK(stage.fake.denied().size() == 1);

  CHECK(host.input(server, "say hi\n").error().code == PINION_E_NOT_FOUND);
  stage.fake.attachConsole(server);
  CHECK(host.input(server, "say hi\n"));
  CHECK(stage.fake.console(server) == "say hi\n");

  const pinion::Files disk(host, server, 0);
  CHECK(disk.makeFolder("a/b", 0755));
  const auto *files = host.files();
  const int fd =
      files->open(host.raw(), server.c_str(), "a/b/c.txt", PINION_OPEN_WRITE | PINION_OPEN_CREATE, 0644, nullptr);
  REQUIRE(fd >= 0);
  CHECK(::write(fd, "12345", 5) == 5);
  ::close(fd);
  CHECK((*host.usage(server, true))["bytes"] == 5);
  CHECK(files->open(host.raw(), server.c_str(), "../x", PINION_OPEN_READ, 0, nullptr) == PINION_E_DENIED);
  CHECK(disk.remove("a"));
  CHECK(disk.stat("a").error().detail == ENOENT);
  CHECK(disk.open(std::string("a\0b", 3), PINION_OPEN_READ).error().code == PINION_E_INVALID);
  const auto folder = host.folder("tmp");
  REQUIRE(folder);
  ::close(*folder);
  CHECK_FALSE(host.folder("etc"));
}

TEST_CASE("a download is read to its end, cut, refused or cancelled, and closed when it goes") {
  Stage stage;
  stage.fake.page("http://a/x", {.body = "0123456789", .headers = {{"content-type", "text/plain"}}, .piece = 4});
  stage.fake.page("http://a/cut", {.body = "0123456789", .cut_after = 5});
  stage.fake.page("http://a/private", {.refused = PINION_E_DENIED});
  stage.start();
  const Host &host = stage.plugin->host;
  char buffer[100];
  {
    auto fetch = pinion::Fetch::open(host, {.url = "http://a/x", .max_redirects = 3});
    REQUIRE(fetch);
    CHECK(fetch->status() == 200);
    CHECK(fetch->url() == "http://a/x");
    CHECK(fetch->header("content-type") == "text/plain");
    CHECK(fetch->header("content-length") == "10");
    CHECK_FALSE(fetch->header("etag"));
    CHECK(*fetch->read(buffer, sizeof buffer) == 4);
    CHECK(*fetch->read(buffer, 100) == 4);
    CHECK(*fetch->read(buffer, 100) == 2);
    CHECK(*fetch->read(buffer, 100) == 0);
    CHECK(stage.fake.openFetches() == 1);
    fetch->close();
    CHECK(fetch->read(buffer, 100).error().code == PINION_E_INVALID);
  }
  CHECK(stage.fake.openFetches() == 0);
  CHECK(stage.fake.fetched().back()["max_redirects"] == 3);
  CHECK(pinion::Fetch::open(host, {.url = "http://a/private"}).error().code == PINION_E_DENIED);
  CHECK(pinion::Fetch::open(host, {.url = "ftp://a/"}).error().code == PINION_E_INVALID);
  auto cut = pinion::Fetch::open(host, {.url = "http://a/cut"});
  REQUIRE(cut);
  CHECK(*cut->read(buffer, 100) == 5);
  CHECK(cut->read(buffer, 100).error().code == PINION_E_IO);
  const pinion::FetchCancel early, late;
  early.cancel();
  CHECK(pinion::Fetch::open(host, {.url = "http://a/x"}, early).error().code == PINION_E_CANCELLED);
  {
    auto fetch = pinion::Fetch::open(host, {.url = "http://a/x"}, late);
    REQUIRE(fetch);
    late.cancel();
    CHECK(fetch->read(buffer, 100).error().code == PINION_E_CANCELLED);
  }
  late.cancel(); // again, and too late
  cut->close();
}

TEST_CASE("a download is cancelled while open() waits for the head of the answer") {
  Stage stage;
  const pinion::FetchCancel cancel;
  stage.fake.page("http://a/silent", {.body = "x", .head = [&] { cancel.cancel(); }});
  stage.start();
  CHECK(pinion::Fetch::open(stage.plugin->host, {.url = "http://a/silent"}, cancel).error().code == PINION_E_CANCELLED);
  CHECK(stage.fake.openFetches() == 0);
}

TEST_CASE("the head of an answer is asked for once, and before the body") {
  Stage stage;
  stage.fake.page("http://a/x", {.body = "x"});
  stage.start();
  const pinion_fetch_v1 *table = stage.plugin->host.fetch();
  auto *fetch = table->open(stage.plugin->host.raw(), pinion::span(R"({"url":"http://a/x"})"), nullptr);
  REQUIRE(fetch != nullptr);
  char byte = 0;
  CHECK(table->read(fetch, &byte, 1, nullptr) == PINION_E_INVALID);
  std::string head;
  const pinion_sink sink{&head, &pinion::detail::appendTo};
  CHECK(table->head(fetch, &sink, nullptr) == PINION_OK);
  CHECK(table->head(fetch, &sink, nullptr) == PINION_E_INVALID);
  CHECK(table->read(fetch, &byte, 1, nullptr) == 1);
  table->close(fetch);
}

TEST_CASE("a frame that goes while its work runs waits for the work's end") {
  // The one test with a second thread: the pool of a real daemon. The tasks table gives the work to the test.
  static pinion_work_fn work;
  static void *user;
  FakeHost fake;
  static const pinion_tasks_v1 tasks = {sizeof(pinion_tasks_v1), 0,
                                        [](const pinion_host *, pinion_work_fn w, pinion_done_fn, void *u, uint64_t *id,
                                           pinion_error *) -> pinion_status {
                                          work = w;
                                          user = u;
                                          *id = 1;
                                          return PINION_OK;
                                        },
                                        nullptr};
  static const pinion_host *inner;
  inner = fake.raw();
  pinion_host outer = *inner;
  outer.service = [](const pinion_host *, const char *id) -> const void * {
    return std::string_view(id) == "pinion.tasks/1" ? &tasks : inner->service(inner, id);
  };
  std::promise<void> begun, go;
  std::atomic<bool> ended = false;
  Scripted::on_stop = {};
  Scripted::on_start = [&](Scripted &it) -> Result<void> {
    it.host.spawn([&]() -> Task<> {
      const std::string local(64, 'x'); // in the frame, and the work reads it
      co_await it.host.run([&] {
        begun.set_value();
        go.get_future().wait();
        ended = local.size() == 64;
      });
    });
    return {};
  };
  pinion_plugin_v1 plugin{};
  REQUIRE(detail::Trampoline<Scripted>::create(&outer, &plugin, nullptr) == PINION_OK);
  REQUIRE(plugin.start(plugin.self, nullptr) == PINION_OK);
  fake.pump();
  std::thread pool([] { work(user); });
  begun.get_future().wait();
  std::thread main([&] { plugin.stop(plugin.self); });
  CHECK_FALSE(ended.load());
  go.set_value();
  main.join();
  CHECK(ended.load());
  pool.join();
  CHECK(work(user) == PINION_E_CANCELLED); // work that had not begun would not begin any more
  plugin.destroy(plugin.self);
  Scripted::on_start = {};
}
