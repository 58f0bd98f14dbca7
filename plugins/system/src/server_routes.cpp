#include "system.hpp"

#include <pinion/cpp/request_body.hpp>
#include <pinion/cpp/uuid.hpp>

#include <utility>

namespace pinion::system {

namespace {

// The core retries the Panel for up to 30 s. It works on when the caller no longer waits.
constexpr uint32_t kDeadline = 60'000; // ms

std::string uuidPayload(const std::string &server) { return Json{{"uuid", server}}.dump(); }

void answerUnknownServer(Exchange &exchange) {
  exchange.error(404, "The requested resource does not exist on this instance.");
}

} // namespace

Result<void> appendServer(std::string &out, const Host &host, const std::string &server) {
  const struct {
    const char *before, *pointer;
  } parts[] = {{"{\"state\":", "/state"},
               {",\"is_suspended\":", "/suspended"},
               {",\"utilization\":", "/utilization"},
               {",\"configuration\":", "/configuration"}};
  std::string object;
  for (const auto &[before, pointer] : parts) {
    const auto value = host.readServer(server, pointer);
    if (!value) return value.error();
    object += before;
    object += *value; // JSON text, as it is: nothing is parsed here
  }
  out += object;
  out += '}';
  return {};
}

// Composed on the pool: a thousand servers make some megabytes.
Task<void> System::listServers(Exchange exchange) {
  // Named: g++ 12 destroys a lambda inside a co_await expression twice.
  const auto compose = [host = host_] {
    std::string out = "[";
    for (const auto &server : host.servers()) {
      const std::size_t before = out.size();
      if (before > 1) out += ',';
      if (!appendServer(out, host, server)) out.resize(before); // it went meanwhile
    }
    return out + "]";
  };
  const std::string list = co_await host_.run(compose);
  exchange.answer(200, list);
}

Task<void> System::showServer(Exchange exchange) {
  std::string object;
  const auto found = appendServer(object, host_, exchange.server());
  if (found)
    exchange.answer(200, object);
  else if (found.error().code == PINION_E_NOT_FOUND)
    answerUnknownServer(exchange);
  else
    answerUnexpected(exchange, host_, found.error());
  co_return;
}

Task<void> System::createServer(Exchange exchange) {
  std::string uuid;
  bool start = false;
  const bool good = readBody(exchange, [&](const RequestBody &body) {
    return body.read("uuid", uuid) && body.read("start_on_completion", start);
  });
  if (!good) co_return;
  if (!isPanelUuid(uuid)) {
    exchange.error(422, "The data provided in the request could not be validated.");
    co_return;
  }
  const std::string payload = Json{{"uuid", uuid}, {"start_on_completion", start}}.dump();
  const Answer created = co_await host_.call("core/server-create", "", payload, kDeadline);
  if (created)
    exchange.answer(202);
  else
    answerUnexpected(exchange, host_, created.error());
}

Task<void> System::deleteServer(Exchange exchange) {
  const std::string server = exchange.server();
  const Answer deleted = co_await host_.call("core/server-delete", server, uuidPayload(server), kDeadline);
  if (deleted)
    exchange.answer(204);
  else if (deleted.error().code == PINION_E_NOT_FOUND && !host_.readServer(server, "/state"))
    answerUnknownServer(exchange); // another request was faster
  else
    answerUnexpected(exchange, host_, deleted.error());
}

Task<void> System::syncServer(Exchange exchange) {
  const std::string server = exchange.server();
  const Answer synced = co_await host_.call("core/server-sync", server, uuidPayload(server), kDeadline);
  if (synced)
    exchange.answer(204);
  else
    answerUnexpected(exchange, host_, synced.error());
}

} // namespace pinion::system
