// The routes about the node and about servers as a whole (contract http.md 3 and 4). The work itself is the core's,
// asked for at the addresses "core/..." (sdk/contracts/core.v1.json). All of it runs on the plugin's lane.
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <string>

namespace pinion::system {

class System {
public:
  explicit System(Host host) : host_(std::move(host)) {}
  Result<void> start();
  void stop() {}

private:
  using Handler = Task<void> (System::*)(Exchange);
  Result<void> route(const char *method, const char *path, Handler handler);

  // -- the node (node_routes.cpp) -------------------------------------------------------------------------------
  Task<void> showSystem(Exchange exchange);
  Task<void> update(Exchange exchange);
  Task<void> diagnose(Exchange exchange);
  Task<void> showDockerDisk(Exchange exchange);
  Task<void> pruneImages(Exchange exchange);
  Task<void> showAddresses(Exchange exchange);
  Task<void> showUtilization(Exchange exchange);
  Task<void> deauthorize(Exchange exchange);
  // Asks the core and passes its JSON on.
  Task<void> pass(Exchange exchange, std::string address, std::string payload, uint32_t deadline_ms);

  // -- servers (server_routes.cpp) ------------------------------------------------------------------------------
  Task<void> listServers(Exchange exchange);
  Task<void> createServer(Exchange exchange);
  Task<void> showServer(Exchange exchange);
  Task<void> deleteServer(Exchange exchange);
  Task<void> syncServer(Exchange exchange);

  Host host_;
};

// Appends the object that describes a server; an error when it is not there (any more). [any]
Result<void> appendServer(std::string &out, const Host &host, const std::string &server);

// The payload of "core/diagnostics" from the query's texts, which are read as leniently as ever.
std::string diagnosticsPayload(std::string_view include_endpoints, std::string_view include_logs,
                               std::string_view log_lines);

} // namespace pinion::system
