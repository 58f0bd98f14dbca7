// The parts of pinion::Host that need it complete. Included by plugin.hpp.
#pragma once

namespace pinion {
inline namespace v0 {

template <typename F> void Host::KeptBase::guard(F f) noexcept {
  Shared *shared = owner;
  ++running;
  try {
    f();
  } catch (const std::exception &e) {
    shared->complain(e.what());
  } catch (...) {
    shared->complain("an exception that is no std::exception");
  }
  --running;
  if (dropped && running == 0) delete this;
}

inline void Host::Shared::add(KeptBase *one) {
  const std::lock_guard lock(mutex);
  one->index = kept.size();
  kept.push_back(one);
}

inline void Host::Shared::drop(KeptBase *one) {
  {
    const std::lock_guard lock(mutex);
    kept[one->index] = kept.back();
    kept[one->index]->index = one->index;
    kept.pop_back();
  }
  if (one->running > 0)
    one->dropped = true;
  else
    delete one;
}

// The root of a spawned coroutine: awaits the task, logs what it threw, and frees itself.
struct Host::Root {
  struct promise_type {
    std::shared_ptr<Shared> shared;
    promise_type(const std::shared_ptr<Shared> &s, Task<void> &) : shared(s) {}
    Root get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept {
      const std::lock_guard lock(shared->mutex);
      shared->roots.push_back(std::coroutine_handle<promise_type>::from_promise(*this));
      return {};
    }
    std::suspend_never final_suspend() noexcept {
      const std::lock_guard lock(shared->mutex);
      std::erase(shared->roots, std::coroutine_handle<>(std::coroutine_handle<promise_type>::from_promise(*this)));
      return {};
    }
    void return_void() {}
    void unhandled_exception() noexcept {
      try {
        throw;
      } catch (const std::exception &e) {
        shared->complain(e.what());
      } catch (...) {
        shared->complain("an exception that is no std::exception");
      }
    }
  };
  static Root start(std::shared_ptr<Shared>, Task<void> task) { co_await task; }
};

inline void Host::spawn(Task<void> task) const { Root::start(s_, std::move(task)); }

inline void Host::Shared::release() {
  std::vector<std::coroutine_handle<>> frames;
  {
    const std::lock_guard lock(mutex);
    frames.swap(roots);
  }
  for (auto frame : frames) frame.destroy();
  const std::lock_guard lock(mutex);
  for (auto *one : kept) delete one;
  kept.clear();
}

struct Host::SleepAwaiter {
  Host host;
  uint32_t ms;
  Handle timer;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    auto made = host.timer(ms, 0, [waiter] { waiter.resume(); });
    if (!made) return false;
    timer = std::move(*made);
    return true;
  }
  void await_resume() { timer.reset(); }
};

inline Host::SleepAwaiter Host::sleep(uint32_t ms) const { return {*this, ms, {}}; }

template <typename F> struct Host::RunAwaiter {
  using Value = std::invoke_result_t<F>;
  RunAwaiter(Host h, F f) : host(std::move(h)), fn(std::move(f)) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    waiter = handle;
    uint64_t id = 0;
    detail::ErrorSlot slot;
    const pinion_status status =
        host.s_->tasks->run(host.s_->raw, &RunAwaiter::work, &RunAwaiter::done, this, &id, slot.get());
    if (status == PINION_OK) return true;
    failure = std::make_exception_ptr(std::runtime_error(slot.take(status).text));
    return false;
  }
  Value await_resume() {
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }
  static pinion_status work(void *user) noexcept {
    auto *self = static_cast<RunAwaiter *>(user);
    try {
      self->value.emplace(self->fn());
    } catch (...) {
      self->failure = std::current_exception();
    }
    return PINION_OK;
  }
  static void done(void *user, pinion_status status, pinion_span) noexcept {
    auto *self = static_cast<RunAwaiter *>(user);
    if (!self->value && !self->failure)
      self->failure = std::make_exception_ptr(
          std::runtime_error(status == PINION_E_STOPPING ? "the daemon is stopping" : "the work was not done"));
    self->waiter.resume();
  }
  Host host;
  F fn;
  std::coroutine_handle<> waiter;
  std::optional<Value> value;
  std::exception_ptr failure;
};

// Something that coroutines of one lane wait for. Not thread-safe: all use on the lane.
class Signal {
public:
  Signal() = default;
  Signal(const Signal &) = delete;
  Signal &operator=(const Signal &) = delete;
  // Resumes all who wait, at once, in the order they came.
  void notify() {
    auto waiting = std::exchange(waiting_, {});
    for (auto *one : waiting) one->signal = nullptr;
    for (auto *one : waiting) one->wake(true);
  }
  // co_await signal.wait(host, ms): true when notified, false when the time passed first.
  auto wait(const Host &host, uint32_t ms) { return Awaiter(*this, host, ms); }

private:
  struct Awaiter {
    Awaiter(Signal &s, Host h, uint32_t t) : signal(&s), host(std::move(h)), ms(t) {}
    Awaiter(const Awaiter &) = delete;
    Awaiter &operator=(const Awaiter &) = delete;
    ~Awaiter() {
      if (signal != nullptr) std::erase(signal->waiting_, this);
    }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      waiter = handle;
      auto made = host.timer(ms, 0, [this] { wake(false); });
      if (!made) {
        signal = nullptr;
        return false;
      }
      timer = std::move(*made);
      signal->waiting_.push_back(this);
      return true;
    }
    bool await_resume() {
      timer.reset();
      return notified;
    }
    void wake(bool by_signal) {
      if (!waiter) return;
      notified = by_signal;
      if (signal != nullptr) std::erase(signal->waiting_, this);
      signal = nullptr;
      std::exchange(waiter, nullptr).resume();
    }
    Signal *signal;
    Host host;
    uint32_t ms;
    Handle timer;
    std::coroutine_handle<> waiter;
    bool notified = false;
  };
  std::vector<Awaiter *> waiting_;
};

} // namespace v0
} // namespace pinion
