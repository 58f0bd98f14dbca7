#include "docker/runs.hpp"

#include "docker/engine_error.hpp"
#include "log/log.hpp"

namespace pinion::core {

namespace {

constexpr std::chrono::milliseconds kDrain{1000};  // for the last lines of a container that has died
constexpr std::chrono::milliseconds kSettle{250};  // between looks at one whose console ended
constexpr std::chrono::milliseconds kAgain{2000};  // the engine did not answer
constexpr std::chrono::milliseconds kAnswer{5000}; // of an inspect
constexpr int kLooks = 8;                          // then a running container gets a new console

} // namespace

Runs::RunPtr Runs::find(const ServerId &id) const {
  return state_.with([&](const State &state) {
    const auto found = state.runs.find(id);
    return found == state.runs.end() ? RunPtr() : found->second;
  });
}

Result<void> Runs::connect(const RunPtr &run, Clock::time_point deadline) {
  static const std::string what = "environment/docker: failed to attach to container";
  const auto path = "/containers/" + run->container + "/attach?stream=1&stdin=1&stdout=1&stderr=1";
  auto stream = containers_.engine().hijack("POST", path, true, leftUntil(deadline));
  if (!stream) return during(what, stream.error());
  if (!stream->fd) return engineError(what, stream->status, stream->prefix);
  const auto attachment =
      Attachment::begin(loops_.next(), std::move(stream->fd), std::move(stream->prefix), bus_, run->server->text(),
                        [weak = weak_from_this(), gone = std::weak_ptr<Run>(run)] {
                          const auto self = weak.lock();
                          const auto run = gone.lock();
                          if (self && run) self->look(run);
                        });
  run->looks = 0;
  run->attachment.with([&](auto &current) { current = attachment; });
  if (run->over) attachment->close();
  return {};
}

Result<void> Runs::attach(const ServerPtr &server, Clock::time_point deadline) {
  const auto state = containers_.inspect(server->text(), deadline);
  if (!state) return state.error();
  if (!state->exists)
    return Error{Code::notFound,
                 "environment/docker: failed to attach to container: Error response from daemon: No such container: " +
                     server->text()};
  if (const auto current = find(server->id()); current && current->container == state->id && current->attached())
    return {};
  discard(server->id());
  const auto run = std::make_shared<Run>();
  run->server = server;
  run->container = state->id;
  run->started = state->running;
  const bool stopped = state_.with([&](State &all) {
    if (!all.stopped) all.runs[server->id()] = run;
    return all.stopped;
  });
  if (stopped) return Error{Code::stopping, "environment/docker: the daemon is stopping"};
  const auto connected = connect(run, deadline);
  if (!connected) {
    run->over = true;
    state_.with([&](State &all) {
      const auto found = all.runs.find(server->id());
      if (found != all.runs.end() && found->second == run) all.runs.erase(found);
    });
    return connected.error();
  }
  bus_.publish("container attached", server->text(), "{}");
  if (state->running) figures_->begin(server, run->container, state->pid, state->started_at_ms);
  return {};
}

Result<void> Runs::input(const ServerPtr &server, std::string bytes) {
  const auto run = find(server->id());
  const auto attachment = run ? run->attachment.with([](const auto &current) { return current; }) : nullptr;
  if (!attachment || !attachment->open())
    return Error{Code::notFound, "environment/docker: cannot send command to container: not attached to instance"};
  return attachment->input(std::move(bytes));
}

void Runs::started(const ServerPtr &server) {
  const auto run = find(server->id());
  if (run && !run->started.exchange(true)) beginFigures(run);
}

void Runs::beginFigures(const RunPtr &run) {
  workers_.post([self = shared_from_this(), run] {
    const auto state = self->containers_.inspect(run->container, Clock::now() + kAnswer);
    if (!state || !state->running || run->over) return;
    self->figures_->begin(run->server, run->container, state->pid, state->started_at_ms);
    if (run->over) self->figures_->end(run->server);
  });
}

void Runs::discard(const ServerId &id) {
  const auto run = state_.with([&](State &state) {
    const auto found = state.runs.find(id);
    if (found == state.runs.end()) return RunPtr();
    auto out = found->second;
    state.runs.erase(found);
    return out;
  });
  if (!run) return;
  run->over = true;
  close(run);
  figures_->end(run->server);
}

void Runs::setQuiet(const ServerId &id, bool quiet) {
  if (const auto run = find(id)) run->quiet = quiet;
}

void Runs::close(const RunPtr &run) {
  const auto attachment = run->attachment.with([](const auto &current) { return current; });
  if (attachment) attachment->close();
}

void Runs::event(const ContainerEvent &event) {
  const auto id = ServerId::parse(event.name);
  const auto run = id ? find(*id) : nullptr;
  if (!run || run->container != event.id) return;
  if (event.action == "start" && !run->started.exchange(true)) beginFigures(run);
  if (event.action != "die" && event.action != "destroy") return;
  run->started = true;
  // Its last lines come before its end, when they come at all.
  if (run->attached())
    lookLater(run, kDrain);
  else
    look(run);
}

void Runs::lookAll() {
  const auto runs = state_.with([](const State &state) { return state.runs; });
  for (const auto &entry : runs) look(entry.second);
}

void Runs::lookLater(const RunPtr &run, std::chrono::milliseconds delay) {
  loops_.first().after(delay, [weak = weak_from_this(), run] {
    if (const auto self = weak.lock()) self->look(run);
  });
}

void Runs::look(const RunPtr &run) {
  if (run->over || run->looking.exchange(true)) return;
  const bool posted = workers_.post([self = shared_from_this(), run] {
    const auto state = self->containers_.inspect(run->container, Clock::now() + kAnswer);
    run->looking = false;
    self->conclude(run, state);
  });
  if (posted) return;
  run->looking = false;
  lookLater(run, kAgain);
}

void Runs::conclude(const RunPtr &run, const Result<ContainerState> &state) {
  if (run->over || state_.with([](const State &all) { return all.stopped; })) return;
  const bool attached = run->attached();
  if (!state) return lookLater(run, kAgain);
  if (state->running) {
    if (attached) return;
    if (run->looks++ < kLooks) return lookLater(run, kSettle);
    log::warn("the console of a running server broke: attaching again", {{"server", run->server->text()}});
    if (!connect(run, Clock::now() + kAnswer)) lookLater(run, kAgain);
    return;
  }
  if (run->started) return end(run);
  if (attached) return;                                  // yet to be started
  if (!state->exists) return discard(run->server->id()); // it never ran
  if (state->created) return lookLater(run, kAgain);     // it could not be started: who asked for it ends this
  end(run);
}

void Runs::end(const RunPtr &run) {
  if (run->over.exchange(true)) return;
  state_.with([&](State &state) {
    const auto found = state.runs.find(run->server->id());
    if (found != state.runs.end() && found->second == run) state.runs.erase(found);
  });
  figures_->end(run->server);
  // A console that still has lines to tell (its readers are slow) goes on to its own end.
  if (!run->quiet) bus_.publish("container exited", run->server->text(), "{}");
}

void Runs::stop() {
  const auto runs = state_.with([](State &state) {
    state.stopped = true;
    return std::exchange(state.runs, {});
  });
  for (const auto &entry : runs) {
    entry.second->over = true;
    close(entry.second);
  }
}

} // namespace pinion::core
