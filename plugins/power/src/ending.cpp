// All ways to end: stop, kill, crash, and what the engine tells by itself. Contract docker.md 5.3 and 8.
#include "crash_rule.hpp"
#include "power.hpp"

#include <algorithm>

namespace power {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t inspect_ms = 10'000;
constexpr std::uint32_t signal_ms = 10'000;
constexpr std::uint32_t settle_ms = 5'000; // between the end of the console and the end of the container
constexpr std::uint32_t attach_ms = 30'000;
constexpr std::uint32_t retry_ms = 5'000;
constexpr std::uint32_t record_ms = 60'000;
constexpr std::uint32_t step_ms = 60'000;
constexpr std::uint32_t restart_wait_ms = 30'000;
constexpr std::uint32_t restart_pause_ms = 1'000;
constexpr int restart_attempts = 3;
constexpr std::chrono::seconds said_stop_holds{30};

struct Inspected {
  bool exists = false, running = false;
  Exit exit;
};

Inspected readInspect(const std::string &text) {
  Inspected out;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return out;
  out.exists = json.value("exists", false);
  out.running = json.value("running", false);
  out.exit.code = json.value("exit_code", std::int64_t{0});
  out.exit.out_of_memory = json.value("oom_killed", false);
  if (!out.exists) out.exit = {1, false};
  return out;
}

} // namespace

// ---- stop and kill ----------------------------------------------------------------------------------------------

Task<Result<void>> Power::waitForStop(GamePtr game, std::uint32_t deadline_ms, bool kill) {
  Result<bool> issued = co_await issueStop(game, deadline_ms);
  if (issued && *issued) co_return Result<void>();
  std::string why;
  if (issued) {
    const Answer waited = co_await act(game, "wait", "{}", deadline_ms);
    if (waited) {
      endedBy(game);
      co_return Result<void>();
    }
    why = waited.error().text;
  } else {
    why = issued.error().text;
  }
  if (game->gone) co_return Error{PINION_E_CANCELLED, "the server was deleted"};
  if (!kill)
    co_return Error{PINION_E_TIMEOUT,
                    "environment/docker: error waiting on container to enter \"not-running\" state: " + why};
  co_return co_await terminate(game);
}

Task<Result<bool>> Power::issueStop(GamePtr game, std::uint32_t deadline_ms) {
  const Answer found = co_await act(game, "inspect", "{}", inspect_ms);
  if (!found) co_return found.error();
  if (!readInspect(*found).running) {
    endedBy(game);
    co_return true;
  }
  co_await runStopSteps(game);
  if (game->gone) co_return Error{PINION_E_CANCELLED, "the server was deleted"};
  const StopWay way = profileOf(*game).stop;
  setState(*game, State::stopping);
  switch (way.kind) {
  case StopWay::Kind::kill: {
    Result<void> terminated = co_await terminate(game);
    if (!terminated) co_return terminated.error();
    co_return true;
  }
  case StopWay::Kind::signal: {
    Json args;
    args["signal"] = way.value;
    const Answer sent = co_await act(game, "signal", args.dump(), signal_ms);
    if (!sent) co_return sent.error();
    co_return false;
  }
  case StopWay::Kind::command:
    if (host_.input(game->uuid, way.value + "\n")) co_return false;
    break; // no console, or a game that does not read: the engine's own stop is left
  case StopWay::Kind::native: break;
  }
  const Answer stopped = co_await act(game, "stop", "{\"timeout\":-1}", deadline_ms);
  if (!stopped) co_return stopped.error();
  endedBy(game);
  co_return true;
}

Task<void> Power::runStopSteps(GamePtr game) {
  for (const auto &step : orderedSteps(host_.listOffers("stop-step/"))) {
    const Answer answer = co_await call(game, step.address, "{}", step_ms, nullptr);
    if (game->gone) co_return;
    if (!answer) complain(*game, "a step before the stop failed: " + step.address, answer.error());
  }
}

Task<Result<void>> Power::terminate(GamePtr game) {
  const Answer found = co_await act(game, "inspect", "{}", inspect_ms);
  if (!found) co_return found.error();
  if (!readInspect(*found).running) {
    endedBy(game);
    co_return Result<void>();
  }
  setState(*game, State::stopping);
  // Twice: an engine under load may answer the first one late.
  for (int attempt = 0;; ++attempt) {
    const Answer sent = co_await act(game, "signal", "{\"signal\":\"SIGKILL\"}", signal_ms);
    Answer waited = sent;
    if (sent) waited = co_await act(game, "wait", "{}", signal_ms);
    if (waited) break;
    if (game->gone || attempt == 1)
      co_return Error{waited.error().code, "failed to kill the server: " + waited.error().text};
  }
  endedBy(game);
  co_return Result<void>();
}

// ---- the end ----------------------------------------------------------------------------------------------------

void Power::endedBy(const GamePtr &game) {
  if (game->state != State::offline) setState(*game, State::stopping);
  ended(game);
}

void Power::ended(const GamePtr &game) {
  const State before = game->state;
  game->live = false;
  setState(*game, State::offline);
  if (before != State::starting && before != State::running) return;
  if (game->said_stop && Clock::now() - *game->said_stop < said_stop_holds) return;
  host_.spawn(handleCrash(game));
}

Task<void> Power::follow(GamePtr game, bool ending) {
  if (game->following) co_return;
  struct Following {
    explicit Following(Game &g) : game(g) { game.following = true; }
    ~Following() { game.following = false; }
    Game &game;
  } const scope(*game);
  std::uint64_t run = game->run;
  while (game->live && !game->gone && !booting(*game)) {
    if (run != game->run) { // another container by now: only a told end of it concerns us
      run = game->run;
      ending = std::exchange(game->exit_seen, false);
      if (!ending) co_return;
    }
    bool running = true;
    bool known = true;
    if (ending) {
      // The console ends a moment before the container does.
      const Answer waited = co_await act(game, "wait", "{}", settle_ms);
      running = !waited;
      known = waited || waited.error().code == PINION_E_TIMEOUT;
    } else {
      const Answer found = co_await act(game, "inspect", "{}", inspect_ms);
      known = static_cast<bool>(found);
      if (known) running = readInspect(*found).running;
    }
    if (game->gone || !game->live || run != game->run || booting(*game)) continue;
    if (known && !running) {
      ended(game);
      co_return;
    }
    if (known) {
      game->exit_seen = false;
      const Answer attached = co_await act(game, "attach", "{}", attach_ms);
      if (run != game->run) continue;
      ending = std::exchange(game->exit_seen, false);
      if (attached && !ending) co_return;
      if (ending) continue;
      if (!game->gone) complain(*game, "failed to attach to the running container", attached.error());
    }
    co_await runtime_found_.wait(host_, retry_ms);
  }
}

// ---- crashes ----------------------------------------------------------------------------------------------------

Task<void> Power::handleCrash(GamePtr game) {
  const std::uint64_t actions = game->actions;
  if (!profileOf(*game).crash_detection) {
    say(*game, "Aborting automatic restart, crash detection is disabled for this instance.");
    co_return;
  }
  const Answer found = co_await act(game, "inspect", "{}", inspect_ms);
  if (game->gone) co_return;
  if (!found) {
    say(*game, "Server crash was detected but an error occurred while handling it.");
    complain(*game, "failed to handle a server crash", found.error());
    co_return;
  }
  const Exit exit = readInspect(*found).exit;
  const Json clean = host_.node("/system/crash_detection/detect_clean_exit_as_crash");
  const Json timeout = host_.node("/system/crash_detection/timeout");
  CrashPolicy policy;
  if (clean.is_boolean()) policy.clean_exit_is_crash = clean.get<bool>();
  if (timeout.is_number_integer()) policy.timeout = std::chrono::seconds(timeout.get<std::int64_t>());

  const CrashVerdict verdict = judge(exit, policy, game->last_crash, Clock::now());
  if (verdict == CrashVerdict::no_crash) co_return;
  say(*game, "---------- Detected server process in a crashed state! ----------");
  say(*game, "Exit code: " + std::to_string(exit.code));
  say(*game, std::string("Out of memory: ") + (exit.out_of_memory ? "true" : "false"));
  if (verdict == CrashVerdict::too_soon) {
    say(*game, "Aborting automatic restart, last crash occurred less than " + std::to_string(policy.timeout.count()) +
                   " seconds ago.");
    co_return;
  }
  game->last_crash = Clock::now();
  co_await reportCrash(game, exit.code, exit.out_of_memory);
  if (game->gone || game->actions != actions) co_return;
  co_await restartAfterCrash(game);
}

Task<void> Power::reportCrash(GamePtr game, std::int64_t code, bool out_of_memory) {
  const Json wanted = host_.node("/system/crash_detection_activity_lines");
  const std::int64_t lines = wanted.is_number_integer() ? wanted.get<std::int64_t>() : 2;
  Json logs = Json::array();
  if (lines > 0) {
    Json args;
    args["tail"] = std::min<std::int64_t>(lines, 100);
    const Answer told = co_await act(game, "logs", args.dump(), inspect_ms);
    if (told) logs = Json::parse(*told, nullptr, false);
  }
  if (game->gone) co_return;
  Json activity;
  activity["server"] = game->uuid;
  activity["user"] = nullptr;
  activity["ip"] = "127.0.0.1";
  activity["event"] = "server:crashed";
  activity["metadata"]["exit_code"] = code;
  activity["metadata"]["oomkilled"] = out_of_memory;
  activity["metadata"]["logs"] = logs.is_array() ? logs : Json::array();
  const std::string entry = activity.dump(-1, ' ', false, Json::error_handler_t::replace);
  host_.spawn(recordActivity(game, entry));
}

// The restart does not wait for it. A node without an activity log is no failure.
Task<void> Power::recordActivity(GamePtr game, std::string entry) {
  const Answer kept = co_await host_.call("activity/record", game->uuid, std::move(entry), record_ms);
  if (!kept && kept.error().code != PINION_E_NOT_FOUND) complain(*game, "a crash was not recorded", kept.error());
}

Task<void> Power::restartAfterCrash(GamePtr game) {
  for (int attempt = 1;; ++attempt) {
    const std::uint64_t actions = game->actions;
    Result<void> started;
    {
      const bool acquired = co_await acquire(game->lock, restart_wait_ms);
      const ActionLockGuard guard(game->lock, acquired);
      // Who asked for something meanwhile is right.
      if (game->gone || game->actions != actions || game->state != State::offline) co_return;
      if (!acquired) {
        started = Error{PINION_E_BUSY, "another power action is being processed"};
      } else if (auto allowed = preCheck(*game); !allowed) {
        started = allowed;
      } else {
        const CurrentAction current(game);
        started = co_await boot(game, current.get());
      }
    }
    if (started || game->gone || started.error().code == PINION_E_CANCELLED) co_return;
    if (started.error().code != PINION_E_IO || attempt == restart_attempts) {
      say(*game, "Server crash was detected but an error occurred while handling it.");
      complain(*game, "failed to handle a server crash", started.error());
      co_return;
    }
    // The engine may still be removing what was there.
    co_await host_.sleep(restart_pause_ms);
  }
}

} // namespace power
