#include "docker/waiting.hpp"

#include <algorithm>

namespace pinion::core {

void Waiting::start(std::chrono::milliseconds period) {
  timer_ = loop_.after(
      period,
      [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->lookAll();
      },
      period);
}

void Waiting::stop() {
  loop_.cancel(timer_);
  waiters_.with([](auto &waiters) { waiters.clear(); });
}

void Waiting::add(const ActPtr &act, const std::string &name, Then then) {
  const auto waiter = std::make_shared<Waiter>();
  waiter->act = act;
  waiter->name = name;
  waiter->then = std::move(then);
  waiters_.with([&](auto &waiters) { waiters.push_back(waiter); });
  act->onAbandoned([weak = weak_from_this(), gone = std::weak_ptr<Waiter>(waiter)] {
    const auto self = weak.lock();
    const auto waiter = gone.lock();
    if (self && waiter) self->forget(waiter);
  });
  look(waiter);
}

void Waiting::look(const std::string &name) {
  const auto all = waiters_.with([](const auto &waiters) { return waiters; });
  for (const auto &waiter : all)
    if (waiter->name == name) look(waiter);
}

void Waiting::lookAll() {
  const auto all = waiters_.with([](const auto &waiters) { return waiters; });
  for (const auto &waiter : all) look(waiter);
}

void Waiting::look(const std::shared_ptr<Waiter> &waiter) {
  waiter->again = true;
  if (waiter->looking.exchange(true)) return; // the look under way looks once more
  const bool posted = workers_.post([self = shared_from_this(), waiter] {
    while (true) {
      while (waiter->again.exchange(false)) self->check(waiter);
      waiter->looking = false;
      if (!waiter->again || waiter->looking.exchange(true)) return;
    }
  });
  if (!posted) waiter->looking = false; // the next look comes with the timer
}

void Waiting::check(const std::shared_ptr<Waiter> &waiter) {
  if (waiter->act->over()) return forget(waiter);
  const auto limit = std::min(waiter->act->left(), std::chrono::milliseconds(5000));
  const auto state = containers_.inspect(waiter->name, Clock::now() + limit);
  if (!state || state->running) return; // an engine that does not answer is asked again
  forget(waiter);
  const auto then = std::exchange(waiter->then, nullptr);
  if (then) then();
}

void Waiting::forget(const std::shared_ptr<Waiter> &waiter) {
  waiters_.with(
      [&](auto &waiters) { waiters.erase(std::remove(waiters.begin(), waiters.end(), waiter), waiters.end()); });
}

} // namespace pinion::core
