// The command line: what Wings takes (contract config.md 5), and Pinion's own --standalone and console.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace pinion::core {

struct CommandLine {
  enum class Command { run, console, configure, diagnostics, version, help };
  Command command = Command::run;
  std::string config_path = "/etc/pterodactyl/config.yml";
  bool config_given = false;
  std::string standalone; // a folder; empty: not asked for
  bool debug = false;
  bool ignore_certificate_errors = false;
  // console
  std::string server;
  bool once = false;
  // configure
  std::string panel_url, panel_token, node;
  bool override_existing = false, allow_insecure = false;
  // diagnostics
  int log_lines = 200;
};

// `arguments` without the program's name. An error names the argument and what is possible.
Result<CommandLine> parseCommandLine(const std::vector<std::string> &arguments);

std::string usage();

} // namespace pinion::core
