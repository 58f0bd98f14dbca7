// Order: machine -> servers from the source (retried while the Panel is down) -> Docker -> states -> plugins ->
// listener
// -> games are attached or started again, in the background -> the Panel hears of it.
#include "app/boot.hpp"

#include "app/plugin_folder.hpp"
#include "app/version.hpp"
#include "base/json_text.hpp"
#include "log/log.hpp"
#include "machine/preparation.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

namespace pinion::core {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirstRetry = 1s;
constexpr auto kLongestRetry = 30s;
constexpr auto kEngineDeadline = 10s;

Result<std::vector<DefinitionPtr>> loadServers(Parts &parts) {
  for (std::chrono::seconds delay = kFirstRetry;; delay = std::min<std::chrono::seconds>(delay * 2, kLongestRetry)) {
    auto servers = parts.source->servers();
    if (servers) return servers;
    const Error &error = servers.error();
    if (parts.stop_request.waitFor(0ms)) return Error{Code::stopping, ""};
    if (error.code != Code::io && error.code != Code::timeout)
      return Error{error.code, "the servers of this node cannot be loaded: " + error.text};
    log::warn("the servers of this node cannot be loaded; trying again",
              {{"error", error.text}, {"seconds", std::to_string(delay.count())}});
    if (parts.stop_request.waitFor(delay)) return Error{Code::stopping, ""};
  }
}

// What is to be done for a server once the plugins run.
struct Restore {
  ServerPtr server;
  bool running = false;
  State saved = State::offline;
};

// Network, demo image, and which containers run. Sets the states of those that do.
Result<std::vector<Restore>> reconcile(Parts &parts) {
  if (auto prepared = parts.runtime.prepare(); !prepared) return prepared.error();
  const auto servers = parts.registry.all();
  if (!parts.config->get()->standalone.empty()) {
    std::set<std::string> images; // "~" marks images that are never pulled: the demo's is made here
    for (const auto &server : servers)
      if (const std::string &image = server->definition()->settings.image; image.starts_with("~pinion/"))
        images.insert(image);
    for (const std::string &image : images)
      if (auto made = ensureDemoImage(parts.engine, image.substr(1)); !made) log::error(made.error().text);
  }
  auto running = parts.runtime.running(kEngineDeadline);
  if (!running) return running.error();
  const std::set<ServerId> on(running->begin(), running->end());
  std::vector<Restore> out;
  for (const auto &server : servers) {
    Restore one{server, on.contains(server->id()), parts.registry.saved(server->id())};
    if (one.running) parts.registry.setState(server, State::running);
    if (one.running || one.saved == State::running || one.saved == State::starting) out.push_back(std::move(one));
  }
  return out;
}

void announce(Parts &parts, const std::vector<Restore> &restores) {
  for (const auto &one : restores)
    parts.bus.publish("boot.restore", one.server->text(),
                      std::string("{\"running\":") + (one.running ? "true" : "false") + ",\"state\":\"" +
                          name(one.saved) + "\"}");
  parts.bus.publish("boot.completed", "", "{}");
  parts.restored = true;
}

// Docker was not there at boot: looks again, ever more slowly, until it is.
void reconcileLater(Parts &parts, std::chrono::seconds delay) {
  parts.loops.first().after(delay, [&parts, delay] {
    parts.workers.post([&parts, delay] {
      auto restores = reconcile(parts);
      if (!restores) return reconcileLater(parts, std::min<std::chrono::seconds>(delay * 2, kLongestRetry));
      log::info("the Docker Engine answers; the servers are restored");
      announce(parts, *restores);
    });
  });
}

void tellPanel(Parts &parts) {
  parts.workers.post([&parts] {
    if (auto reset = parts.source->call("POST", "/servers/reset", "null"); !reset)
      log::warn("the Panel did not take the reset of the servers' states", {{"error", reset.error().text}});
  });
}

void sayHowToTalk(Parts &parts) {
  for (const auto &server : parts.registry.all())
    std::printf("Talk to the server %s: %s console --standalone %s %s\n", server->definition()->settings.name.c_str(),
                programPath().c_str(), parts.config->get()->standalone.c_str(), server->text().substr(0, 8).c_str());
}

void loadPlugins(Parts &parts) {
  const ConfigPtr config = parts.config->get();
  std::vector<std::string> names;
  for (const auto &[name, section] : config->plugins) names.push_back(name);
  const std::string folder = findPluginFolder(config->plugins_directory, programPath(), kInstalledPlugins);
  if (config->plugins_given && names.empty())
    log::warn("the configuration lists no plugin: the daemon serves nothing");
  else
    parts.loader->load(folder, names);
  parts.loader->start();
  for (const auto &plugin : parts.loader->plugins())
    log::info("plugin loaded", {{"plugin", plugin.id}, {"version", plugin.version}});
}

} // namespace

Result<void> prepareMachine(ConfigStore &config, const CommandLine &line) {
  const ConfigPtr given = config.get();
  log::addSecret(given->token);
  for (const auto &[host, registry] : given->docker.registries) log::addSecret(registry.password);
  if (auto opened = log::open(given->system.log_directory, given->debug || line.debug, given->quiet); !opened)
    return opened;
  if (given->token.empty())
    return Error{Code::invalid,
                 config.path() + ": token is empty; run pinion configure, or copy token and token_id from the Panel"};
  auto zone = machine::timezone(given->system.timezone);
  if (!zone) return zone.error();
  if (auto folders = machine::makeFolders(*given); !folders) return folders;
  auto user = machine::systemUser(*given);
  if (!user) return user.error();
  config.derive([&](Config &now) {
    now.system.timezone = *zone;
    now.system.username = user->name;
    now.system.uid = user->uid;
    now.system.gid = user->gid;
  });
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  config.setFact("version", jsonString(kVersion));
  config.setFact("boot_time", std::to_string(now));
  config.setFact("timezone", jsonString(*zone));
  config.setFact("uid", std::to_string(user->uid));
  config.setFact("gid", std::to_string(user->gid));
  log::info("pinion is starting", {{"version", kVersion}, {"config", config.path()}});
  return {};
}

Result<void> boot(Parts &parts, const std::vector<std::string> &notes) {
  auto definitions = loadServers(parts);
  if (!definitions) return definitions.error();
  std::vector<ServerPtr> fresh;
  for (auto &definition : *definitions) {
    const ServerPtr server = parts.registry.put(std::move(definition));
    const auto made = makeServerFolder(parts.disk, *parts.config->get(), server->id());
    if (!made)
      log::error("the folder of a server cannot be made", {{"server", server->text()}, {"error", made.error().text}});
    else if (*made)
      fresh.push_back(server);
    parts.disk.define(server);
  }
  definitions->clear();

  auto restores = reconcile(parts);
  if (!restores)
    log::error("the Docker Engine does not answer; servers cannot be started until it does",
               {{"error", restores.error().text}});
  if (auto written = parts.config->write(); !written)
    log::error("the configuration cannot be written back", {{"error", written.error().text}});
  if (parts.stop_request.waitFor(0ms)) return Error{Code::stopping, ""};

  if (auto started = parts.operations->start(); !started) return started;
  loadPlugins(parts);
  parts.saveStatesWhenTheyChange();
  if (auto listening = parts.front.listen(); !listening) return listening;
  if (restores)
    announce(parts, *restores);
  else
    reconcileLater(parts, kFirstRetry);
  tellPanel(parts);
  // Nobody creates a standalone server by a call: a definition without a folder is a new one.
  if (!parts.config->get()->standalone.empty())
    for (const auto &server : fresh)
      parts.bus.publish("server.created", server->text(), "{\"start_on_completion\":true}");

  log::info("listening", {{"host", parts.config->get()->api.host},
                          {"port", std::to_string(parts.front.port())},
                          {"servers", std::to_string(parts.registry.size())}});
  for (const std::string &note : notes) std::printf("%s\n", note.c_str());
  if (!parts.config->get()->standalone.empty()) sayHowToTalk(parts);
  std::fflush(stdout);
  return {};
}

} // namespace pinion::core
