// A plugin that does what the test says, on the host in memory. Only for *_test.cpp files.
#pragma once

#include <pinion/cpp/plugin.hpp>
#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace pinion::testing {

inline const std::string server = "11111111-2222-4333-8444-555555555555";

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

inline Task<int> twice(Host host, int value) {
  co_await host.sleep(10);
  co_return value * 2;
}

} // namespace pinion::testing
