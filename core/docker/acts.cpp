#include "docker/acts.hpp"

namespace pinion::core {

void Act::finish(Result<std::string> answer) {
  if (over_.exchange(true)) return;
  if (const auto owner = owner_.lock()) owner->ended(*this);
  undo_.with([](Undo &undo) { undo.actions.clear(); });
  const auto done = std::move(done_);
  if (done) done(std::move(answer));
}

void Act::abandon(Error reason) {
  if (over_.exchange(true)) return;
  if (const auto owner = owner_.lock()) owner->ended(*this);
  auto actions = undo_.with([](Undo &undo) {
    undo.abandoned = true;
    return std::move(undo.actions);
  });
  for (const auto &action : actions) action();
  const auto done = std::move(done_);
  if (done) done(std::move(reason));
}

void Act::onAbandoned(std::function<void()> undo) {
  const bool late = undo_.with([&](Undo &state) {
    if (!state.abandoned && !over_) state.actions.push_back(undo);
    return state.abandoned;
  });
  if (late) undo();
}

std::chrono::milliseconds Act::left() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

ActPtr Acts::begin(ServerPtr server, std::chrono::milliseconds deadline, Runtime::Done done) {
  auto act = std::make_shared<Act>(next_++, std::move(server), Clock::now() + deadline, std::move(done));
  act->owner_ = weak_from_this();
  // Before it is known to anybody else, so that its end always finds the timer.
  act->timer_ = timers_.after(deadline, [weak = std::weak_ptr<Act>(act)] {
    if (const auto late = weak.lock()) late->abandon({Code::timeout, "environment/docker: context deadline exceeded"});
  });
  const bool stopped = state_.with([&](State &state) {
    if (!state.stopped) state.acts.emplace(act->id(), act);
    return state.stopped;
  });
  if (stopped) act->abandon({Code::stopping, "environment/docker: the daemon is stopping"});
  return act;
}

void Acts::ended(const Act &act) {
  timers_.cancel(act.timer_);
  state_.with([&](State &state) { state.acts.erase(act.id()); });
}

void Acts::cancel(Runtime::ActId id) {
  const auto act = state_.with([&](State &state) {
    const auto found = state.acts.find(id);
    return found == state.acts.end() ? ActPtr() : found->second;
  });
  if (act) act->abandon({Code::cancelled, "environment/docker: context canceled"});
}

void Acts::stop() {
  const auto acts = state_.with([](State &state) {
    state.stopped = true;
    return state.acts;
  });
  for (const auto &entry : acts) entry.second->abandon({Code::stopping, "environment/docker: the daemon is stopping"});
}

std::size_t Acts::size() const {
  return state_.with([](const State &state) { return state.acts.size(); });
}

} // namespace pinion::core
