// What host.call, act, panel, run and sleep give to co_await. Included by host.hpp.
//
// A frame may be destroyed while it waits (release() at stop). So the daemon is never given a pointer into a frame: its
// `user` is an object of its own, which forgets the awaiter when that goes first.
#pragma once

#include <pinion/cpp/detail/host_state.hpp>

#include <condition_variable>
#include <coroutine>
#include <exception>
#include <stdexcept>
#include <type_traits>

namespace pinion {
inline namespace v0 {

// What an asynchronous host function answered: on success the answer's bytes, else status and text.
using Answer = Result<std::string>;

namespace detail {

// Suspends until a pinion_done_fn comes. `begin(done, user, &id, error)` starts the operation.
class DoneAwaiter {
public:
  using Begin = std::function<pinion_status(pinion_done_fn, void *, uint64_t *, pinion_error *)>;
  DoneAwaiter(std::shared_ptr<HostState> state, Begin begin, uint64_t *id,
              std::function<void(const Json &)> on_progress = {})
      : state_(std::move(state)), begin_(std::move(begin)), id_(id), on_progress_(std::move(on_progress)) {}
  DoneAwaiter(const DoneAwaiter &) = delete;
  DoneAwaiter &operator=(const DoneAwaiter &) = delete;
  ~DoneAwaiter() {
    if (pending_) pending_->awaiter = nullptr;
  }
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    pending_ = std::make_shared<Pending>(this, std::move(on_progress_));
    state_->addPending(pending_);
    ErrorSlot slot;
    uint64_t id = 0;
    // On the lane, `done` can only come after this function returned to the lane: no race with the lines below.
    const pinion_status status = begin_(&DoneAwaiter::done, pending_.get(), &id, slot.get());
    if (status != PINION_OK) {
      state_->dropPending(pending_.get());
      pending_.reset();
      answer_ = slot.take(status);
      return false;
    }
    if (id_ != nullptr) *id_ = id;
    return true;
  }
  Answer await_resume() {
    if (id_ != nullptr) *id_ = 0;
    return std::move(*answer_);
  }

  // A pinion_progress_fn for operations that have one; `user` is the same as done's.
  static void progress(void *user, pinion_span json) noexcept {
    auto *pending = static_cast<Pending *>(user);
    pending->guard([&] {
      if (pending->awaiter != nullptr && pending->on_progress)
        pending->on_progress(Json::parse(view(json), nullptr, false));
    });
  }

private:
  struct Pending : Kept {
    Pending(DoneAwaiter *a, std::function<void(const Json &)> p) : awaiter(a), on_progress(std::move(p)) {}
    DoneAwaiter *awaiter; // null when its frame went first
    const std::function<void(const Json &)> on_progress;
  };
  static void done(void *user, pinion_status status, pinion_span bytes) noexcept {
    auto *pending = static_cast<Pending *>(user);
    pending->guard([&] {
      pending->owner->dropPending(pending);
      DoneAwaiter *self = std::exchange(pending->awaiter, nullptr);
      if (self == nullptr) return;
      self->pending_.reset();
      if (status == PINION_OK)
        self->answer_ = Answer(std::string(view(bytes)));
      else
        self->answer_ = Answer(Error{status, std::string(view(bytes))});
      self->waiter_.resume();
    });
  }
  std::shared_ptr<HostState> state_;
  Begin begin_;
  uint64_t *id_;
  std::function<void(const Json &)> on_progress_;
  std::coroutine_handle<> waiter_;
  std::shared_ptr<Pending> pending_;
  std::optional<Answer> answer_;
};

// `fn` on the pool, its result (or what it threw) on the lane.
template <typename F> class RunAwaiter {
public:
  using Value = std::invoke_result_t<F &>;
  RunAwaiter(std::shared_ptr<HostState> state, F fn, bool is_long = false)
      : state_(std::move(state)), job_(std::make_shared<Job>(std::move(fn))), long_(is_long) {}
  RunAwaiter(const RunAwaiter &) = delete;
  RunAwaiter &operator=(const RunAwaiter &) = delete;
  ~RunAwaiter() { job_->abandon(); }
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    if (long_ ? !PINION_HAS(state_->tasks, run_long) : !PINION_HAS(state_->tasks, run)) {
      job_->failure = std::make_exception_ptr(std::runtime_error(ErrorSlot().absent("pinion.tasks/1").text));
      return false;
    }
    job_->waiter = waiter;
    state_->addPending(job_);
    ErrorSlot slot;
    uint64_t id = 0;
    const auto begin = long_ ? state_->tasks->run_long : state_->tasks->run;
    const pinion_status status = begin(state_->raw, &Job::work, &Job::done, job_.get(), &id, slot.get());
    if (status == PINION_OK) return true;
    state_->dropPending(job_.get());
    job_->failure = std::make_exception_ptr(std::runtime_error(slot.take(status).text));
    return false;
  }
  Value await_resume() {
    if (job_->failure) std::rethrow_exception(job_->failure);
    if constexpr (!std::is_void_v<Value>) return std::move(*job_->value);
  }

private:
  struct Job : Kept {
    explicit Job(F f) : fn(std::move(f)) {}
    // The frame goes: `fn` may refer to it, so work that did not begin never does, and running work is waited for.
    void abandon() {
      std::unique_lock lock(mutex);
      waiter = nullptr;
      abandoned = true;
      over.wait(lock, [this] { return !running; }); // bounded by the rule that work takes seconds at most
      fn.reset();
    }
    static pinion_status work(void *user) noexcept {
      auto *job = static_cast<Job *>(user);
      {
        const std::lock_guard lock(job->mutex);
        if (job->abandoned) return PINION_E_CANCELLED;
        job->running = true;
      }
      try {
        if constexpr (std::is_void_v<Value>) {
          (*job->fn)();
          job->value.emplace();
        } else {
          job->value.emplace((*job->fn)());
        }
      } catch (...) {
        job->failure = std::current_exception();
      }
      const std::lock_guard lock(job->mutex);
      job->running = false;
      job->over.notify_all();
      return PINION_OK;
    }
    static void done(void *user, pinion_status status, pinion_span) noexcept {
      auto *job = static_cast<Job *>(user);
      job->guard([&] {
        job->owner->dropPending(job);
        if (!job->value && !job->failure)
          job->failure = std::make_exception_ptr(
              std::runtime_error(status == PINION_E_STOPPING ? "the daemon is stopping" : "the work was not done"));
        if (auto frame = std::exchange(job->waiter, nullptr)) frame.resume();
      });
    }
    std::optional<F> fn;
    std::mutex mutex; // of `running` and `abandoned`
    std::condition_variable over;
    bool running = false, abandoned = false;
    std::coroutine_handle<> waiter;
    std::optional<std::conditional_t<std::is_void_v<Value>, std::monostate, Value>> value;
    std::exception_ptr failure;
  };
  std::shared_ptr<HostState> state_;
  std::shared_ptr<Job> job_;
  bool long_;
};

} // namespace detail
} // namespace v0
} // namespace pinion
