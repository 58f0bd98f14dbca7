// How a plugin begins and ends: what is left when stop() is called goes once, and nothing comes after it.
#include "scripted_for_tests.hpp"

#include <atomic>
#include <future>
#include <thread>

using namespace pinion;
using namespace pinion::testing;

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
  REQUIRE(pinion::detail::Trampoline<Scripted>::create(&outer, &plugin, nullptr) == PINION_OK);
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
  REQUIRE(pinion::detail::Trampoline<Scripted>::create(&outer, &plugin, nullptr) == PINION_OK);
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
