// A runtime with all that it needs, on a real engine or a scripted one. Only for *_test.cpp files.
#pragma once

#include "base/ids.hpp"
#include "docker/runtime.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

namespace pinion::core::testing {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

inline constexpr const char *kImage = "pinion/functional:latest";
// Prints READY, echoes each line, exits 0 on "stop", 3 on "crash".
inline constexpr const char *kEcho =
    "echo READY; while read -r line; do case \"$line\" in stop) echo bye; exit 0;; crash) exit 3;; "
    "*) echo \"> $line\";; esac; done";

inline bool engineReady(Engine &engine) {
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

} // namespace pinion::core::testing
