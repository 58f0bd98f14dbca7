// The answers of the /api/system routes as JSON text, and the diagnostics report (contract http.md 3). [pool]: they
// read /proc and statvfs.
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"

#include <string>

namespace pinion::core::machine {

// GET /api/system without v=2.
std::string shortReport(const std::string &version);
// GET /api/system?v=2. `engine`: {"info":{...},"version":{...}} of the Docker Engine; an error when it lacks what is
// needed.
Result<std::string> fullReport(const std::string &version, const std::string &engine);
// GET /api/system/ips: this machine's addresses, then the configured ones that are not among them.
std::string addressReport(const Config &config);
// GET /api/system/utilization. Measures the processors over a tenth of a second.
std::string utilizationReport(const Config &config);

struct DiagnosticsQuery {
  bool include_endpoints = false;
  bool include_logs = true;
  int log_lines = 200;
};
// The text of GET /api/diagnostics and of `pinion diagnostics`. Never holds the token. `engine` may be empty (no
// answer).
std::string diagnostics(const Config &config, const std::string &version, const std::string &engine,
                        const DiagnosticsQuery &query);

} // namespace pinion::core::machine
