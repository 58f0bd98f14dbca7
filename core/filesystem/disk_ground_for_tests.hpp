// A data folder with one server for tests of its disk use. Only for *_test.cpp files.
#pragma once

#include "filesystem/disk.hpp"
#include "tasks/loop.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pinion::core::testing {

namespace fs = std::filesystem;

inline const std::string uuid = "11111111-0dc3-4f0e-9a36-68526cabfbcf";

class DiskGround {
public:
  explicit DiskGround(std::chrono::seconds interval, Watching watching = Watching::automatic)
      : pool("test", {}), lane(pool, "test"), bus(loop) {
    char pattern[] = "/tmp/pinion-disk-XXXXXX";
    place = ::mkdtemp(pattern);
    loop.start("test");
    REQUIRE(bus.subscribe(lane, "server.disk_exceeded", Policy::all, [this](const Delivery &delivery) {
      if (!delivery.event) return;
      const std::lock_guard lock(mutex);
      heard.push_back(delivery.event->server + delivery.event->payload);
      changed.notify_all();
    }));
    disk.emplace(bus, pool, place, interval, OpenatMode::automatic, watching);
  }
  ~DiskGround() {
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
  // As another process, whose writes nobody counts.
  void others(const std::string &command) const {
    const std::string whole = "mkdir -p " + place + "/" + uuid + " && cd " + place + "/" + uuid + " && " + command;
    REQUIRE(std::system(whole.c_str()) == 0);
  }
  bool watched() const {
    if (!disk->watched()) WARN("not run: this machine has no fanotify for " << place);
    return disk->watched();
  }
  bool waitFor(const ServerPtr &what, std::int64_t bytes) {
    const auto end = Clock::now() + testing::kDeadline;
    while (what->diskBytes() != bytes && Clock::now() < end) std::this_thread::yield();
    return what->diskBytes() == bytes;
  }
  std::vector<std::string> waitHeard(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, testing::kDeadline, [&] { return heard.size() >= count; });
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

} // namespace pinion::core::testing
