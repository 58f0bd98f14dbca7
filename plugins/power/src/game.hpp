// What the plugin knows of one server. All use on the lane.
#pragma once

#include "action_lock.hpp"
#include "profile.hpp"
#include "throttle.hpp"

#include <pinion/cpp/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace power {

enum class State { offline, starting, running, stopping };

constexpr const char *name(State state) {
  switch (state) {
  case State::starting: return "starting";
  case State::running: return "running";
  case State::stopping: return "stopping";
  case State::offline: break;
  }
  return "offline";
}

// A power action that holds the lock.
struct Action {
  bool booting = false;        // between the beginning of a start and the running container
  bool launched = false;       // the engine was told to start the container: from now on it may be running
  const char *ended = nullptr; // "kill", "stop", ...: who ended it before its time; it does not go on
  std::uint64_t pending = 0;   // the call or act it waits for while booting
};
using ActionPtr = std::shared_ptr<Action>;

struct Game {
  explicit Game(std::string id) : uuid(std::move(id)) {}
  const std::string uuid;

  State state = State::offline; // only this plugin sets the state, so this is what the registry holds
  bool gone = false;            // deleted: nothing more is done for it
  bool live = false;            // a container is attached: its output and its end are ours
  std::uint64_t run = 0;        // which container that is, counted
  bool following = false;       // follow() runs
  bool exit_seen = false;       // its end was told while nobody could look at it
  bool pulling = false;         // progress of a pull is ours to tell
  bool profile_stale = true;
  Profile profile;
  Throttle throttle;
  bool disk_stop_armed = true;

  ActionLock lock;
  ActionPtr action;          // of who holds the lock
  std::uint64_t actions = 0; // how many were asked for; an automatic restart gives way to a newer one
  std::vector<std::uint64_t *> pending;

  std::optional<std::chrono::steady_clock::time_point> last_crash;
  // The server printed its own stop command: an end soon after is no crash.
  std::optional<std::chrono::steady_clock::time_point> said_stop;
  pinion::Handle container_events;
};
using GamePtr = std::shared_ptr<Game>;

inline bool booting(const Game &game) { return game.action && game.action->booting; }

// Makes an action the current one of its server while it lives.
class CurrentAction {
public:
  explicit CurrentAction(GamePtr game) : game_(std::move(game)) { game_->action = std::make_shared<Action>(); }
  CurrentAction(const CurrentAction &) = delete;
  CurrentAction &operator=(const CurrentAction &) = delete;
  ~CurrentAction() { game_->action.reset(); }
  [[nodiscard]] const ActionPtr &get() const { return game_->action; }

private:
  GamePtr game_;
};

} // namespace power
