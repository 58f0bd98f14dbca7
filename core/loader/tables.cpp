#include "loader/tables.hpp"

#include "base/json_text.hpp"
#include "loader/arguments.hpp"

namespace pinion::core {

const void *serviceTable(std::string_view id, bool with_store) {
  if (id == "pinion.bus/1") return busTable();
  if (id == "pinion.reply/1") return replyTable();
  if (id == "pinion.log/1") return logTable();
  if (id == "pinion.config/1") return configTable();
  if (id == "pinion.timers/1") return timersTable();
  if (id == "pinion.tasks/1") return tasksTable();
  if (id == "pinion.routes/1") return routesTable();
  if (id == "pinion.servers/1") return serversTable();
  if (id == "pinion.files/1") return filesTable();
  if (id == "pinion.archives/1") return archivesTable();
  if (id == "pinion.fetch/1") return fetchTable();
  if (id == "pinion.environment/1") return environmentTable();
  if (id == "pinion.panel/1") return panelTable();
  if (id == "pinion.tokens/1") return tokensTable();
  if (id == "pinion.store/1" && with_store) return storeTable();
  return nullptr;
}

Result<ServerPtr> serverArgument(Host &host, const char *uuid) {
  const auto text = nameArgument(uuid, "server");
  if (!text) return text.error();
  auto server = host.services().registry.find(*text);
  if (!server) return Error{Code::notFound, "there is no server " + jsonString(*text) + " on this node"};
  return server;
}

} // namespace pinion::core
