// Signal: something that coroutines of one lane wait for.
#pragma once

#include <pinion/cpp/host.hpp>

namespace pinion {
inline namespace v0 {

// Not thread-safe: all use on the lane. May go while coroutines wait for it; they then wait for their time to pass.
class Signal {
public:
  Signal() = default;
  Signal(const Signal &) = delete;
  Signal &operator=(const Signal &) = delete;
  ~Signal() {
    for (auto *one : waiting_) one->signal = nullptr;
  }
  // Resumes all who wait, at once, in the order they came. Who begins to wait meanwhile is not meant.
  void notify() {
    auto waiting = std::exchange(waiting_, {});
    for (auto *one : waiting) one->signal = nullptr;
    for (auto *one : waiting) one->wake(true);
  }
  // co_await signal.wait(host, ms): true when notified, false when the time passed first. Throws when the daemon gives
  // no timer.
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
      if (!made) throw std::runtime_error("cannot wait: " + made.error().text);
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
