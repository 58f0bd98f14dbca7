// The daemon from its first log line to its last. Order of boot and of stopping: docs/threads.md and boot.cpp.
#pragma once

#include "app/command_line.hpp"
#include "config/config.hpp"

#include <memory>

namespace pinion::core {

// Runs until SIGTERM or SIGINT; the process' exit code. [main]
int runDaemon(const CommandLine &line, std::unique_ptr<ConfigStore> config, std::vector<std::string> notes);

} // namespace pinion::core
