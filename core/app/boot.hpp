// The parts of a running daemon, and how they come up.
#pragma once

#include "app/command_line.hpp"
#include "base/fd.hpp"
#include "bus/bus.hpp"
#include "config/config.hpp"
#include "docker/runtime.hpp"
#include "filesystem/disk.hpp"
#include "http/front.hpp"
#include "loader/loader.hpp"
#include "operations/operations.hpp"
#include "panel/client.hpp"
#include "servers/registry.hpp"
#include "standalone/folder_source.hpp"
#include "store/store.hpp"
#include "tokens/tokens.hpp"

#include <sys/epoll.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pinion::core {

// Set once, by a signal; main and the boot wait on it.
class StopRequest {
public:
  bool waitFor(std::chrono::milliseconds time); // true when requested
  void wait();
  void request();

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false;
};

// Everything that lives as long as the daemon. Members stand in the order of their dependence; stop() ends them before
// any is destroyed.
struct Parts {
  Parts(const CommandLine &line, std::unique_ptr<ConfigStore> config);
  FrontHooks hooks();
  void watchSignals();
  void reload(); // SIGHUP: log file and certificate
  void saveStatesWhenTheyChange();
  void saveStates();
  void stop();

  const CommandLine &line;
  std::unique_ptr<ConfigStore> config;
  StopRequest stop_request;
  UniqueFd signal_fd;
  std::atomic<bool> restored{false}, save_pending{false};
  LoopGroup loops;
  Pool workers, long_workers, walkers;
  Bus bus;
  std::unique_ptr<Store> store;
  Tokens tokens;
  Registry registry;
  Disk disk;
  Engine engine;
  DockerRuntime runtime;
  Front front;
  Lane states_lane;
  std::unique_ptr<Source> source;
  PanelClient *panel = nullptr; // the source, unless standalone
  std::unique_ptr<Operations> operations;
  std::unique_ptr<Loader> loader;
};

// Log, zone, folders, user; before any thread runs.
Result<void> prepareMachine(ConfigStore &config, const CommandLine &line);

// Servers, plugins, listener, restored states. Code::stopping when a signal came first. `notes` are printed when all is
// up.
Result<void> boot(Parts &parts, const std::vector<std::string> &notes);

} // namespace pinion::core
