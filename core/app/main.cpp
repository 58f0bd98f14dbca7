#include "app/command_line.hpp"
#include "app/configure.hpp"
#include "app/daemon.hpp"
#include "app/version.hpp"
#include "console/console.hpp"
#include "docker/engine.hpp"
#include "machine/report.hpp"
#include "standalone/folder_source.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <filesystem>

namespace pinion::core {
namespace {

int refuse(const std::string &text) {
  std::fprintf(stderr, "pinion: %s\n", text.c_str());
  return 1;
}

// Connections, consoles and transfers are descriptors: the 1024 that shells give would bound them all together.
void raiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit); // else what there is must do
}

int run(const CommandLine &line) {
  raiseDescriptorLimit();
  std::vector<std::string> notes;
  std::string path = line.config_path;
  if (!line.standalone.empty()) {
    auto setup = prepareStandalone(line.standalone);
    if (!setup) return refuse(setup.error().text);
    path = setup->config_path;
    notes = std::move(setup->notes);
  }
  auto config = ConfigStore::load(path);
  if (!config) {
    if (config.error().code == Code::notFound)
      return refuse("there is no configuration at " + path +
                    "; make one with pinion configure, or run pinion --standalone DIR");
    return refuse("error while reading configuration file: " + config.error().text);
  }
  return runDaemon(line, std::move(*config), std::move(notes));
}

int report(const CommandLine &line) {
  const auto config = ConfigStore::load(line.config_path);
  if (!config) return refuse(config.error().text);
  Engine engine(Engine::addressFromEnvironment());
  const auto info = engine.request("GET", "/info", "", std::chrono::seconds(5));
  const auto version = engine.request("GET", "/version", "", std::chrono::seconds(5));
  std::string described;
  if (info && version && info->status == 200 && version->status == 200)
    described = "{\"info\":" + info->body + ",\"version\":" + version->body + "}";
  const std::string text = machine::diagnostics(*(*config)->get(), kVersion, described, {.log_lines = line.log_lines});
  std::fputs(text.c_str(), stdout);
  return 0;
}

int dispatch(const CommandLine &line) {
  switch (line.command) {
  case CommandLine::Command::run: return run(line);
  case CommandLine::Command::console: return runConsole({line.config_path, line.server, line.once});
  case CommandLine::Command::configure: return runConfigure(line);
  case CommandLine::Command::diagnostics: return report(line);
  case CommandLine::Command::version: std::printf("pinion v%s\n", kVersion); return 0;
  case CommandLine::Command::help: std::fputs(usage().c_str(), stdout); return 0;
  }
  return 1;
}

} // namespace
} // namespace pinion::core

int main(int count, char **values) {
  using namespace pinion::core;
  auto line = parseCommandLine({values + 1, values + count});
  if (!line) return refuse(line.error().text);
  std::error_code error;
  line->config_path = std::filesystem::absolute(line->config_path, error).lexically_normal().string();
  if (!line->standalone.empty()) {
    line->standalone = std::filesystem::absolute(line->standalone, error).lexically_normal().string();
    if (!line->config_given) line->config_path = line->standalone + "/config.yml";
  }
  return dispatch(*line);
}
