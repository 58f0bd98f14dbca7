// The routes and the offers of the plugin (contract http.md 4, sdk/contracts/power.v1.json).
#include "power.hpp"

#include <pinion/cpp/request_body.hpp>

#include <tuple>

namespace power {

namespace {

using pinion::RequestBody;

constexpr std::uint32_t logs_ms = 10'000;

std::string logArguments(int size) {
  Json args;
  args["tail"] = size;
  return args.dump();
}

} // namespace

// ---- routes -----------------------------------------------------------------------------------------------------

Result<void> Power::addRoutes() {
  if (auto added = host_.route("POST", "/api/servers/:server/power", "node", PINION_ROUTE_LANE,
                               [this](pinion::Exchange exchange) { onPowerRequest(std::move(exchange)); });
      !added)
    return added;
  if (auto added = host_.route("POST", "/api/servers/:server/commands", "node", PINION_ROUTE_LANE,
                               [this](pinion::Exchange exchange) { onCommandsRequest(std::move(exchange)); });
      !added)
    return added;
  return host_.route("GET", "/api/servers/:server/logs", "node", PINION_ROUTE_LANE,
                     [this](pinion::Exchange exchange) { host_.spawn(answerLogs(std::move(exchange))); });
}

void Power::onPowerRequest(pinion::Exchange exchange) {
  std::string action;
  std::int64_t wait_seconds = 0;
  const bool good = readBody(exchange, [&](const RequestBody &body) {
    return body.read("action", action) && body.read("wait_seconds", wait_seconds);
  });
  if (!good) return;
  if (!knownAction(action))
    return exchange.error(422, "The power action provided was not valid, should be one of "
                               "\"stop\", \"start\", \"restart\", \"kill\"");
  const std::string server = exchange.server();
  const Json suspended = host_.server(server, "/suspended");
  if ((action == "start" || action == "restart") && suspended.is_boolean() && suspended.get<bool>())
    return exchange.error(400, "Cannot start or restart a server that is suspended.");
  exchange.answer(202);
  host_.spawn(performForPanel(game(server), action, lockWaitSeconds(wait_seconds)));
}

// The Panel has its answer: what goes wrong now is only for the log.
Task<void> Power::performForPanel(GamePtr game, std::string action, std::uint32_t wait_seconds) {
  const Result<void> done = co_await perform(game, action, wait_seconds);
  if (done || game->gone || done.error().text == "server is running") co_return;
  Json fields;
  fields["server"] = game->uuid;
  fields["action"] = action;
  fields["error"] = done.error().text;
  const bool expected = done.error().code == PINION_E_BUSY || done.error().code == PINION_E_CANCELLED;
  host_.log(expected ? PINION_LOG_WARN : PINION_LOG_ERROR, "a power action failed", fields);
}

void Power::onCommandsRequest(pinion::Exchange exchange) {
  const GamePtr one = known(exchange.server());
  if (!one || one->state == State::offline || !one->live)
    return exchange.error(502, "Cannot send commands to a stopped server instance.");
  std::vector<std::string> commands;
  if (!readBody(exchange, [&](const RequestBody &body) { return body.read("commands", commands); })) return;
  // One that is not taken (and logged) does not keep the others.
  for (const auto &command : commands) std::ignore = sendCommand(*one, command);
  exchange.answer(204);
}

Task<void> Power::answerLogs(pinion::Exchange exchange) {
  const GamePtr one = game(exchange.server());
  const Answer lines = co_await act(one, "logs", logArguments(logSize(exchange.query("size"))), logs_ms);
  if (!lines) {
    complain(*one, "failed to read the log of the server", lines.error());
    answerWithId(exchange, 500, pinion::kGenericFailure);
    co_return;
  }
  // The lines are JSON already.
  exchange.answer(200, "{\"data\":" + (*lines == "[]" ? std::string("null") : *lines) + "}");
}

// ---- offers -----------------------------------------------------------------------------------------------------

Result<void> Power::addOffers() {
  const auto add = [this](const char *address, const char *what, auto fn) -> Result<void> {
    Json about;
    about["contract"] = "power/1";
    about["about"] = what;
    auto offer = host_.offer(address, about, [this, fn](const EventView &event, pinion::CallReply reply) {
      if (event.server.empty()) return reply.fail({PINION_E_INVALID, "the call names no server"});
      Json payload = event.payload.empty() ? Json::object() : event.json();
      if (!payload.is_object()) return reply.fail({PINION_E_INVALID, "the payload is no JSON object"});
      const std::string server(event.server);
      // A deleted server is not to come back by being asked for.
      if (!known(server) && !host_.readServer(server, "/state"))
        return reply.fail({PINION_E_NOT_FOUND, "there is no server " + server});
      fn(game(server), payload, std::move(reply));
    });
    if (!offer) return offer.error();
    offers_.push_back(std::move(*offer));
    return {};
  };

  if (auto added = add("power/act", "start, stop, restart or kill; answers when it is done",
                       [this](GamePtr one, const Json &payload, pinion::CallReply reply) {
                         const auto wait = lockWaitSeconds(payload.value("wait_seconds", std::int64_t{0}));
                         host_.spawn(answerAct(one, payload.value("action", ""), wait, std::move(reply)));
                       });
      !added)
    return added;
  if (auto added = add("power/stop-and-wait", "stops the server and waits for its end",
                       [this](GamePtr one, const Json &payload, pinion::CallReply reply) {
                         const auto seconds = payload.value("seconds", std::int64_t{10});
                         if (seconds < 0 || seconds > 86'400)
                           return reply.fail({PINION_E_INVALID, "seconds is not between 0 and 86400"});
                         host_.spawn(answerStop(one, static_cast<std::uint32_t>(seconds) * 1000,
                                                payload.value("kill", false), std::move(reply)));
                       });
      !added)
    return added;
  if (auto added = add("power/busy", "is a power action under way?",
                       [](const GamePtr &one, const Json &, pinion::CallReply reply) {
                         // A game that runs is not kept busy by the engine's late answer to its start.
                         const bool over = one->action && one->action->launched && one->state == State::running;
                         reply.ok(one->lock.held() && !over ? "{\"busy\":true}" : "{\"busy\":false}");
                       });
      !added)
    return added;
  if (auto added = add("power/command", "types lines into the console",
                       [this](const GamePtr &one, const Json &payload, pinion::CallReply reply) {
                         if (one->state == State::offline || !one->live)
                           return reply.fail({PINION_E_NOT_FOUND, "the server does not run"});
                         std::vector<std::string> commands;
                         if (!RequestBody(payload).read("commands", commands))
                           return reply.fail({PINION_E_INVALID, "commands is no list of texts"});
                         int sent = 0;
                         Result<void> last;
                         for (const auto &command : commands) {
                           last = sendCommand(*one, command);
                           if (last) ++sent;
                         }
                         if (sent == 0 && !last) return reply.fail(last.error());
                         reply.ok("{\"sent\":" + std::to_string(sent) + "}");
                       });
      !added)
    return added;
  return add("power/logs", "the last lines of the console",
             [this](const GamePtr &one, const Json &payload, pinion::CallReply reply) {
               const auto size = payload.value("size", std::int64_t{100});
               host_.spawn(
                   answerLogCall(one, size < 1 || size > 1000 ? 100 : static_cast<int>(size), std::move(reply)));
             });
}

Task<void> Power::answerAct(GamePtr game, std::string action, std::uint32_t wait_seconds, pinion::CallReply reply) {
  const Result<void> done = co_await perform(game, action, wait_seconds);
  if (done)
    reply.ok("{}");
  else
    reply.fail(done.error());
}

Task<void> Power::answerStop(GamePtr game, std::uint32_t deadline_ms, bool kill, pinion::CallReply reply) {
  const Result<void> done = co_await stopRegardless(game, deadline_ms, kill, "stop");
  if (done)
    reply.ok("{}");
  else
    reply.fail(done.error());
}

Task<void> Power::answerLogCall(GamePtr game, int size, pinion::CallReply reply) {
  const Answer lines = co_await act(game, "logs", logArguments(size), logs_ms);
  if (lines)
    reply.ok(*lines);
  else
    reply.fail(lines.error());
}

} // namespace power
