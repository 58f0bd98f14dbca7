#include "loader/loader.hpp"

#include "loader/arguments.hpp"
#include "loader/host.hpp"
#include "loader/library.hpp"
#include "loader/panel_calls.hpp"
#include "loader/replies.hpp"
#include "loader/tables.hpp"
#include "log/log.hpp"
#include "servers/json_cursor.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace pinion::core {

namespace {

// Lanes have threads of their own: handlers that fill the workers and wait for an answer from a lane would else wait
// for themselves.
constexpr Pool::Limits kLanes{1, 16, 4096};
constexpr Pool::Limits kLongWork{0, 64, 256};            // for run_long()
constexpr Pool::Limits kArchives{0, 4, 64};              // each for packing and for unpacking
constexpr std::chrono::milliseconds kSweepAtMost{30000}; // between two looks for late answers

// What create() gave. A newer plugin may fill more than we know: it gets room, and we take our part.
union CreateRoom {
  pinion_plugin_v1 plugin;
  char room[512];
};

struct Plugin {
  Library library;
  std::shared_ptr<Host> host;
  pinion_plugin_v1 table{};
  bool started = false;
  bool quiet = true; // false: it did not come to rest at stop and is left as it is
};

std::string failure(const char *function, pinion_status status, const pinion_error &error) {
  std::string text = textOf(error);
  if (text.empty()) text = "no reason given";
  return std::string(function) + " failed: " + text + " (" + statusName(status) + ")";
}

// Runs a function of the plugin on main. Its failure, or what it threw, in words.
template <typename F> std::string tryCall(const char *function, F &&f) {
  pinion_error error{};
  error.size = sizeof error;
  try {
    const pinion_status status = f(&error);
    return status == PINION_OK ? std::string() : failure(function, status, error);
  } catch (const std::exception &e) {
    return std::string(function) + " threw: " + e.what();
  } catch (...) {
    return std::string(function) + " threw something that is no std::exception";
  }
}

std::vector<std::string> pluginFiles(const std::string &directory) {
  std::vector<std::string> out;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(directory, failed), end; !failed && it != end; it.increment(failed))
    if (it->path().extension() == ".so") out.push_back(it->path().string());
  std::sort(out.begin(), out.end());
  return out;
}

// "path" of a plugin's section of the configuration; empty when it has none.
std::string pathOf(const Config &config, const std::string &name) {
  std::string out;
  const auto section = config.plugins.find(name);
  if (section == config.plugins.end()) return out;
  JsonCursor cursor(section->second);
  if (cursor.kind() == JsonCursor::Kind::object)
    cursor.object([&](std::string_view key) {
      if (key == "path" && cursor.kind() == JsonCursor::Kind::string) cursor.read(out);
    });
  return out;
}

std::string missing(const std::string &directory) {
  std::string there;
  for (const auto &path : pluginFiles(directory))
    there += (there.empty() ? "" : ", ") + std::filesystem::path(path).stem().string();
  return "there is no such file; " +
         (there.empty() ? "the folder " + directory + " holds no plugin" : "the folder has " + there);
}

} // namespace

struct Loader::Impl {
  Impl(Services services, LoaderLimits limits)
      : lanes("lane", kLanes), long_work("long", kLongWork), packs("pack", kArchives), unpacks("unpack", kArchives),
        shared(new Shared{services, limits, lanes, long_work, packs, unpacks,
                          std::make_shared<PanelCalls>(services.workers)}) {
    const auto period =
        std::clamp<std::chrono::milliseconds>(limits.kept_reply / 4, std::chrono::milliseconds(1), kSweepAtMost);
    sweep = services.timers.after(
        period,
        [shared = shared] {
          shared->services.workers.post([shared] { Replies::all().endLate(*shared, shared->limits.kept_reply); });
        },
        period);
  }

  Pool lanes, long_work, packs, unpacks;
  std::shared_ptr<Shared> shared;
  std::vector<std::unique_ptr<Plugin>> plugins;
  std::vector<std::unique_ptr<Plugin>> left; // did not come to rest at stop; what they run may still refer to them
  Loop::TimerId sweep = 0;
  bool stopped = false;

  Result<void> loadFile(const std::string &file);
  void abandon(Plugin &plugin);
};

Result<void> Loader::Impl::loadFile(const std::string &file) {
  auto opened = openLibrary(file);
  if (!opened) return opened.error();
  const auto refuse = [&](const std::string &reason) {
    return Error{Code::invalid, refusal(file, opened->id, reason)};
  };
  for (const auto &other : plugins)
    if (other->library.id == opened->id) return refuse("its id is taken by " + other->library.file);
  for (const auto &need : opened->needs)
    if (serviceTable(need, shared->services.store != nullptr) == nullptr)
      return refuse("it needs \"" + need + "\", and this daemon has no such service");
  auto plugin = std::make_unique<Plugin>();
  plugin->library = *opened;
  plugin->host = std::make_shared<Host>(shared, opened->id);
  CreateRoom room{};
  auto failed = tryCall("create", [&](pinion_error *error) {
    return plugin->library.entry->create(plugin->host->raw(), &room.plugin, error);
  });
  if (failed.empty() && room.plugin.size < sizeof(pinion_plugin_v1))
    failed = "create set the size " + std::to_string(room.plugin.size) + ", the ABI's first is " +
             std::to_string(sizeof(pinion_plugin_v1));
  if (failed.empty() && room.plugin.destroy == nullptr) failed = "create gave no destroy function";
  if (!failed.empty()) {
    plugin->host->endRoutes();
    plugin->host->endAll();
    return refuse(failed);
  }
  plugin->table = room.plugin;
  plugins.push_back(std::move(plugin));
  return {};
}

// A plugin that was created and does not run: its ids end and it is destroyed. The lane never ran.
void Loader::Impl::abandon(Plugin &plugin) {
  plugin.host->endRoutes();
  if (!plugin.host->quiet()) {
    log::error(plugin.host->name() + " still has work running; it is left as it is", {{"plugin", plugin.library.id}});
    return;
  }
  plugin.host->endAll();
  plugin.host->run([&] { plugin.table.destroy(plugin.table.self); });
  plugin.host->lane().close();
}

Loader::Loader(Services services, LoaderLimits limits) : impl_(std::make_unique<Impl>(std::move(services), limits)) {}

Loader::~Loader() {
  stop();
  impl_->long_work.stop(); // waits for what did not end in time: the daemon does not come here then
  // Who came to rest meanwhile gives back what it held; its own functions are not called any more.
  for (const auto &plugin : impl_->left)
    if (plugin->host->quiet()) plugin->host->endAll();
}

std::vector<std::string> Loader::load(const std::string &directory, const std::vector<std::string> &names) {
  std::vector<std::string> refusals;
  const auto refuse = [&](std::string sentence) {
    log::error(sentence);
    refusals.push_back(std::move(sentence));
  };
  const auto loadFile = [&](const std::string &file) {
    if (auto loaded = impl_->loadFile(file); !loaded) refuse(loaded.error().text);
  };
  if (names.empty()) {
    for (const auto &file : pluginFiles(directory)) loadFile(file);
    return refusals;
  }
  const ConfigPtr config = impl_->shared->services.config.get();
  for (const auto &name : names) {
    const std::string given = pathOf(*config, name);
    if (!given.empty() && given.front() != '/') {
      refuse(refusal(given, name, "its \"path\" in the configuration is not absolute"));
      continue;
    }
    if (given.empty() && !validId(name)) {
      refuse("plugin \"" + name + "\": a listed name is 1 to 64 of a-z, 0-9, . and -");
      continue;
    }
    const std::string file = given.empty() ? directory + "/" + name + ".so" : given;
    std::error_code failed;
    if (given.empty() && !std::filesystem::exists(file, failed)) {
      refuse(refusal(file, name, missing(directory)));
      continue;
    }
    const std::size_t before = impl_->plugins.size();
    loadFile(file);
    if (impl_->plugins.size() > before && impl_->plugins.back()->library.id != name)
      log::warn("the plugin listed as \"" + name + "\" has the id \"" + impl_->plugins.back()->library.id +
                "\"; its section of the configuration is the one of its id");
  }
  return refusals;
}

std::vector<std::string> Loader::start() {
  std::vector<std::string> refusals;
  for (auto &plugin : impl_->plugins) {
    if (plugin->started) continue;
    plugin->host->starting();
    if (plugin->table.start != nullptr) {
      const auto failed =
          tryCall("start", [&](pinion_error *error) { return plugin->table.start(plugin->table.self, error); });
      if (!failed.empty()) {
        refusals.push_back(refusal(plugin->library.file, plugin->library.id, failed));
        log::error(refusals.back());
        impl_->abandon(*plugin);
        plugin.reset();
        continue;
      }
    }
    plugin->started = true;
  }
  std::erase(impl_->plugins, nullptr);
  // Only now does anything of them run: each finds the offers of all.
  for (const auto &plugin : impl_->plugins) plugin->host->started();
  return refusals;
}

void Loader::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->shared->services.timers.cancel(impl_->sweep);
  // Before anything is waited for: who has long work under way ends it now.
  impl_->shared->services.bus.publish("daemon.stopping", "", "{}");
  auto &plugins = impl_->plugins;
  std::reverse(plugins.begin(), plugins.end());
  for (const auto &plugin : plugins) plugin->host->endRoutes();
  for (const auto &plugin : plugins) {
    plugin->quiet = plugin->host->quiet();
    if (!plugin->quiet)
      log::error(plugin->host->name() + " does not come to rest; it is left as it is and not stopped",
                 {{"plugin", plugin->library.id}});
  }
  const auto rest = std::stable_partition(plugins.begin(), plugins.end(), [](const auto &p) { return p->quiet; });
  std::move(rest, plugins.end(), std::back_inserter(impl_->left));
  plugins.erase(rest, plugins.end());
  for (const auto &plugin : plugins)
    if (plugin->started && plugin->table.stop != nullptr)
      plugin->host->run([&] { plugin->table.stop(plugin->table.self); });
  for (const auto &plugin : plugins) plugin->host->endAll();
  for (const auto &plugin : plugins) {
    plugin->host->run([&] { plugin->table.destroy(plugin->table.self); });
    plugin->host->lane().close();
  }
  plugins.clear();
}

bool Loader::atRest() const { return impl_->left.empty(); }

std::vector<PluginInfo> Loader::plugins() const {
  std::vector<PluginInfo> out;
  for (const auto &plugin : impl_->plugins) {
    const Library &l = plugin->library;
    out.push_back({l.id, l.version, l.summary, l.file});
  }
  return out;
}

} // namespace pinion::core
