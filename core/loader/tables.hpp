// The host's service tables, one file each: tables_*.cpp. All are constant and the same for every plugin.
#pragma once

#include "loader/host.hpp"

#include <pinion/services.h>

#include <string_view>

namespace pinion::core {

const pinion_bus_v1 *busTable();
const pinion_reply_v1 *replyTable();
const pinion_log_v1 *logTable();
const pinion_config_v1 *configTable();
const pinion_timers_v1 *timersTable();
const pinion_tasks_v1 *tasksTable();
const pinion_routes_v1 *routesTable();
const pinion_servers_v1 *serversTable();
const pinion_files_v1 *filesTable();
const pinion_archives_v1 *archivesTable();
const pinion_fetch_v1 *fetchTable();
const pinion_environment_v1 *environmentTable();
const pinion_panel_v1 *panelTable();
const pinion_tokens_v1 *tokensTable();
const pinion_store_v1 *storeTable();

// By its id ("pinion.bus/1"); null when this daemon has no such service.
const void *serviceTable(std::string_view id, bool with_store);

// Told apart from other ids because routes end first when a plugin stops.
class RouteBase : public Resource {
public:
  using Resource::Resource;
};

// The server that a plugin names, or Code::notFound.
Result<ServerPtr> serverArgument(Host &host, const char *uuid);

// The files of a server (the root is made when `create`); `for_owner`: under the terms of PINION_FILES_OWNER.
Result<Tree> serverTree(Host &host, const ServerPtr &server, bool create, bool for_owner);

} // namespace pinion::core
