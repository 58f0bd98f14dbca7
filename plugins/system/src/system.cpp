#include "system.hpp"

#include <utility>

namespace pinion::system {

Result<void> System::start() {
  const struct {
    const char *method, *path;
    Handler handler;
  } routes[] = {
      {"GET", "/api/system", &System::showSystem},
      {"POST", "/api/update", &System::update},
      {"GET", "/api/diagnostics", &System::diagnose},
      {"GET", "/api/system/docker/disk", &System::showDockerDisk},
      {"DELETE", "/api/system/docker/image/prune", &System::pruneImages},
      {"GET", "/api/system/ips", &System::showAddresses},
      {"GET", "/api/system/utilization", &System::showUtilization},
      {"POST", "/api/deauthorize-user", &System::deauthorize},
      {"GET", "/api/servers", &System::listServers},
      {"POST", "/api/servers", &System::createServer},
      {"GET", "/api/servers/:server", &System::showServer},
      {"DELETE", "/api/servers/:server", &System::deleteServer},
      {"POST", "/api/servers/:server/sync", &System::syncServer},
  };
  for (const auto &[method, path, handler] : routes)
    if (auto added = route(method, path, handler); !added) return added;
  return {};
}

Result<void> System::route(const char *method, const char *path, Handler handler) {
  return host_.route(method, path, "node", PINION_ROUTE_LANE,
                     [this, handler](Exchange exchange) { host_.spawn((this->*handler)(std::move(exchange))); });
}

} // namespace pinion::system
