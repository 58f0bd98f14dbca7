// The parts of pinion::Host that need it complete: spawned coroutines and sleeping. Included by host.hpp.
#pragma once

namespace pinion {
inline namespace v0 {

// The root of a spawned coroutine: awaits the task, logs what it threw, and frees itself.
struct Host::Root {
  struct promise_type {
    std::shared_ptr<detail::HostState> state;
    std::list<std::coroutine_handle<>>::iterator place;
    promise_type(const std::shared_ptr<detail::HostState> &s, Task<void> &) : state(s) {}
    Root get_return_object() { return {}; }
    std::suspend_never initial_suspend() {
      const std::lock_guard lock(state->mutex);
      place = state->roots.insert(state->roots.end(), std::coroutine_handle<promise_type>::from_promise(*this));
      return {};
    }
    std::suspend_never final_suspend() noexcept {
      const std::lock_guard lock(state->mutex);
      state->roots.erase(place);
      return {};
    }
    void return_void() {}
    void unhandled_exception() noexcept {
      try {
        throw;
      } catch (const std::exception &e) {
        state->complain(e.what());
      } catch (...) {
        state->complain("an exception that is no std::exception");
      }
    }
  };
  static Root start(std::shared_ptr<detail::HostState>, Task<void> task) { co_await task; }
};

// A coroutine that was spawned off the lane: waits for a timer of 0 ms.
struct Host::Later : detail::Kept {
  Later(std::shared_ptr<detail::HostState> s, Task<void> t) : state(std::move(s)), task(std::move(t)) {}
  std::shared_ptr<detail::HostState> state;
  Task<void> task;
};

inline void Host::spawn(Task<void> task) const {
  if (detail::lane_here == s_.get()) {
    Root::start(s_, std::move(task));
    return;
  }
  const auto later = keep<Later>(s_, std::move(task));
  detail::ErrorSlot slot;
  uint64_t id = 0;
  pinion_status status = PINION_E_UNSUPPORTED;
  if (PINION_HAS(s_->timers, after))
    status = s_->timers->after(
        s_->raw, 0, 0,
        [](void *user) noexcept {
          auto *self = static_cast<Later *>(user);
          self->guard([&] {
            self->owner->drop(self);
            Root::start(self->state, std::move(self->task));
          });
        },
        later.get(), &id, slot.get());
  if (status == PINION_OK) return;
  s_->drop(later.get());
  error("a coroutine could not be started", Json{{"error", slot.take(status).text}});
}

struct Host::SleepAwaiter {
  Host host;
  uint32_t ms;
  Handle timer;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    auto made = host.timer(ms, 0, [waiter] { waiter.resume(); });
    if (!made) throw std::runtime_error("cannot sleep: " + made.error().text);
    timer = std::move(*made);
    return true;
  }
  void await_resume() { timer.reset(); }
};

inline Host::SleepAwaiter Host::sleep(uint32_t ms) const { return {*this, ms, {}}; }

} // namespace v0
} // namespace pinion
