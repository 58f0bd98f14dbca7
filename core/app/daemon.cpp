#include "app/daemon.hpp"

#include "app/boot.hpp"
#include "app/plugin_folder.hpp"
#include "app/version.hpp"
#include "log/log.hpp"
#include "machine/memory_use.hpp"
#include "machine/preparation.hpp"

#include <malloc.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace pinion::core {

namespace {

using namespace std::chrono_literals;

constexpr auto kStopGrace = 3s;
constexpr auto kSaveDelay = 500ms;

FrontOptions frontOptions(const Config &config) {
  FrontOptions options;
  options.host = config.api.host;
  options.port = config.api.port;
  options.tls = config.api.ssl.enabled;
  options.certificate = config.api.ssl.cert;
  options.key = config.api.ssl.key;
  options.panel_origin = config.remote;
  options.allowed_origins = config.allowed_origins;
  options.allow_private_network = config.allow_cors_private_network;
  options.trusted_proxies = config.api.trusted_proxies;
  return options;
}

OpenatMode openatMode(const std::string &name) {
  if (name == "openat2") return OpenatMode::openat2;
  if (name == "openat") return OpenatMode::openat;
  return OpenatMode::automatic;
}

std::unique_ptr<Store> openStore(const Config &config) {
  auto store = Store::open(config.system.root_directory + "/pinion.db");
  if (store) return std::move(*store);
  log::error("the store cannot be used; one-time tokens are remembered until the daemon ends only",
             {{"error", store.error().text}});
  return nullptr;
}

std::unique_ptr<Quota> openQuota(const Config &config, Store *store) {
  if (store == nullptr || config.system.disk_check_interval <= 0) return nullptr; // where numbers are kept; not counted
  auto quota = Quota::open(machine::dataFolder(config), *store);
  if (quota) return std::move(*quota);
  log::info("disk use: the kernel's project quotas are not used", {{"reason", quota.error().text}});
  return nullptr;
}

double unixNow() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

} // namespace

bool StopRequest::waitFor(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return requested_; });
}

void StopRequest::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return requested_; }); // the daemon's whole life: ended by a signal
}

void StopRequest::request() {
  const std::lock_guard lock(mutex_);
  requested_ = true;
  changed_.notify_all();
}

Parts::Parts(const CommandLine &command_line, std::unique_ptr<ConfigStore> store_of_config)
    : line(command_line), config(std::move(store_of_config)), workers("worker", {}),
      long_workers("transfer", {.min_threads = 0, .max_threads = 64, .queue = 256}),
      walkers("disk", {.min_threads = 0, .max_threads = 2, .queue = 16}), bus(loops.first()),
      store(openStore(*config->get())), tokens(config->get()->token, unixNow(), store.get()),
      registry(bus, config->get()->system.root_directory + "/states.json"),
      disk(bus, walkers, machine::dataFolder(*config->get()),
           std::chrono::seconds(config->get()->system.disk_check_interval),
           openatMode(config->get()->system.openat_mode), Watching::automatic, openQuota(*config->get(), store.get())),
      engine(Engine::addressFromEnvironment()), runtime(engine, loops, workers, bus, registry, disk, *config),
      front(loops, workers, long_workers, frontOptions(*config->get()), hooks()), states_lane(workers, "states") {
  const ConfigPtr now = config->get();
  if (now->standalone.empty()) {
    auto client = std::make_unique<PanelClient>(*now, kVersion, !line.ignore_certificate_errors);
    panel = client.get();
    source = std::move(client);
  } else {
    source = std::make_unique<FolderSource>(now->standalone, SettingsDefaults{now->system.crash_detection_enabled});
  }
  operations = std::make_unique<Operations>(
      OperationParts{bus, workers, registry, *source, runtime, disk, *config, kVersion, [this](const Config &changed) {
                       tokens.setSecret(changed.token);
                       log::addSecret(changed.token);
                       if (panel != nullptr) panel->setCredentials(changed.token_id, changed.token);
                     }});
  loader = std::make_unique<Loader>(Services{bus, workers, loops.first(), *config, front, registry, runtime, *source,
                                             disk, tokens, store.get(), kVersion});
}

FrontHooks Parts::hooks() {
  FrontHooks hooks;
  hooks.node_token_matches = [this](std::string_view token) { return tokens.nodeTokenMatches(token); };
  hooks.server_exists = [this](std::string_view uuid) { return registry.find(uuid) != nullptr; };
  hooks.verify_token = [this](std::string_view token, std::string_view scope) { return tokens.verify(token, scope); };
  hooks.websocket_origin_allowed = [this](std::string_view origin) {
    const ConfigPtr now = config->get();
    if (!origin.empty() && origin == now->remote) return true;
    for (const std::string &allowed : now->allowed_origins)
      if (allowed == "*" || (!origin.empty() && allowed == origin)) return true;
    return false;
  };
  return hooks;
}

void Parts::watchSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  signal_fd = UniqueFd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  loops.first().post([this] {
    loops.first().add(signal_fd.get(), EPOLLIN, [this](std::uint32_t) {
      signalfd_siginfo info{};
      while (::read(signal_fd.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
          workers.post([this] { reload(); });
          continue;
        }
        stop_request.request();
        if (panel != nullptr) panel->stop(); // a boot that waits for the Panel ends
      }
    });
  });
}

void Parts::reload() {
  log::reopen();
  if (!config->get()->api.ssl.enabled) return;
  if (auto loaded = front.reloadCertificate(); !loaded)
    log::error("the certificate cannot be read again; the one in use stays", {{"error", loaded.error().text}});
}

void Parts::saveStatesWhenTheyChange() {
  const auto on_status = [this](const Delivery &) {
    if (save_pending.exchange(true)) return;
    loops.first().after(kSaveDelay, [this] {
      save_pending = false;
      workers.post([this] { saveStates(); });
    });
  };
  if (auto subscribed = bus.subscribe(states_lane, "status", Policy::latest, on_status); !subscribed)
    log::error("states are saved at the end only", {{"error", subscribed.error().text}});
}

void Parts::saveStates() {
  // Before the servers' containers are known, what the file says is worth more than what we hold.
  if (!restored.load()) return;
  if (auto saved = registry.save(); !saved) log::error("the states cannot be saved", {{"error", saved.error().text}});
}

void Parts::stop() {
  log::info("stopping; the games keep running");
  operations->stop();
  front.stop(kStopGrace);
  loader->stop();
  runtime.stop();
  engine.stop();
  if (panel != nullptr) panel->stop();
  disk.stop();
  saveStates();
  bus.stop();
  states_lane.close();
  if (!loader->atRest()) { // a thread of a plugin may never end, and joining it neither
    log::error("stopped without waiting for the plugins that did not come to rest");
    log::flush();
    std::_Exit(1);
  }
  walkers.stop();
  long_workers.stop();
  workers.stop();
  loops.stop();
  log::info("stopped");
  log::flush();
}

int runDaemon(const CommandLine &line, std::unique_ptr<ConfigStore> config, std::vector<std::string> notes) {
  ::mallopt(M_ARENA_MAX, 2); // threads are few and short of work: arenas cost more memory than they save time
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr); // before any thread: all inherit it

  if (auto prepared = prepareMachine(*config, line); !prepared) {
    log::error(prepared.error().text);
    log::flush();
    return 1;
  }
  Parts parts(line, std::move(config));
  parts.loops.start();
  parts.watchSignals();
  const Result<void> booted = boot(parts, notes);
  if (!booted && booted.error().code != Code::stopping) log::error(booted.error().text);
  if (booted) {
    machine::giveBackBootMemory();
    parts.stop_request.wait();
  }
  parts.stop();
  return booted || booted.error().code == Code::stopping ? 0 : 1;
}

} // namespace pinion::core
