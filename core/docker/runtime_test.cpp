// The runtime against a real engine: containers of random names, removed at the end. Skipped, saying so, where no
// engine answers or the tiny image of the conformance suite is missing.
#include "docker/runtime.hpp"

#include "base/ids.hpp"
#include "docker/engine_error.hpp"
#include "docker/fake_engine_for_tests.hpp"
#include "docker/json.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

using namespace pinion::core;
using namespace std::chrono_literals;
using pinion::core::testing::FakeEngine;
using pinion::core::testing::kDeadline;
namespace fs = std::filesystem;

namespace {

constexpr const char *kImage = "pinion/functional:latest";
// Prints READY, echoes each line, exits 0 on "stop", 3 on "crash".
constexpr const char *kEcho =
    "echo READY; while read -r line; do case \"$line\" in stop) echo bye; exit 0;; crash) exit 3;; "
    "*) echo \"> $line\";; esac; done";

bool engineReady(Engine &engine) {
  const auto answer = engine.request("GET", std::string("/images/") + kImage + "/json", "", 5s);
  if (answer && answer->status == 200) return true;
  WARN("SKIPPED: " << (answer ? std::string("the image ") + kImage + " is missing" : answer.error().text));
  return false;
}

// All that a runtime needs, in a folder of its own.
struct Node {
  fs::path root = fs::temp_directory_path() / randomUuid();
  Engine engine;
  LoopGroup loops{2};
  Pool pool{"test", {}};
  std::unique_ptr<Bus> bus;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<Disk> disk;
  std::unique_ptr<ConfigStore> config;
  std::unique_ptr<DockerRuntime> runtime;
  std::unique_ptr<Lane> lane;
  ServerPtr server;
  std::vector<std::string> containers;

  struct Heard {
    std::string topic, payload;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Heard> heard;

  explicit Node(const std::string &address = Engine::addressFromEnvironment()) : engine(address) {
    for (const char *name : {"volumes", "log", "tmp"}) fs::create_directories(root / name);
    std::ofstream(root / "config.yml")
        << "token: secret\ntoken_id: id\nremote: http://127.0.0.1:9\nsystem:\n  root_directory: " << root.string()
        << "\n  log_directory: " << (root / "log").string() << "\n  data: " << (root / "volumes").string()
        << "\n  tmp_directory: " << (root / "tmp").string()
        << "\n  timezone: UTC\ndocker:\n  network:\n    name: bridge\n    network_mode: bridge\n";
    auto loaded = ConfigStore::load((root / "config.yml").string());
    if (!loaded) throw std::runtime_error(loaded.error().text);
    config = std::move(*loaded);
    loops.start();
    bus = std::make_unique<Bus>(loops.first());
    lane = std::make_unique<Lane>(pool, "test");
    registry = std::make_unique<Registry>(*bus, (root / "states.json").string());
    disk = std::make_unique<Disk>(*bus, pool, (root / "volumes").string(), 150s, OpenatMode::automatic);
    runtime = std::make_unique<DockerRuntime>(engine, loops, pool, *bus, *registry, *disk, *config);
    const auto listening = bus->subscribe(
        *lane, "*", Policy::all,
        [this](const Delivery &delivery) {
          if (!delivery.event) return;
          const std::lock_guard lock(mutex);
          heard.push_back({delivery.event->topic, delivery.event->payload});
          changed.notify_all();
        },
        100000);
    if (!listening) throw std::runtime_error(listening.error().text);
    server = add(kEcho);
  }
  ~Node() {
    for (const auto &name : containers) {
      const auto removed = engine.request("DELETE", "/containers/" + name + "?force=1&v=1", "", 20s);
      if (!removed) WARN("left behind: container " << name);
    }
    runtime->stop();
    engine.stop();
    disk->stop();
    bus->stop();
    lane->close();
    loops.stop();
    pool.stop();
    runtime.reset();
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }

  ServerPtr add(const std::string &invocation) {
    auto definition = std::make_shared<Definition>();
    definition->settings.id = *ServerId::parse(randomUuid());
    definition->settings.invocation = invocation;
    definition->settings.image = std::string("~") + kImage;
    definition->settings.build.memory_limit = 64;
    definition->process_configuration = "{}";
    containers.push_back(definition->settings.id.text());
    containers.push_back(definition->settings.id.text() + "_installer");
    return registry->put(definition);
  }

  struct Pending {
    Runtime::ActId id = 0;
    std::shared_ptr<std::promise<Result<std::string>>> promise = std::make_shared<std::promise<Result<std::string>>>();
    std::shared_future<Result<std::string>> future = promise->get_future().share();
  };
  Pending begin(const std::string &verb, const std::string &args = "{}", std::chrono::milliseconds deadline = 20s) {
    Pending out;
    out.id = runtime->act(server, verb, args, deadline, [promise = out.promise](Result<std::string> answer) {
      promise->set_value(std::move(answer));
    });
    return out;
  }
  Result<std::string> end(const Pending &pending) {
    if (pending.future.wait_for(kDeadline + 5s) != std::future_status::ready)
      return Error{Code::internal, "never answered"};
    return pending.future.get();
  }
  Result<std::string> act(const std::string &verb, const std::string &args = "{}",
                          std::chrono::milliseconds deadline = 20s) {
    return end(begin(verb, args, deadline));
  }
  void must(const std::string &verb, const std::string &args = "{}") {
    const auto answer = act(verb, args);
    if (!answer) FAIL(verb << ": " << answer.error().text);
  }
  // create, attach, start, as the power plugin does
  void run() {
    must("create");
    must("attach");
    must("start");
    registry->setState(server, State::running);
    REQUIRE(hears("container output", "READY"));
  }
  bool hears(const std::string &topic, const std::string &part = "", std::chrono::seconds limit = kDeadline) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, limit, [&] {
      return std::any_of(heard.begin(), heard.end(), [&](const Heard &event) {
        return event.topic == topic && event.payload.find(part) != std::string::npos;
      });
    });
  }
  std::vector<std::string> all(const std::string &topic) {
    const std::lock_guard lock(mutex);
    std::vector<std::string> out;
    for (const auto &event : heard)
      if (event.topic == topic) out.push_back(event.payload);
    return out;
  }
};

} // namespace

TEST_CASE("a server is created, attached, started, spoken to and stopped", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  CHECK(node.config->get()->docker.network.driver == "bridge");
  CHECK(*node.act("inspect") ==
        R"({"exists":false,"running":false,"exit_code":0,"oom_killed":false,"started_at_ms":0})");
  CHECK(*node.act("pull") == R"({"pulled":false})");
  CHECK(node.runtime->input(node.server, "x\n").error().text ==
        "environment/docker: cannot send command to container: not attached to instance");
  node.run();
  CHECK(node.all("container attached").size() == 1);
  CHECK(*node.act("attach") == "{}"); // already
  CHECK(node.all("container attached").size() == 1);
  const auto inspected = json::parseObject(*node.act("inspect"));
  REQUIRE(inspected);
  CHECK((json::flag(*inspected, "running") && json::number(*inspected, "started_at_ms") > 0));
  const auto running = node.runtime->running(10s);
  REQUIRE(running);
  CHECK(std::count(running->begin(), running->end(), node.server->id()) == 1);

  REQUIRE(node.runtime->input(node.server, "hello there\n"));
  CHECK(node.hears("container output", "> hello there"));
  // The engine's log is written behind the stream: asked until it is there.
  bool logged = false;
  for (const auto limit = Clock::now() + kDeadline; !logged && Clock::now() < limit;)
    logged = node.act("logs", R"({"tail":1})")->find("\\u003e hello there") != std::string::npos;
  CHECK(logged);

  REQUIRE(node.hears("stats"));
  CHECK(node.server->utilization().memory_bytes > 0);
  const auto limit = node.server->utilization().memory_limit_bytes; // 64 MB and a seventh, in whole pages
  CHECK((limit <= 73'600'000 && limit > 73'600'000 - 65536));
  CHECK(node.server->utilization().uptime_ms > 0);

  const auto waiting = node.begin("wait");
  REQUIRE(node.runtime->input(node.server, "stop\n"));
  CHECK(*node.end(waiting) == R"({"exited":true})");
  CHECK(node.hears("container exited"));
  const auto output = node.all("container output");
  CHECK(std::count(output.begin(), output.end(), "bye") == 1);
  CHECK(node.act("inspect")->find(R"("exists":true,"running":false,"exit_code":0)") != std::string::npos);
  CHECK(*node.act("truncate-log") == "{}");
  CHECK(*node.act("stop") == "{}"); // stopped already
  CHECK(*node.act("signal", R"({"signal":"SIGINT"})") == "{}");
  CHECK(*node.act("remove") == "{}");
  CHECK(*node.act("remove") == "{}");
  CHECK(*node.act("wait") == R"({"exited":true})");
  CHECK(*node.act("stop") == "{}");
  CHECK(node.act("logs").error().code == Code::notFound);
  CHECK(node.act("attach").error().code == Code::notFound);
  CHECK(node.all("container exited").size() == 1);
}

TEST_CASE("a container that ends behind the daemon's back is told to have exited once, with its code", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  node.run();
  SECTION("a crash of the game") {
    REQUIRE(node.runtime->input(node.server, "crash\n"));
    REQUIRE(node.hears("container exited"));
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":3") != std::string::npos);
  }
  SECTION("a kill from outside") {
    REQUIRE(node.engine.request("POST", "/containers/" + node.server->text() + "/kill", "", 10s)->status == 204);
    REQUIRE(node.hears("container exited"));
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":137") != std::string::npos);
  }
  SECTION("a removal from outside, and it can be created again at once") {
    REQUIRE(node.engine.request("DELETE", "/containers/" + node.server->text() + "?force=1", "", 10s)->status == 204);
    REQUIRE(node.hears("container exited"));
    node.must("create");
    node.must("attach");
    node.must("start");
    CHECK(node.act("inspect")->find("\"running\":true") != std::string::npos);
  }
  CHECK(node.all("container exited").size() == 1);
}

TEST_CASE("a stop sends the image's signal and waits without a thread", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  SECTION("a game that obeys") {
    node.server = node.add("trap 'exit 0' TERM; echo READY; while true; do sleep 0.1; done");
    node.run();
    CHECK(*node.act("stop", R"({"timeout":-1})") == "{}");
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":0") != std::string::npos);
  }
  SECTION("a game that does not, until the deadline") {
    node.server = node.add("trap '' TERM INT; echo READY; while true; do sleep 0.1; done");
    node.run();
    CHECK(node.act("stop", R"({"timeout":-1})", 1s).error().code == Code::timeout);
    CHECK(node.act("inspect")->find("\"running\":true") != std::string::npos);
    CHECK(*node.act("stop", R"({"timeout":0})") == "{}"); // then the kill
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":137") != std::string::npos);
  }
}

TEST_CASE("a wait can be cancelled", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  node.run();
  const auto waiting = node.begin("wait");
  node.runtime->cancel(waiting.id);
  CHECK(node.end(waiting).error().code == Code::cancelled);
}

TEST_CASE("limits of a running container are changed in place", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  CHECK(*node.act("update") == R"({"updated":false})");
  node.run();
  auto changed = std::make_shared<Definition>(*node.server->definition());
  changed->settings.build.memory_limit = 128;
  changed->settings.build.cpu_limit = 75;
  node.registry->put(changed);
  CHECK(*node.act("update") == R"({"updated":true})");
  const auto answer = node.engine.request("GET", "/containers/" + node.server->text() + "/json", "", 10s);
  REQUIRE(answer);
  const auto host = json::object(*json::parseObject(answer->body), "HostConfig");
  CHECK(json::number(host, "Memory") == 147'200'000);
  CHECK(json::number(host, "CpuQuota") == 75'000);
}

TEST_CASE("failures are told in the engine's words", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  CHECK(node.act("juggle").error().code == Code::unsupported);
  CHECK(node.act("inspect", "rubbish").error().code == Code::invalid);
  CHECK(node.act("signal", R"({"signal":"SIG&KILL"})").error().code == Code::invalid);
  const auto start = node.act("start");
  REQUIRE_FALSE(start);
  CHECK(start.error().text ==
        "environment/docker: failed to start container: Error response from daemon: No such container: " +
            node.server->text());
  auto definition = std::make_shared<Definition>(*node.server->definition());
  definition->settings.image = "~conformance/no-such:image";
  node.registry->put(definition);
  const auto create = node.act("create");
  REQUIRE_FALSE(create);
  CHECK(create.error().text.rfind(
            "environment/docker: failed to run pre-boot process: environment/docker: failed to "
            "create container: Error response from daemon: No such image: conformance/no-such:image",
            0) == 0);
  const auto pull = node.act("pull", R"({"image":"127.0.0.1:9/no/such:image"})");
  REQUIRE_FALSE(pull);
  CHECK(pull.error().text.rfind("environment/docker: failed to pull \"127.0.0.1:9/no/such:image\" image for server: ",
                                0) == 0);
}

TEST_CASE("a command is run once, told, logged and cleaned away", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  const std::string id = node.server->text();
  fs::create_directories(node.root / "tmp" / id);
  fs::create_directories(node.root / "log/install");
  std::ofstream(node.root / "log/install" / (id + ".log")) << "header\n";
  const auto script = [&](const std::string &text) { std::ofstream(node.root / "tmp" / id / "install.sh") << text; };
  const std::string args =
      R"({"suffix":"_installer","image":"~pinion/functional:latest","command":["sh","/mnt/install/install.sh"],"hostname":"installer","label":"server_installer","mounts":[{"server":true,"target":"/mnt/server"},{"folder":"tmp","path":")" +
      id +
      R"(","target":"/mnt/install"}],"minimum":{"memory":1024,"cpu":100},"output":"install output","log_folder":"log","log_path":"install/)" +
      id + R"(.log","log_append":true})";
  const auto gone = [&] {
    return node.engine.request("GET", "/containers/" + id + "_installer/json", "", 10s)->status == 404;
  };
  SECTION("to its end") {
    script("i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; id -u > /mnt/server/who; hostname; exit 7\n");
    REQUIRE(node.engine
                .request("POST", "/containers/create?name=" + id + "_installer",
                         std::string("{\"Image\":\"") + kImage + "\"}", 10s)
                ->status == 201); // a leftover
    CHECK(*node.act("run-once", args) == R"({"exit_code":7})");
    CHECK(node.hears("container run", R"({"phase":"started"})"));
    REQUIRE(node.hears("install output", "installer"));
    CHECK(node.all("install output").size() == 501);
    CHECK(gone());
    std::ifstream log(node.root / "log/install" / (id + ".log"));
    const std::string text((std::istreambuf_iterator<char>(log)), {});
    CHECK(text.rfind("header\nline 0\r\n", 0) == 0);
    CHECK(text.find("line 499\r\ninstaller\r\n") != std::string::npos);
    std::ifstream who(node.root / "volumes" / id / "who");
    int uid = -1;
    who >> uid;
    CHECK(uid == 0);
  }
  SECTION("until it is cancelled") {
    script("echo waiting; while true; do sleep 0.1; done\n");
    const auto running = node.begin("run-once", args, 60s);
    REQUIRE(node.hears("install output", "waiting"));
    node.runtime->cancel(running.id);
    CHECK(node.end(running).error().code == Code::cancelled);
    const auto removed =
        node.engine.request("POST", "/containers/" + id + "_installer/wait?condition=removed", "", 20s);
    CHECK((removed && gone()));
  }
  SECTION("unless it cannot begin") {
    std::string bad = args;
    bad.replace(bad.find("\"sh\""), 4, "\"/no/such/shell\"");
    const auto answer = node.act("run-once", bad);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().text.rfind("environment/docker: failed to start container: ", 0) == 0);
    CHECK(gone());
  }
}

TEST_CASE("a deleted server's containers go without a word", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  node.run();
  REQUIRE(node.runtime->destroy(node.server->id(), 20s));
  REQUIRE(node.runtime->destroy(node.server->id(), 20s)); // absent is success
  CHECK(*node.act("inspect") ==
        R"({"exists":false,"running":false,"exit_code":0,"oom_killed":false,"started_at_ms":0})");
  CHECK(node.all("container exited").empty());
}

TEST_CASE("facts and housekeeping of the engine", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  const auto facts = node.runtime->describe(20s);
  REQUIRE(facts);
  const auto parsed = json::parseObject(*facts);
  REQUIRE(parsed);
  CHECK_FALSE(json::text(json::object(*parsed, "version"), "Version").empty());
  CHECK(json::number(json::object(*parsed, "info"), "MemTotal") > 0);
  const auto use = node.runtime->maintain("disk", 60s);
  REQUIRE(use);
  CHECK(json::number(*json::parseObject(*use), "images_total") > 0);
  CHECK(node.runtime->maintain("juggle", 1s).error().code == Code::unsupported);
}

TEST_CASE("without an engine all else goes on, and its return is noticed") {
  const std::string missing = "unix://" + (fs::temp_directory_path() / randomUuid()).string();
  Node node(missing);
  CHECK(node.runtime->prepare().error().code == Code::io);
  REQUIRE(node.hears("runtime.lost"));
  const auto answer = node.act("start");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::io);
  CHECK(answer.error().text.rfind(
            "environment/docker: failed to start container: cannot reach the docker engine at " + missing, 0) == 0);
  CHECK(node.act("wait", "{}", 100ms).error().code == Code::timeout);
  CHECK_FALSE(node.runtime->running(1s));
  CHECK(node.all("runtime.lost").size() == 1);
  node.containers.clear(); // none was made
}

TEST_CASE("the loss and the return of an engine are each told once") {
  FakeEngine fake([](const std::string &request, int fd) {
    if (request.find("/events") == std::string::npos) {
      FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n");
      if (request.rfind("HEAD", 0) != 0) FakeEngine::send(fd, "{}");
      return true;
    }
    FakeEngine::send(fd, "HTTP/1.0 200 OK\r\n\r\n");
    FakeEngine::untilGone(fd);
    return false;
  });
  Node node(fake.address());
  node.containers.clear();
  REQUIRE(node.runtime->prepare());
  fake.end();
  REQUIRE(node.hears("runtime.lost"));
  fake.begin();
  REQUIRE(node.hears("runtime.found"));
  CHECK(node.all("runtime.lost").size() == 1);
  CHECK(node.all("runtime.found").size() == 1);
}

namespace {

// An engine that knows one running container, and what else `answer` says; "" leaves a request to the defaults.
FakeEngine::Answer scripted(std::function<bool(const std::string &, int, bool &)> answer) {
  return [answer = std::move(answer)](const std::string &request, int fd) {
    if (request.rfind("HEAD", 0) == 0) {
      FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n");
      return true;
    }
    bool taken = true;
    const bool open = answer(request, fd, taken);
    if (taken) return open;
    if (request.find("/events") != std::string::npos) {
      FakeEngine::send(fd, "HTTP/1.0 200 OK\r\n\r\n");
      FakeEngine::untilGone(fd);
      return false;
    }
    if (request.find("/json ") != std::string::npos)
      FakeEngine::reply(
          fd, 200,
          R"({"Id":"abc","State":{"Status":"running","Running":true,"Pid":999999999,"StartedAt":"2024-03-01T10:20:30Z"},"Config":{"Tty":true}})");
    else
      FakeEngine::reply(fd, 204, "");
    return true;
  };
}

} // namespace

TEST_CASE("a console that breaks while the game runs is attached again, and no end is told") {
  std::atomic<int> attached{0};
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    taken = request.find("/attach?") != std::string::npos;
    if (!taken) return true;
    FakeEngine::send(fd, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (++attached == 1) return false; // breaks at once
    FakeEngine::send(fd, "back again\n");
    FakeEngine::untilGone(fd);
    return false;
  }));
  Node node(fake.address());
  node.containers.clear();
  REQUIRE(node.act("attach"));
  CHECK(node.hears("container output", "back again"));
  CHECK(node.all("container exited").empty());
  CHECK(attached == 2);
}

TEST_CASE("figures come from the engine where its control groups are not visible") {
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    const bool stats = request.find("/stats?") != std::string::npos,
               attach = request.find("/attach?") != std::string::npos;
    taken = stats || attach;
    if (!taken) return true;
    if (attach) FakeEngine::send(fd, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (stats) FakeEngine::send(fd, "HTTP/1.0 200 OK\r\n\r\n{\"memory_stats\":{\"usage\":4242,\"limit\":9000}}\n");
    FakeEngine::untilGone(fd);
    return false;
  }));
  Node node(fake.address());
  node.containers.clear();
  node.registry->setState(node.server, State::running);
  REQUIRE(node.act("attach"));
  REQUIRE(node.hears("stats", "\"memory_bytes\":4242"));
  CHECK(node.server->utilization().memory_limit_bytes == 9000);
  CHECK(node.server->utilization().uptime_ms > 0);
}

TEST_CASE("a pull tells its progress; its failure counts only when the image is not here") {
  std::atomic<bool> here{false};
  pinion::core::testing::Signal asked, hung_up;
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    const bool pull = request.find("/images/create?fromImage=reg.example%2Fx&tag=1 ") != std::string::npos;
    const bool silent = request.find("/images/create?fromImage=silent") != std::string::npos;
    const bool look = request.find("/images/") != std::string::npos && request.rfind("GET", 0) == 0;
    taken = pull || silent || look;
    if (pull) {
      FakeEngine::send(
          fd,
          "HTTP/1.0 200 OK\r\n\r\n{\"status\":\"Downloading\",\"progress\":\"[=>]\"}\r\n{\"error\":\"no space\"}\r\n");
      return false;
    }
    if (silent) {
      asked.set();
      FakeEngine::untilGone(fd);
      hung_up.set();
      return false;
    }
    if (look) FakeEngine::reply(fd, here ? 200 : 404, R"({"RepoTags":["reg.example/x:1"]})");
    return true;
  }));
  Node node(fake.address());
  node.containers.clear();
  const auto failed = node.act("pull", R"({"image":"reg.example/x:1"})");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text == "environment/docker: failed to pull \"reg.example/x:1\" image for server: no space");
  CHECK(node.hears("container pull", "Downloading [=>]"));
  here = true;
  CHECK(*node.act("pull", R"({"image":"reg.example/x:1"})") == R"({"pulled":true})");
  // On a busy machine a deadline may pass before the engine is asked; then a longer one is tried.
  for (auto deadline = 200ms; asked.count() == 0; deadline *= 2)
    CHECK(node.act("pull", R"({"image":"silent"})", deadline).error().code == Code::timeout);
  CHECK(hung_up.wait(asked.count())); // the engine is not left pulling
}

TEST_CASE("a removal that is under way already is waited for") {
  std::atomic<bool> waited{false};
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    const bool remove = request.rfind("DELETE", 0) == 0,
               wait = request.find("/wait?condition=removed") != std::string::npos;
    taken = remove || wait;
    if (remove) FakeEngine::reply(fd, 409, R"({"message":"removal of container x is already in progress"})");
    if (wait) {
      waited = true;
      FakeEngine::reply(fd, 200, "{}");
    }
    return true;
  }));
  Node node(fake.address());
  node.containers.clear();
  CHECK(*node.act("remove") == "{}");
  CHECK(waited);
}
