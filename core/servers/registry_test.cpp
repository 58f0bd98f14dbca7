#include "servers/registry.hpp"

#include "servers/states_file.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

using namespace pinion::core;

namespace {

const std::string first_id = "11111111-0dc3-4f0e-9a36-68526cabfbcf", second_id = "22222222-0dc3-4f0e-9a36-68526cabfbcf";

DefinitionPtr definition(const std::string &uuid, bool suspended = false) {
  auto out = std::make_shared<Definition>();
  out->settings.id = *ServerId::parse(uuid);
  out->settings.suspended = suspended;
  return out;
}

class Folder {
public:
  Folder() {
    char pattern[] = "/tmp/pinion-registry-XXXXXX";
    path_ = ::mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string states() const { return path_ + "/states.json"; }

private:
  std::string path_;
};

std::string contents(const std::string &path) {
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

void write(const std::string &path, const std::string &text) { std::ofstream(path) << text; }

// Hears everything that the registry publishes, in order.
class Ear {
public:
  Ear() : pool("test", {}), lane(pool, "test"), bus(loop) {
    loop.start("test");
    REQUIRE(bus.subscribe(lane, "*", Policy::all, [this](const Delivery &delivery) {
      if (!delivery.event) return;
      const std::lock_guard lock(mutex);
      heard.push_back(delivery.event->topic + "|" + delivery.event->server.substr(0, 1) + "|" +
                      (delivery.event->raw ? "raw " : "") + delivery.event->payload);
      changed.notify_all();
    }));
  }
  ~Ear() {
    bus.stop();
    lane.close();
    loop.stop();
    pool.stop();
  }
  std::vector<std::string> wait(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, testing::kDeadline, [&] { return heard.size() >= count; });
    return heard;
  }

  Loop loop;
  Pool pool;
  Lane lane;
  Bus bus;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> heard;
};

} // namespace

TEST_CASE("a server is found by its exact UUID and listed in order") {
  Ear ear;
  Folder folder;
  Registry registry(ear.bus, folder.states());
  const auto second = registry.put(definition(second_id));
  const auto first = registry.put(definition(first_id, true));
  CHECK(registry.find(first_id) == first);
  CHECK(registry.find(second->id()) == second);
  CHECK(registry.find("11111111") == nullptr);
  CHECK(registry.find(first_id + " ") == nullptr);
  CHECK(registry.all() == std::vector<ServerPtr>{first, second});
  CHECK(registry.size() == 2);
  CHECK(first->suspended());
  CHECK_FALSE(second->suspended());
  registry.remove(first->id());
  registry.remove(first->id());
  CHECK(first->deleted());
  CHECK(registry.find(first_id) == nullptr);
  CHECK(registry.size() == 1);
  CHECK(ear.wait(1) == std::vector<std::string>{"server.gone|1|{}"});
}

TEST_CASE("a server that is put again is redefined and the sync is told") {
  Ear ear;
  Folder folder;
  Registry registry(ear.bus, folder.states());
  const auto server = registry.put(definition(first_id));
  const auto again = definition(first_id, true);
  CHECK(registry.put(again) == server);
  CHECK(server->definition() == again);
  CHECK(server->suspended());
  registry.setSuspended(server, false);
  CHECK_FALSE(server->suspended());
  registry.put(definition(first_id, false));
  CHECK(ear.wait(2) == std::vector<std::string>{R"(server.synced|1|{"suspended":true,"was_suspended":false})",
                                                R"(server.synced|1|{"suspended":false,"was_suspended":false})"});
}

TEST_CASE("a state is published once, and going offline zeroes the figures") {
  Ear ear;
  Folder folder;
  Registry registry(ear.bus, folder.states());
  const auto server = registry.put(definition(first_id));
  registry.setState(server, State::offline);
  registry.setState(server, State::running);
  registry.setState(server, State::running);
  Utilization busy;
  busy.memory_bytes = 5;
  busy.memory_limit_bytes = 7;
  busy.cpu_absolute = 12.3456;
  busy.rx_bytes = busy.read_bytes = 3;
  busy.uptime_ms = 9;
  server->setUtilization(busy);
  REQUIRE(server->diskUse().grow(11, 0));
  registry.setState(server, State::offline);
  CHECK(
      ear.wait(3) ==
      std::vector<std::string>{
          "status|1|raw running", "status|1|raw offline",
          R"(stats|1|{"cpu_absolute":0,"disk_bytes":11,"disk_io":{"read_bytes":0,"write_bytes":0},)"
          R"("memory_bytes":0,"memory_limit_bytes":7,"network":{"rx_bytes":0,"tx_bytes":0},"state":"offline","uptime":0})"});
}

TEST_CASE("the figures are written in the contract's order with three decimals") {
  Server server(definition(first_id));
  const std::vector<std::pair<double, std::string>> table = {
      {12.3456, "12.346"}, {0, "0"}, {100, "100"}, {100000, "100000"}, {7.5, "7.5"}, {0.0004, "0"}, {1.0 / 0.0, "0"}};
  for (const auto &[cpu, text] : table) {
    Utilization now;
    now.cpu_absolute = cpu;
    now.memory_bytes = 1;
    now.memory_limit_bytes = 2;
    now.rx_bytes = 3;
    now.tx_bytes = 4;
    now.read_bytes = 5;
    now.write_bytes = 6;
    now.uptime_ms = 7;
    server.setUtilization(now);
    std::string stats;
    server.appendStats(stats);
    CHECK(stats == R"({"memory_bytes":1,"memory_limit_bytes":2,"cpu_absolute":)" + text +
                       R"(,"network":{"rx_bytes":3,"tx_bytes":4},"disk_io":{"read_bytes":5,"write_bytes":6},)"
                       R"("uptime":7,"state":"offline","disk_bytes":0})");
  }
}

TEST_CASE("a held server is held once, until the hold is released") {
  Ear ear;
  Folder folder;
  Registry registry(ear.bus, folder.states());
  const auto server = registry.put(definition(first_id));
  CHECK_FALSE(registry.hold(server, ""));
  const auto hold = registry.hold(server, "server is currently installing");
  REQUIRE(hold);
  CHECK(server->heldBy() == "server is currently installing");
  const auto second = registry.hold(server, "server is currently being restored");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::busy);
  CHECK(second.error().text == "server is currently installing");
  registry.release(*hold + 1);
  CHECK_FALSE(server->heldBy().empty());
  registry.release(*hold);
  registry.release(*hold);
  CHECK(server->heldBy().empty());
  CHECK(registry.hold(server, "again"));
  CHECK(ear.wait(2) == std::vector<std::string>{R"(server.held|1|{"why":"server is currently installing"})",
                                                R"(server.held|1|{"why":"again"})"});
}

TEST_CASE("the states file is Wings' own, written when it would change") {
  Ear ear;
  Folder folder;
  {
    Registry registry(ear.bus, folder.states());
    CHECK(contents(folder.states()).empty());
    CHECK(std::filesystem::exists(folder.states()));
    registry.put(definition(second_id));
    registry.setState(registry.put(definition(first_id)), State::running);
    REQUIRE(registry.save());
    CHECK(contents(folder.states()) == "{\"" + first_id + "\":\"running\",\"" + second_id + "\":\"offline\"}");
    struct stat before {
    }, after{};
    REQUIRE(::stat(folder.states().c_str(), &before) == 0);
    CHECK((before.st_mode & 07777) == 0644);
    REQUIRE(registry.save());
    REQUIRE(::stat(folder.states().c_str(), &after) == 0);
    CHECK(before.st_ino == after.st_ino);
  }
  Registry registry(ear.bus, folder.states());
  CHECK(registry.saved(*ServerId::parse(first_id)) == State::running);
  CHECK(registry.saved(*ServerId::parse(second_id)) == State::offline);
}

TEST_CASE("a save before a server is restored keeps what it did") {
  Ear ear;
  Folder folder;
  write(folder.states(), "{\"" + first_id + "\":\"running\",\"" + second_id + "\":\"starting\"}");
  Registry registry(ear.bus, folder.states());
  const auto first = registry.put(definition(first_id));
  const auto second = registry.put(definition(second_id));
  registry.setState(second, State::offline);
  REQUIRE(registry.save());
  CHECK(contents(folder.states()) == "{\"" + first_id + "\":\"running\",\"" + second_id + "\":\"offline\"}");
  registry.remove(second->id());
  registry.setState(first, State::stopping);
  REQUIRE(registry.save());
  CHECK(contents(folder.states()) == "{\"" + first_id + "\":\"stopping\"}");
}

TEST_CASE("unknown entries of the states file are ignored and a broken file means offline") {
  Ear ear;
  Folder folder;
  write(folder.states(),
        R"({"x":"running",")" + second_id + R"(":"flying","other":{"a":[1]},")" + first_id + R"(":"running"})");
  CHECK(Registry(ear.bus, folder.states()).saved(*ServerId::parse(first_id)) == State::running);
  CHECK(Registry(ear.bus, folder.states()).saved(*ServerId::parse(second_id)) == State::offline);
  write(folder.states(), "{\"" + first_id + "\":\"running\"");
  CHECK(Registry(ear.bus, folder.states()).saved(*ServerId::parse(first_id)) == State::offline);
}

TEST_CASE("a states file that cannot be written is an error that names it, and the next save tries again") {
  Ear ear;
  Folder folder;
  const std::string path = folder.states() + "/below/states.json";
  Registry registry(ear.bus, path);
  registry.put(definition(first_id));
  const auto saved = registry.save();
  REQUIRE_FALSE(saved);
  CHECK_THAT(saved.error().text, Catch::Contains(path));
  std::filesystem::create_directories(folder.states() + "/below");
  CHECK(registry.save());
  CHECK(contents(path) == "{\"" + first_id + "\":\"offline\"}");
}

TEST_CASE("states keep their order on the bus when many threads set them") {
  Ear ear;
  Folder folder;
  Registry registry(ear.bus, folder.states());
  const auto server = registry.put(definition(first_id));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) registry.setState(server, static_cast<State>((i + t) % 3 + 1));
    });
  for (auto &thread : threads) thread.join();
  registry.setState(server, State::offline);
  std::string last;
  {
    std::unique_lock lock(ear.mutex);
    REQUIRE(ear.changed.wait_for(lock, testing::kDeadline,
                                 [&] { return !ear.heard.empty() && ear.heard.back().starts_with("stats"); }));
    for (const auto &event : ear.heard) {
      if (!event.starts_with("status")) continue;
      CHECK(event != last);
      last = event;
    }
  }
  CHECK(last == "status|1|raw offline");
}
