// Finds, checks, loads, starts and stops plugins, and gives them the host tables. Names no plugin.
//
// Start: every plugin is created, then each is started on main. Stop: routes end (running handlers are waited for),
// lanes pause, stop(), ids end, destroy(). Nothing is unloaded (RTLD_NODELETE). A refusal is one log line that names
// file, id and reason; the daemon runs on.
#pragma once

#include "base/result.hpp"
#include "bus/bus.hpp"
#include "config/config.hpp"
#include "filesystem/disk.hpp"
#include "http/front.hpp"
#include "servers/registry.hpp"
#include "servers/runtime.hpp"
#include "servers/source.hpp"
#include "store/store.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"
#include "tokens/tokens.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace pinion::core {

// What the host tables stand on. All outlive the Loader. `store` may be null (then "pinion.store/1" is absent).
struct Services {
  Bus &bus;
  Pool &workers;
  Loop &timers;
  ConfigStore &config;
  Front &front;
  Registry &registry;
  Runtime &runtime;
  Source &source;
  Disk &disk;
  Tokens &tokens;
  Store *store;
  std::string version;
};

// How long the daemon is patient with plugins. Tests shorten these.
struct LoaderLimits {
  std::chrono::milliseconds slow_callback{250}; // longer on the lane: a warning
  std::chrono::milliseconds kept_reply{
      std::chrono::minutes{15}};         // a kept route answer without a head: 504, unless LONG
  std::chrono::milliseconds stop{10000}; // running work and callbacks at stop; then the plugin is left as it is
};

struct PluginInfo {
  std::string id, version, summary, file;
};

class Loader {
public:
  explicit Loader(Services services, LoaderLimits limits = {});
  ~Loader();
  // [main] `names` empty: every *.so in `directory`, sorted. Returns the refusals, each a sentence (already logged).
  std::vector<std::string> load(const std::string &directory, const std::vector<std::string> &names);
  // [main] Starts what was created; a plugin whose start fails is destroyed again. Returns the refusals.
  std::vector<std::string> start();
  void stop();
  // [main] After stop(): false when work of some plugin did not end in time. Its thread may never end, so the process
  // must end without waiting for its threads.
  [[nodiscard]] bool atRest() const;
  [[nodiscard]] std::vector<PluginInfo> plugins() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace pinion::core
