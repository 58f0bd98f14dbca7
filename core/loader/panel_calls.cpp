#include "loader/panel_calls.hpp"

namespace pinion::core {

namespace {

constexpr std::size_t kAtOnce = 4;
constexpr std::size_t kMaxWaiting = 1024;

} // namespace

bool PanelCalls::post(std::function<void()> call) {
  return waiting_.with([&](Waiting &w) {
    if (w.calls.size() >= kMaxWaiting) return false;
    if (w.running < kAtOnce) {
      // run() cannot begin before this lock is given back.
      if (workers_.post([self = shared_from_this()] { self->run(); }))
        ++w.running;
      else if (w.running == 0)
        return false;
    }
    w.calls.push_back(std::move(call));
    return true;
  });
}

void PanelCalls::run() {
  while (true) {
    auto call = waiting_.with([](Waiting &w) -> std::function<void()> {
      if (w.calls.empty()) {
        --w.running;
        return nullptr;
      }
      auto first = std::move(w.calls.front());
      w.calls.pop_front();
      return first;
    });
    if (!call) return;
    call();
  }
}

} // namespace pinion::core
