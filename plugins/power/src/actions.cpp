// The four power actions: who may do what when.
#include "power.hpp"

#include <algorithm>

namespace power {

namespace {

constexpr std::uint32_t stop_limit_ms = 600'000; // what a stop or restart waits before it kills
constexpr std::uint32_t boot_end_ms = 10'000;    // what a kill waits for a start that it ended
constexpr std::uint32_t launch_end_ms = 40'000;  // what others wait for it: longer than the engine's start may take

constexpr const char *busy_text =
    "another power action is currently being processed for this server, please try again later";

} // namespace

Result<void> Power::preCheck(const Game &game) const {
  const auto text = host_.readServer(game.uuid, "/held_by");
  if (!text) return text.error();
  const Json held_by = Json::parse(*text, nullptr, false);
  if (!held_by.is_string()) return {};
  const auto why = held_by.get<std::string>();
  if (why == "restoring") return Error{PINION_E_DENIED, "server is currently being restored"};
  if (why == "transferring") return Error{PINION_E_DENIED, "server is currently being transferred"};
  if (why == "installing") return Error{PINION_E_DENIED, "server is currently installing"};
  return Error{PINION_E_DENIED, "server is currently " + why};
}

Task<bool> Power::acquire(ActionLock &lock, std::uint32_t wait_ms) {
  if (lock.tryAcquire()) co_return true;
  if (wait_ms == 0) co_return false;
  struct Turn {
    bool granted = false, told = false;
    pinion::Signal signal;
  } turn;
  const auto ticket = lock.enqueue([&turn](bool granted) {
    turn.granted = granted;
    turn.told = true;
    turn.signal.notify();
  });
  if (!turn.told) {
    co_await turn.signal.wait(host_, wait_ms);
  }
  if (!turn.told) lock.abandon(ticket);
  co_return turn.granted;
}

bool Power::endAction(Game &game, const char *by) {
  if (!game.action) return false;
  const bool was_booting = game.action->booting;
  if (!game.action->launched) breakOff(game, by);
  return was_booting;
}

void Power::breakOff(Game &game, const char *by) {
  const ActionPtr action = game.action;
  if (!action || action->ended != nullptr) return;
  action->ended = by;
  if (action->booting) host_.cancel(action->pending);
}

Task<Result<void>> Power::perform(GamePtr game, std::string action, std::uint32_t wait_seconds) {
  if (auto allowed = preCheck(*game); !allowed) co_return allowed;
  if (!knownAction(action)) co_return Error{PINION_E_INVALID, "attempting to handle unknown power action"};
  ++game->actions;
  if (action == "kill") co_return co_await kill(game);
  std::uint32_t wait_ms = wait_seconds * 1000;
  // A stop is not refused by the start that it is meant for: the start gives up. One that is all but over (its game may
  // be running already, while the engine's answer is on its way) refuses nobody.
  if (booting(*game) && (action == "stop" || game->action->launched)) {
    if (action == "stop") endAction(*game, "stop");
    wait_ms = std::max(wait_ms, launch_end_ms);
  }
  const bool acquired = co_await acquire(game->lock, wait_ms);
  if (game->gone) co_return Error{PINION_E_CANCELLED, "the server was deleted"};
  if (!acquired) {
    if (wait_seconds == 0) co_return Error{PINION_E_BUSY, busy_text};
    co_return Error{PINION_E_BUSY, "could not acquire lock on power action after " + std::to_string(wait_seconds) +
                                       " seconds: " + busy_text};
  }
  const ActionLockGuard guard(game->lock, true);
  const CurrentAction current(game);
  co_return co_await performLocked(game, action, current.get());
}

Task<Result<void>> Power::performLocked(GamePtr game, std::string action, ActionPtr current) {
  if (action == "start") co_return co_await boot(game, current);
  Result<void> stopped = co_await waitForStop(game, stop_limit_ms, true);
  if (action == "stop" || !stopped) co_return stopped;
  // A kill during the stop means that the server is to stay down.
  if (current->ended != nullptr)
    co_return Error{PINION_E_CANCELLED, std::string("the restart was ended by a ") + current->ended};
  co_return co_await boot(game, current);
}

// Takes the lock when it is free, ends a start that holds it, and does not wait for anything else.
Task<Result<void>> Power::kill(GamePtr game) {
  const std::uint32_t wait_ms = endAction(*game, "kill") ? boot_end_ms : 0;
  bool acquired = co_await acquire(game->lock, wait_ms);
  if (!acquired && booting(*game)) {
    breakOff(*game, "kill");
    acquired = co_await acquire(game->lock, boot_end_ms);
  }
  if (game->gone) co_return Error{PINION_E_CANCELLED, "the server was deleted"};
  const ActionLockGuard guard(game->lock, acquired);
  co_return co_await terminate(game);
}

Task<Result<void>> Power::stopRegardless(GamePtr game, std::uint32_t deadline_ms, bool kill, const char *by) {
  ++game->actions;
  const std::uint32_t wait_ms = endAction(*game, by) ? launch_end_ms : 0;
  const bool acquired = co_await acquire(game->lock, wait_ms);
  if (game->gone) co_return Error{PINION_E_CANCELLED, "the server was deleted"};
  const ActionLockGuard guard(game->lock, acquired);
  co_return co_await waitForStop(game, deadline_ms, kill);
}

Task<void> Power::stopInBackground(GamePtr game, std::uint32_t deadline_ms, const char *by) {
  const Result<void> stopped = co_await stopRegardless(game, deadline_ms, true, by);
  if (stopped || game->gone) co_return;
  Json fields;
  fields["server"] = game->uuid;
  fields["reason"] = by;
  fields["error"] = stopped.error().text;
  host_.error("failed to stop the server", fields);
}

} // namespace power
