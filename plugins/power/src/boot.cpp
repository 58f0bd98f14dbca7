// The start of a server: contract docker.md 5.1 and 5.2.
#include "power.hpp"

#include <algorithm>
#include <chrono>

namespace power {

namespace {

constexpr std::uint32_t inspect_ms = 10'000;
constexpr std::uint32_t sync_ms = 90'000; // the core's own retries end before
constexpr std::uint32_t pull_ms = 900'000;
constexpr std::uint32_t create_ms = 60'000;
constexpr std::uint32_t attach_and_start_ms = 30'000; // shared by the two
constexpr std::uint32_t step_ms = 60'000;
constexpr std::uint32_t boot_turn_ms = 3'600'000; // what a server waits for its turn at the daemon's boot

// A failure of the environment: a caller takes BUSY or NOT_FOUND of the engine for its own, so those codes end here.
Error environmentError(std::string_view prefix, const Error &error) {
  const pinion_status code =
      error.code == PINION_E_CANCELLED || error.code == PINION_E_STOPPING ? error.code : PINION_E_IO;
  if (code != PINION_E_IO || error.text.starts_with(prefix)) return {code, error.text};
  return {code, std::string(prefix) + ": " + error.text};
}

bool flag(const Json &object, const char *name) {
  if (!object.is_object()) return false;
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

} // namespace

Task<Result<void>> Power::boot(GamePtr game, ActionPtr action) {
  if (game->state != State::offline) {
    // The state may be behind the engine: believe it only when the container does run.
    const Answer found = co_await act(game, "inspect", "{}", inspect_ms, action);
    if (!found && found.error().code == PINION_E_CANCELLED) co_return found.error();
    if (!found || flag(Json::parse(*found, nullptr, false), "running"))
      co_return Error{PINION_E_DENIED, "server is running"};
    endedBy(game);
  }
  action->booting = true;
  Result<void> done = co_await prepare(game, action);
  if (done) done = co_await runContainer(game, action);
  action->booting = false;
  if (game->gone) co_return Error{PINION_E_CANCELLED, "the server was deleted"};
  if (!done && action->ended != nullptr)
    say(*game, std::string("The start of the server was ended by a ") + action->ended + ".");
  // What came meanwhile is looked at now: an end, or a running container that could not be attached.
  const bool exited = std::exchange(game->exit_seen, false);
  if (game->live && (exited || !done)) host_.spawn(follow(game, exited));
  co_return done;
}

Task<Result<void>> Power::prepare(GamePtr game, ActionPtr action) {
  Json payload;
  payload["uuid"] = game->uuid;
  const Answer synced = co_await call(game, "core/server-sync", payload.dump(), sync_ms, action);
  if (!synced) co_return synced.error();
  game->profile_stale = true;
  if (flag(Json::parse(*synced, nullptr, false), "suspended"))
    co_return Error{PINION_E_DENIED, "server is currently in a suspended state"};

  Result<void> room = co_await checkDisk(game, action);
  if (!room) co_return room;

  say(*game, "Updating process configuration files...");
  Result<void> stepped = co_await runSteps(game, action);
  if (!stepped) co_return stepped;

  const Json check = host_.node("/system/check_permissions_on_boot");
  if (!check.is_boolean() || check.get<bool>()) {
    say(*game, "Ensuring file permissions are set correctly, this could take a few seconds...");
    auto fn = [files = pinion::Files(host_, game->uuid, 0)]() -> Result<bool> {
      if (auto changed = files.setOwner("/"); !changed) return changed.error();
      return true;
    };
    const Result<bool> changed = co_await work<bool>(std::move(fn));
    if (!changed)
      co_return Error{PINION_E_IO,
                      "failed to chown root server directory during pre-boot process: " + changed.error().text};
  }
  if (action->ended != nullptr)
    co_return Error{PINION_E_CANCELLED, std::string("the start was ended by a ") + action->ended};
  co_return Result<void>();
}

Task<Result<void>> Power::checkDisk(GamePtr game, ActionPtr action) {
  auto measure = [host = host_, uuid = game->uuid] { return host.usage(uuid, true); };
  if (profileOf(*game).disk_limit_mib <= 0) {
    // Nothing depends on it: the figure is refreshed for those who look at it.
    host_.spawn([](Power *self, decltype(measure) fn) -> Task<void> {
      const Result<Json> ignored = co_await self->work<Json>(std::move(fn));
      if (!ignored) self->host_.debug("the disk usage was not measured: " + ignored.error().text);
    }(this, measure));
    co_return Result<void>();
  }
  say(*game, "Checking server disk space usage, this could take a few seconds...");
  Result<Json> usage = co_await work<Json>(std::move(measure));
  if (game->gone || action->ended != nullptr) co_return Error{PINION_E_CANCELLED, "the start was ended"};
  if (!usage) co_return Error{PINION_E_IO, "failed to measure the disk usage of the server: " + usage.error().text};
  const auto limit = usage->value("limit", std::int64_t{0});
  if (limit > 0 && usage->value("bytes", std::int64_t{0}) > limit)
    co_return Error{PINION_E_DENIED, "filesystem: not enough disk space"};
  co_return Result<void>();
}

Task<Result<void>> Power::runSteps(GamePtr game, ActionPtr action) {
  for (const auto &step : orderedSteps(host_.listOffers("start-step/"))) {
    const Answer answer = co_await call(game, step.address, "{}", step_ms, action);
    if (answer) {
      const Json told = Json::parse(*answer, nullptr, false);
      if (told.is_object() && told.contains("note") && told["note"].is_string())
        say(*game, told["note"].get<std::string>());
      continue;
    }
    if (game->gone || action->ended != nullptr) co_return answer.error();
    if (step.required) co_return Error{PINION_E_IO, step.address + ": " + answer.error().text};
    complain(*game, "a step before the start failed: " + step.address, answer.error());
  }
  co_return Result<void>();
}

Task<Result<void>> Power::runContainer(GamePtr game, ActionPtr action) {
  constexpr const char *prefix = "environment/docker: failed to run pre-boot process";
  const Answer found = co_await act(game, "inspect", "{}", inspect_ms, action);
  if (!found) co_return environmentError(prefix, found.error());
  const Json container = Json::parse(*found, nullptr, false);
  resetConsole(*game);
  if (flag(container, "running")) {
    setState(*game, State::running);
    co_return co_await attachAndStart(game, action, false);
  }
  if (flag(container, "exists")) {
    const Answer truncated = co_await act(game, "truncate-log", "{}", inspect_ms, action);
    if (!truncated && action->ended == nullptr && !game->gone)
      host_.debug("the log of the old container was not emptied: " + truncated.error().text);
  }
  setState(*game, State::starting);
  Result<void> done = co_await makeContainer(game, action);
  if (done) done = co_await attachAndStart(game, action, true);
  if (done || game->gone) co_return done;

  // Nothing half made is left behind, whatever the engine did of it.
  game->live = false;
  if (game->state != State::offline) setState(*game, State::stopping);
  const Answer removed = co_await act(game, "remove", "{}", attach_and_start_ms);
  if (!removed && !game->gone)
    complain(*game, "failed to remove the container of a start that failed", removed.error());
  setState(*game, State::offline);
  co_return done;
}

Task<Result<void>> Power::makeContainer(GamePtr game, ActionPtr action) {
  constexpr const char *prefix = "environment/docker: failed to run pre-boot process";
  const Answer removed = co_await act(game, "remove", "{}", attach_and_start_ms, action);
  if (!removed) co_return environmentError(prefix, removed.error());
  say(*game, "Pulling Docker container image, this could take a few minutes to complete...");
  hear(*game);
  game->pulling = true;
  const Answer pulled = co_await act(game, "pull", "{}", pull_ms, action);
  game->pulling = false;
  say(*game, "Finished pulling Docker container image");
  if (!pulled) co_return environmentError(prefix, pulled.error());
  const Answer created = co_await act(game, "create", "{}", create_ms, action);
  if (!created) co_return environmentError(prefix, created.error());
  co_return Result<void>();
}

// The console is attached before the start, so that no line is missed.
Task<Result<void>> Power::attachAndStart(GamePtr game, ActionPtr action, bool start) {
  using std::chrono::milliseconds;
  const auto began = std::chrono::steady_clock::now();
  game->live = true;
  ++game->run;
  game->exit_seen = false;
  hear(*game);
  const Answer attached = co_await act(game, "attach", "{}", attach_and_start_ms, action);
  if (!attached) co_return environmentError("environment/docker: failed to attach to container", attached.error());
  if (!start) co_return Result<void>();
  const auto spent = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began).count();
  const auto left = std::max<std::int64_t>(attach_and_start_ms - spent, 1);
  action->launched = true;
  const Answer started = co_await act(game, "start", "{}", static_cast<std::uint32_t>(left), action);
  if (!started) co_return environmentError("environment/docker: failed to start container", started.error());
  co_return Result<void>();
}

// A server that ran when the daemon went, and does not now.
Task<void> Power::startAfterBoot(GamePtr game) {
  const bool acquired = co_await acquire(boot_slots_, boot_turn_ms);
  const ActionLockGuard guard(boot_slots_, acquired);
  if (game->gone || game->actions != 0) co_return; // someone asked for something else meanwhile
  const Result<void> started = co_await perform(game, "start", 0);
  if (!started && !game->gone) complain(*game, "failed to start a server that ran before", started.error());
}

} // namespace power
