#include "power.hpp"

#include "daemon_line.hpp"

#include <algorithm>

namespace power {

namespace {

// Keeps the id of a pending operation where the end of the server finds it.
class PendingId {
public:
  PendingId(Game &game, std::uint64_t *id) : game_(game), id_(id) { game_.pending.push_back(id_); }
  PendingId(const PendingId &) = delete;
  PendingId &operator=(const PendingId &) = delete;
  ~PendingId() { std::erase(game_.pending, id_); }

private:
  Game &game_;
  std::uint64_t *id_;
};

Error endedError(const Game &game, const Action *action) {
  if (game.gone) return {PINION_E_CANCELLED, "the server was deleted"};
  return {PINION_E_CANCELLED, std::string("the start was ended by a ") + action->ended};
}

} // namespace

Result<void> Power::start() {
  onConfig({});
  struct Wanted {
    const char *pattern;
    void (Power::*fn)(const EventView &);
  };
  for (const auto &[pattern, fn] :
       {Wanted{"boot.restore", &Power::onRestore}, Wanted{"server.synced", &Power::onSynced},
        Wanted{"server.disk_exceeded", &Power::onDiskExceeded}, Wanted{"deleted", &Power::onDeleted},
        Wanted{"runtime.*", &Power::onRuntime}, Wanted{"config.changed", &Power::onConfig}})
    if (auto heard = listen(pattern, fn); !heard) return heard;
  if (auto added = addRoutes(); !added) return added;
  return addOffers();
}

void Power::stop() {
  stopping_ = true;
  listening_.clear();
  offers_.clear();
  boot_slots_.abandonAll();
  for (auto &[uuid, game] : games_) {
    game->lock.abandonAll();
    game->container_events.reset();
  }
}

// ---- servers ----------------------------------------------------------------------------------------------------

GamePtr Power::game(const std::string &uuid) {
  auto &slot = games_[uuid];
  if (!slot) slot = std::make_shared<Game>(uuid);
  return slot;
}

GamePtr Power::known(std::string_view uuid) const {
  const auto found = games_.find(uuid);
  return found == games_.end() ? nullptr : found->second;
}

void Power::forget(std::string_view uuid) {
  const auto found = games_.find(uuid);
  if (found == games_.end()) return;
  const GamePtr game = found->second;
  games_.erase(found);
  game->gone = true;
  game->live = false;
  game->container_events.reset();
  game->lock.close();
  breakOff(*game, "deletion");
  // Ending one resumes its coroutine, which takes its id off the list.
  while (!game->pending.empty()) {
    std::uint64_t *const slot = game->pending.back();
    game->pending.pop_back();
    host_.cancel(*slot);
  }
}

void Power::setState(Game &game, State state) {
  if (game.gone || game.state == state) return;
  game.state = state;
  if (const auto set = host_.setState(game.uuid, name(state)); !set)
    complain(game, "failed to set the state of the server", set.error());
}

Profile &Power::profileOf(Game &game) {
  if (game.profile_stale) {
    game.profile =
        readProfile(host_.server(game.uuid, "/configuration"), host_.server(game.uuid, "/process_configuration"));
    game.profile_stale = false;
    for (const auto &entry : game.profile.done.refused()) {
      Json fields;
      fields["server"] = game.uuid;
      fields["entry"] = entry;
      host_.warn("an entry of startup.done is no valid expression and is compared as plain text", fields);
    }
  }
  return game.profile;
}

void Power::say(const Game &game, std::string_view text) {
  if (game.gone) return;
  if (const auto said = host_.publish("console output", game.uuid, daemonLine(app_name_, text), PINION_EVENT_RAW);
      !said)
    complain(game, "failed to publish a console line", said.error());
}

void Power::complain(const Game &game, std::string_view what, const Error &error) {
  Json fields;
  fields["server"] = game.uuid;
  fields["error"] = error.text;
  host_.error(what, fields);
}

Result<void> Power::listen(const std::string &pattern, void (Power::*fn)(const EventView &)) {
  listening_.push_back({pattern, fn, {}});
  return subscribe(listening_.size() - 1);
}

Result<void> Power::subscribe(std::size_t index) {
  auto handle = host_.subscribe(listening_[index].pattern, PINION_POLICY_ALL, [this, index](const EventView &event) {
    if (event.topic != "subscription.ended") return (this->*listening_[index].fn)(event);
    // More came than the queue holds. Those are lost; those to come are not.
    Json fields;
    fields["topic"] = listening_[index].pattern;
    host_.error("events were lost: more came at once than the queue holds", fields);
    if (const auto again = subscribe(index); !again) host_.error(again.error().text, fields);
  });
  if (!handle) return handle.error();
  listening_[index].handle = std::move(*handle);
  return {};
}

// ---- events of the core -----------------------------------------------------------------------------------------

void Power::onRestore(const EventView &event) {
  const Json payload = event.json();
  if (event.server.empty() || !payload.is_object()) return;
  const GamePtr one = game(std::string(event.server));
  if (one->live || booting(*one)) return; // the engine came late, and somebody was quicker
  const bool running = payload.value("running", false);
  const std::string saved = payload.value("state", "offline");
  if (running) {
    one->live = true;
    resetConsole(*one);
    hear(*one);
    setState(*one, State::running);
    host_.spawn(follow(one, false));
  } else if (saved == "running" || saved == "starting") {
    host_.spawn(startAfterBoot(one));
  }
}

void Power::onSynced(const EventView &event) {
  const GamePtr one = known(event.server);
  if (!one) return;
  one->profile_stale = true;
  const Json payload = event.json();
  if (payload.is_object() && payload.value("suspended", false)) {
    if (one->state != State::offline) host_.spawn(stopInBackground(one, 60'000, "suspension"));
    return;
  }
  if (!one->live) return;
  host_.spawn([](Power *self, GamePtr updated) -> Task<void> {
    const Answer answer = co_await self->act(updated, "update", "{}", 10'000);
    if (answer || updated->gone) co_return;
    Json fields;
    fields["server"] = updated->uuid;
    fields["error"] = answer.error().text;
    self->host_.warn("failed to update the resources of the running server", fields);
  }(this, one));
}

void Power::onDiskExceeded(const EventView &event) {
  const GamePtr one = known(event.server);
  if (!one || !one->disk_stop_armed || (one->state != State::running && one->state != State::starting)) return;
  one->disk_stop_armed = false;
  say(*one, "Server is exceeding the assigned disk space limit, stopping process now.");
  host_.spawn(stopInBackground(one, 60'000, "disk limit"));
}

void Power::onDeleted(const EventView &event) { forget(event.server); }

void Power::onRuntime(const EventView &event) {
  if (event.topic != "runtime.found") return;
  runtime_found_.notify();
  // What ended while nobody could be asked was not told.
  std::vector<GamePtr> all;
  for (const auto &[uuid, one] : games_)
    if (one->live && !one->following && !booting(*one)) all.push_back(one);
  for (const auto &one : all) host_.spawn(follow(one, false));
}

void Power::onConfig(const EventView &) {
  const Json app_name = host_.node("/app_name");
  app_name_ = app_name.is_string() ? app_name.get<std::string>() : "Pterodactyl";
}

// ---- operations that end with the server ------------------------------------------------------------------------

Task<Answer> Power::act(GamePtr game, std::string verb, std::string args, std::uint32_t deadline_ms, ActionPtr action) {
  if (game->gone || (action && action->ended != nullptr)) co_return endedError(*game, action.get());
  std::uint64_t id = 0;
  std::uint64_t *const slot = action ? &action->pending : &id;
  const PendingId pending(*game, slot);
  auto operation = host_.act(game->uuid, verb, args, deadline_ms, slot);
  Answer answer = co_await operation;
  if (game->gone || (action && action->ended != nullptr)) co_return endedError(*game, action.get());
  co_return answer;
}

Task<Answer> Power::call(GamePtr game, std::string address, std::string payload, std::uint32_t deadline_ms,
                         ActionPtr action) {
  if (game->gone || (action && action->ended != nullptr)) co_return endedError(*game, action.get());
  std::uint64_t id = 0;
  std::uint64_t *const slot = action ? &action->pending : &id;
  const PendingId pending(*game, slot);
  auto operation = host_.call(address, game->uuid, payload, deadline_ms, slot);
  Answer answer = co_await operation;
  if (game->gone || (action && action->ended != nullptr)) co_return endedError(*game, action.get());
  co_return answer;
}

} // namespace power
