#include "plugin.hpp"

#include <utility>

namespace pinion::files {

Result<void> FilesPlugin::start() {
  const Json off = host_.node("/api/disable_remote_download"),
             redirects = host_.node("/api/remote_download/max_redirects");
  pulls_off_ = off.is_boolean() && off.get<bool>();
  if (redirects.is_number_unsigned()) max_redirects_ = redirects.get<uint32_t>();

  const std::string files = "/api/servers/:server/files/";
  constexpr uint32_t kStream = PINION_ROUTE_STREAM_BODY | PINION_ROUTE_LONG;
  const struct {
    const char *method, *path;
    uint32_t flags;
    Handler handler;
  } on_pool[] = {
      {"GET", "contents", 0, &FilesPlugin::contents},
      {"GET", "list-directory", 0, &FilesPlugin::list},
      {"GET", "search", 0, &FilesPlugin::search},
      {"PUT", "rename", 0, &FilesPlugin::rename},
      {"POST", "copy", PINION_ROUTE_LONG, &FilesPlugin::copy},
      {"POST", "write", kStream, &FilesPlugin::write},
      {"POST", "create-directory", 0, &FilesPlugin::createDirectory},
      {"POST", "delete", PINION_ROUTE_LONG, &FilesPlugin::remove},
      {"POST", "chmod", 0, &FilesPlugin::changeModes},
  };
  for (const auto &[method, path, flags, handler] : on_pool)
    if (auto added = route(method, (files + path).c_str(), "node", flags, handler); !added) return added;
  const struct {
    const char *method, *path;
    Coroutine coroutine;
  } on_lane[] = {
      {"POST", "compress", &FilesPlugin::compress},
      {"POST", "decompress", &FilesPlugin::decompress},
      {"POST", "pull", &FilesPlugin::startPull},
      {"GET", "pull", &FilesPlugin::listPulls},
      {"DELETE", "pull/:download", &FilesPlugin::cancelPull},
  };
  for (const auto &[method, path, coroutine] : on_lane)
    if (auto added = route(method, (files + path).c_str(), coroutine); !added) return added;
  if (auto added = route("GET", "/download/file", "token:file-download", 0, &FilesPlugin::downloadFile); !added)
    return added;
  if (auto added = route("GET", "/download/backup", "token:backup-download", 0, &FilesPlugin::downloadBackup); !added)
    return added;
  if (auto added = route("POST", "/upload/file", "token:file-upload", kStream, &FilesPlugin::upload); !added)
    return added;
  auto gone = host_.subscribe("deleted", PINION_POLICY_ALL,
                              [this](const EventView &event) { pulls_.cancelAll(std::string(event.server)); });
  if (!gone) return gone.error();
  server_gone_ = std::move(*gone);
  // Before stop(), which is only called when nothing runs any more: a download may wait for its host for minutes.
  auto stopping = host_.subscribe("daemon.stopping", PINION_POLICY_ALL, [this](const EventView &) { pulls_.stop(); });
  if (!stopping) return stopping.error();
  stopping_ = std::move(*stopping);
  return {};
}

Result<void> FilesPlugin::route(const char *method, const char *path, const char *auth, uint32_t flags,
                                Handler handler) {
  return host_.route(method, path, auth, flags,
                     [this, handler](Exchange exchange) { (this->*handler)(std::move(exchange)); });
}

Result<void> FilesPlugin::route(const char *method, const char *path, Coroutine coroutine) {
  return host_.route(method, path, "node", PINION_ROUTE_LANE,
                     [this, coroutine](Exchange exchange) { host_.spawn((this->*coroutine)(std::move(exchange))); });
}

} // namespace pinion::files
