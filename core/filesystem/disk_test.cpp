#include "filesystem/disk.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

using namespace pinion::core;
namespace fs = std::filesystem;

namespace {

const std::string uuid = "11111111-0dc3-4f0e-9a36-68526cabfbcf";

class Node {
public:
  explicit Node(std::chrono::seconds interval) : pool("test", {}), lane(pool, "test"), bus(loop) {
    char pattern[] = "/tmp/pinion-disk-XXXXXX";
    place = ::mkdtemp(pattern);
    loop.start("test");
    REQUIRE(bus.subscribe(lane, "server.disk_exceeded", Policy::all, [this](const Delivery &delivery) {
      if (!delivery.event) return;
      const std::lock_guard lock(mutex);
      heard.push_back(delivery.event->server + delivery.event->payload);
      changed.notify_all();
    }));
    disk.emplace(bus, pool, place, interval, OpenatMode::automatic);
  }
  ~Node() {
    disk->stop();
    bus.stop();
    lane.close();
    loop.stop();
    pool.stop();
    std::error_code ignored;
    fs::remove_all(place, ignored);
  }
  ServerPtr server(std::int64_t limit_mib = 0) const {
    auto definition = std::make_shared<Definition>();
    definition->settings.id = *ServerId::parse(uuid);
    definition->settings.build.disk_space = limit_mib;
    return std::make_shared<Server>(definition);
  }
  void file(const std::string &name, std::size_t size) const {
    fs::create_directories(place + "/" + uuid);
    std::ofstream(place + "/" + uuid + "/" + name) << std::string(size, 'x');
  }
  bool waitFor(const ServerPtr &what, std::int64_t bytes) {
    const auto end = Clock::now() + std::chrono::seconds(5);
    while (what->diskBytes() != bytes && Clock::now() < end) std::this_thread::yield();
    return what->diskBytes() == bytes;
  }
  std::vector<std::string> waitHeard(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(5), [&] { return heard.size() >= count; });
    return heard;
  }

  std::string place;
  Loop loop;
  Pool pool;
  Lane lane;
  Bus bus;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> heard;
  std::optional<Disk> disk;
};

} // namespace

TEST_CASE("a server's tree is its folder below the data folder") {
  Node node(std::chrono::seconds(100));
  const auto id = *ServerId::parse(uuid);
  CHECK(node.disk->path(id) == node.place + "/" + uuid);
  CHECK_FALSE(node.disk->tree(id, false));
  REQUIRE(node.disk->tree(id, true));
  CHECK(fs::is_directory(node.place + "/" + uuid));
  CHECK(node.disk->tree(id, false));
}

TEST_CASE("a figure is measured once within the interval") {
  Node node(std::chrono::seconds(100));
  const auto server = node.server();
  node.file("a", 100);
  REQUIRE(node.disk->measure(server));
  CHECK(server->diskBytes() == 100);
  node.file("b", 100);
  CHECK(*node.disk->measure(server) == 100);
  CHECK(node.disk->known(server) == 100);
  const auto again = node.server(); // deleted and made anew: its own figure
  CHECK(*node.disk->measure(again) == 200);
}

TEST_CASE("asking for the known figure measures in the background") {
  Node node(std::chrono::seconds(100));
  const auto server = node.server();
  node.file("a", 1234);
  node.disk->known(server);
  CHECK(node.waitFor(server, 1234));
}

TEST_CASE("a folder that is not there yet uses nothing") {
  Node node(std::chrono::seconds(100));
  const auto measured = node.disk->measure(node.server());
  REQUIRE(measured);
  CHECK(*measured == 0);
}

TEST_CASE("an interval of zero means that use is always zero") {
  Node node(std::chrono::seconds(0));
  const auto server = node.server(1);
  node.file("a", 3 << 20);
  CHECK(*node.disk->measure(server) == 0);
  CHECK(node.disk->known(server) == 0);
  CHECK(server->diskBytes() == 0);
}

TEST_CASE("a fresh figure over the limit is told") {
  Node node(std::chrono::seconds(100));
  node.file("a", (1 << 20) + 1);
  REQUIRE(node.disk->measure(node.server(0)));
  REQUIRE(node.disk->measure(node.server(2)));
  REQUIRE(node.disk->measure(node.server(1)));
  CHECK(node.waitHeard(1) == std::vector<std::string>{uuid + R"({"bytes":1048577,"limit":1048576})"});
}

TEST_CASE("many who want the figure at once share one measurement") {
  Node node(std::chrono::seconds(100));
  const auto server = node.server(1);
  node.file("a", (1 << 20) + 1);
  std::vector<std::future<Result<std::int64_t>>> asked;
  for (int i = 0; i < 16; ++i) {
    node.disk->known(server);
    asked.push_back(std::async(std::launch::async, [&] { return node.disk->measure(server); }));
  }
  for (auto &one : asked) {
    const auto bytes = one.get();
    REQUIRE(bytes);
    CHECK(*bytes == (1 << 20) + 1);
  }
  CHECK(node.waitHeard(1).size() == 1);
}

TEST_CASE("nothing is measured after the stop") {
  Node node(std::chrono::seconds(100));
  const auto server = node.server();
  node.disk->stop();
  const auto measured = node.disk->measure(server);
  REQUIRE_FALSE(measured);
  CHECK(measured.error().code == Code::stopping);
  CHECK(node.disk->known(server) == 0);
}

TEST_CASE("a full pool only delays the figure") {
  Node node(std::chrono::seconds(100));
  Pool tiny("tiny", {1, 1, 1});
  Disk disk(node.bus, tiny, node.place, std::chrono::seconds(100), OpenatMode::automatic);
  std::promise<void> go, begun;
  auto may_go = go.get_future().share();
  REQUIRE(tiny.post([&, may_go] {
    begun.set_value();
    may_go.wait();
  }));
  begun.get_future().wait();
  REQUIRE(tiny.post([] {}));
  const auto server = node.server();
  node.file("a", 77);
  CHECK(disk.known(server) == 0); // refused by the pool
  go.set_value();
  const auto end = Clock::now() + std::chrono::seconds(5);
  while (disk.known(server) != 77 && Clock::now() < end) std::this_thread::yield();
  CHECK(server->diskBytes() == 77);
  disk.stop();
  tiny.stop();
}
