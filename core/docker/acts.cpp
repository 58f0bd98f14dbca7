#include "docker/acts.hpp"

namespace pinion::core {

void Act::finish(Result<std::string> answer) {
  if (over_.exchange(true)) return;
  if (const auto owner = owner_.lock()) owner->ended(*this);
  const auto dropped = undo_.with([](Undo &undo) {
    undo.finished = true;
    return std::move(undo.actions);
  });
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
    if (!state.abandoned && !state.finished) state.actions.push_back(undo);
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
  // The timer and the entry together: an act that is late at once finds both when it ends.
  const bool stopped = state_.with([&](State &state) {
    act->timer_ = timers_.after(deadline, [weak = std::weak_ptr<Act>(act)] {
      if (const auto late = weak.lock())
        late->abandon({Code::timeout, "environment/docker: context deadline exceeded"});
    });
    if (!state.stopped) state.acts.emplace(act->id(), act);
    return state.stopped;
  });
  if (stopped) act->abandon({Code::stopping, "environment/docker: the daemon is stopping"});
  return act;
}

void Acts::ended(const Act &act) {
  const auto timer = state_.with([&](State &state) {
    state.acts.erase(act.id());
    return act.timer_;
  });
  timers_.cancel(timer);
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
