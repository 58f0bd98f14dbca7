// What containers print: done detection, throttle, and on to the sockets. Contract docker.md 6 and 7.
#include "power.hpp"

namespace power {

namespace {

std::uint64_t number(const Json &value, std::uint64_t otherwise) {
  return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0)
             ? value.get<std::uint64_t>()
             : otherwise;
}

} // namespace

void Power::resetConsole(Game &game) {
  const Json enabled = host_.node("/throttles/enabled");
  game.throttle = Throttle(!enabled.is_boolean() || enabled.get<bool>(), number(host_.node("/throttles/lines"), 2000),
                           std::chrono::milliseconds(number(host_.node("/throttles/line_reset_interval"), 100)));
  game.disk_stop_armed = true;
  game.said_stop.reset();
}

// One subscription for all the container says, so that its end comes after its last line. Kept until the server goes.
void Power::hear(Game &game) {
  if (game.container_events) return;
  auto handle = host_.subscribe("container *@" + game.uuid, PINION_POLICY_DROP_OLDEST,
                                [this, &game](const EventView &event) { onContainer(game, event); });
  if (handle)
    game.container_events = std::move(*handle);
  else
    complain(game, "the console cannot be followed", handle.error());
}

void Power::onContainer(Game &game, const EventView &event) {
  if (event.topic == "container output") {
    onLine(game, event.payload);
  } else if (event.topic == "container exited") {
    if (!game.live) return;
    game.exit_seen = true;
    // While a start is under way or follow() runs, they look at it in their turn.
    if (game.following || booting(game)) return;
    game.exit_seen = false;
    host_.spawn(follow(games_.find(game.uuid)->second, true));
  } else if (event.topic == "container pull" && game.pulling) {
    if (const auto told = host_.publish("install output", game.uuid, event.payload, PINION_EVENT_RAW); !told)
      complain(game, "failed to publish the progress of a pull", told.error());
  }
}

void Power::onLine(Game &game, std::string_view line) {
  switch (game.throttle.line(Throttle::Clock::now())) {
  case Throttle::Verdict::pass:
    if (const auto told = host_.publish("console output", game.uuid, line, PINION_EVENT_RAW); !told)
      complain(game, "failed to publish a console line", told.error());
    break;
  case Throttle::Verdict::first_drop:
    say(game, "Server is outputting console data too quickly -- throttling...");
    break;
  case Throttle::Verdict::drop: break;
  }
  // After the line itself: whoever watches sees what made the server running before it is.
  if (game.state == State::starting || game.state == State::running) {
    if (game.state == State::starting && profileOf(game).done.matches(line)) setState(game, State::running);
    // Its own stop command: what follows is an end that was meant. Existing daemons call it offline at once, and so
    // start a server again that still runs.
    const StopWay &way = profileOf(game).stop;
    if (way.kind == StopWay::Kind::command && line == way.value) game.said_stop = std::chrono::steady_clock::now();
  }
}

Result<void> Power::sendCommand(Game &game, const std::string &command) {
  if (const auto taken = host_.input(game.uuid, command + "\n"); !taken) {
    constexpr std::string_view prefix = "environment/docker: ";
    const std::string &why = taken.error().text;
    Error error = taken.error();
    if (error.code == PINION_E_NOT_FOUND)
      error.text = "environment/docker: cannot send command to container: not attached to instance";
    else if (!why.starts_with(prefix))
      error.text = "environment/docker: cannot send command to container: " + why;
    Json fields;
    fields["server"] = game.uuid;
    fields["error"] = error.text;
    host_.warn("a command was not taken by the console", fields);
    return error;
  }
  // The stop command typed by somebody: the end that follows is no crash.
  const StopWay &way = profileOf(game).stop;
  if (way.kind == StopWay::Kind::command && command == way.value &&
      (game.state == State::starting || game.state == State::running))
    setState(game, State::stopping);
  return {};
}

} // namespace power
