// Installs servers: the egg's script in a container of its own, around it the steps of other plugins.
//
// All on the plugin's lane, but for the files (pool). One Run a server from the moment it is held until the Panel was
// told; a second one meanwhile is refused. Deletion of the server ends it and tells nobody.
#pragma once

#include "script.hpp"

#include <pinion/cpp/plugin.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace install {

using pinion::Answer;
using pinion::Error;
using pinion::EventView;
using pinion::Json;
using pinion::Result;
using pinion::Task;

// What an installation begins with and ends in.
struct Order {
  bool reinstall = false;
  bool sync_first = false;
  bool stop_first = false;
  bool start_after = false;
  bool make_container = false; // of the game, as a server that was just created has one
};

class Install {
public:
  explicit Install(pinion::Host host) : host_(std::move(host)) {}
  Result<void> start();
  void stop();

private:
  struct Run {
    std::string uuid;
    bool deleted = false;
    std::uint64_t pending = 0; // the call or act it waits for
  };
  using RunPtr = std::shared_ptr<Run>;

  void onCreated(const EventView &event);
  void onDeleted(const EventView &event);
  void onGone(const EventView &event);
  void onContainerRun(const EventView &event);
  Task<void> answerReinstall(pinion::Exchange exchange);
  void answerInstallLogs(pinion::Exchange exchange); // [pool]

  // The whole of it. Everything that goes wrong is logged here.
  Task<void> install(std::string uuid, Order order);
  Task<Result<void>> prepare(RunPtr run, Order order);
  Task<Result<void>> stopServer(RunPtr run);
  Task<void> makeContainer(RunPtr run);
  Task<Result<void>> execute(RunPtr run, Order order);
  Task<Result<void>> runScript(RunPtr run);
  Task<Result<void>> runContainer(RunPtr run, Script script);
  Task<Result<void>> runSteps(RunPtr run, std::string phase, bool reinstall);
  Task<void> report(std::string uuid, bool successful, bool reinstall);
  Task<void> startServer(std::string uuid);

  Task<Answer> call(RunPtr run, std::string address, std::string payload, std::uint32_t deadline_ms);
  template <typename T, typename F> Task<Result<T>> work(F fn);
  void publish(const char *topic, const std::string &uuid, std::string_view text);
  void log(std::uint32_t level, std::string_view what, const std::string &uuid, const Error &error) const;

  pinion::Host host_;
  std::map<std::string, RunPtr, std::less<>> runs_;
  std::vector<pinion::Handle> handles_;
};

// `fn` on the pool; what cannot be queued is an Error like what `fn` itself refuses.
template <typename T, typename F> Task<Result<T>> Install::work(F fn) {
  try {
    co_return co_await host_.run(std::move(fn));
  } catch (const std::exception &failure) {
    co_return Error{PINION_E_INTERNAL, failure.what()};
  }
}

} // namespace install
