// Standalone mode: server definitions from YAML files in a folder instead of a Panel. See docs/guide/standalone.md.
#pragma once

#include "servers/source.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pinion::core {

// Thread-safe. One file <folder>/servers/*.yml a server; errors name file, line and key.
class FolderSource : public Source {
public:
  FolderSource(std::string folder, SettingsDefaults defaults);
  ~FolderSource() override;
  Result<std::vector<DefinitionPtr>> servers() override; // a broken file is logged and left out
  Result<DefinitionPtr> server(const ServerId &id) override;
  // The remote API's calls as a Panel would answer them: GET /servers/<uuid>/install gives the file's install script,
  // POST .../install remembers the outcome, the reports without an audience answer "".
  Result<std::string> call(const std::string &method, const std::string &path, const std::string &body) override;
  // The outcome of the server's last installation since the daemon started, if there was one.
  [[nodiscard]] std::optional<bool> installed(const ServerId &id) const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Makes a standalone folder usable: <dir>/config.yml (a fresh token, loopback, a free-to-change port, folders below
// <dir>), <dir>/servers/demo.yml when there are no definitions. Nothing that exists is changed. The result says what
// was made, in sentences for the first run's output. The token id and token are in config.yml (0600).
struct StandaloneSetup {
  std::string config_path;
  bool first_run = false;
  std::vector<std::string> notes;
};
Result<StandaloneSetup> prepareStandalone(const std::string &directory);

class Engine;
// Makes sure the demo definition's image exists: when absent, imports a root file system with Debian's static busybox.
// An error names what to install.
Result<void> ensureDemoImage(Engine &engine, const std::string &image);

} // namespace pinion::core
