// The fake host's one thread: the lane's queue, the clock with its timers, and the pool's work. Included by
// fake_host.hpp.
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace pinion::testing {

// When work given to pinion.tasks/1 run() is done.
enum class Work {
  pumped, // in pump(), after the lane came to rest
  held    // only by runWork(): the test decides how long the pool takes
};

namespace detail {

enum class Context { main, lane, pool };

class FakeLane {
public:
  using Job = std::function<void()>;

  std::uint64_t newId() { return ++last_id_; }
  std::int64_t now() const { return now_ms_; }
  Context context() const { return context_; }

  // What the plugin did against the rules of the ABI, one sentence each.
  std::vector<std::string> misuse;

  void post(Job job) { lane_.push_back(std::move(job)); }
  // A job of the pool: runs in pump() when the lane has come to rest.
  void postPool(Job job) { pool_.push_back(std::move(job)); }

  // Runs what is queued and due until nothing is left. Returns how many jobs ran. While the pool works the lane goes
  // on, so it may be called there: by what the test does in the place of a wait.
  std::size_t pump() {
    if (context_ == Context::lane) throw std::logic_error("pump() was called from a callback on the lane");
    std::size_t count = 0;
    for (;; ++count) {
      if (count > 100'000)
        throw std::runtime_error("the plugin does not come to rest: a hundred thousand jobs in one pump()");
      tickDue();
      if (!lane_.empty())
        run(lane_, Context::lane);
      else if (!pool_.empty())
        run(pool_, Context::pool);
      else if (work_mode == Work::pumped && !work_.empty())
        runOneWork();
      else
        return count;
    }
  }

  // Moves the clock and pumps at each instant at which a timer is due.
  void advance(std::int64_t ms) {
    const std::int64_t target = now_ms_ + ms;
    pump();
    for (;;) {
      const Timer *next = nullptr;
      for (const auto &[id, timer] : timers_)
        if (!timer.queued && timer.due <= target && (next == nullptr || timer.due < next->due)) next = &timer;
      if (next == nullptr) break;
      now_ms_ = std::max(now_ms_, next->due);
      pump();
    }
    now_ms_ = target;
  }

  std::uint64_t after(std::int64_t after_ms, std::int64_t every_ms, Job tick) {
    const std::uint64_t id = newId();
    timers_.emplace(id, Timer{now_ms_ + after_ms, every_ms, std::move(tick), false});
    return id;
  }
  bool cancelTimer(std::uint64_t id) { return timers_.erase(id) != 0; }
  std::size_t timers() const { return timers_.size(); }

  Work work_mode = Work::pumped;
  std::uint64_t run(pinion_work_fn work, pinion_done_fn done, void *user) {
    const std::uint64_t id = newId();
    work_.push_back({id, work, done, user});
    return id;
  }
  std::size_t workWaiting() const { return work_.size(); }
  // Does the oldest waiting work now, then pumps.
  void runWork() {
    if (work_.empty()) throw std::runtime_error("no work waits for the pool");
    runOneWork();
    pump();
  }
  // The same with the newest: a pool has more than one thread.
  void runNewestWork() {
    if (!work_.empty()) std::rotate(work_.begin(), std::prev(work_.end()), work_.end());
    runWork();
  }
  // The done function is called with CANCELLED before this returns.
  bool cancelWork(std::uint64_t id) {
    const auto it = std::find_if(work_.begin(), work_.end(), [id](const Waiting &one) { return one.id == id; });
    if (it == work_.end()) return false;
    const Waiting one = *it;
    work_.erase(it);
    one.done(one.user, PINION_E_CANCELLED, span("the work was cancelled"));
    return true;
  }

  // Forgets everything; nothing of the plugin is called.
  void clear() {
    lane_.clear();
    pool_.clear();
    work_.clear();
    timers_.clear();
  }

  // Runs `f` as if the host called it in that context.
  template <typename F> void in(Context context, F f) {
    struct Restored {
      Context &place;
      const Context before;
      ~Restored() { place = before; }
    } const restored{context_, std::exchange(context_, context)};
    f();
  }

private:
  struct Timer {
    std::int64_t due, every;
    Job tick;
    bool queued;
  };
  struct Waiting {
    std::uint64_t id;
    pinion_work_fn work;
    pinion_done_fn done;
    void *user;
  };

  void run(std::deque<Job> &queue, Context context) {
    Job job = std::move(queue.front());
    queue.pop_front();
    in(context, job);
  }
  void runOneWork() {
    const Waiting one = work_.front();
    work_.pop_front();
    pinion_status status = PINION_OK;
    in(Context::pool, [&] { status = one.work(one.user); });
    post([one, status] { one.done(one.user, status, span("")); });
  }
  // Queues the ticks that are due, in the order of their times; one that is still queued is not queued again.
  void tickDue() {
    std::vector<std::pair<std::int64_t, std::uint64_t>> due;
    for (auto &[id, timer] : timers_)
      if (!timer.queued && timer.due <= now_ms_) due.emplace_back(timer.due, id);
    std::sort(due.begin(), due.end());
    for (const auto &[when, id] : due) {
      timers_.at(id).queued = true;
      post([this, id = id] {
        const auto it = timers_.find(id);
        if (it == timers_.end()) return; // cancelled while queued
        const Job tick = it->second.tick;
        if (it->second.every == 0) {
          timers_.erase(it);
        } else {
          it->second.queued = false;
          it->second.due = now_ms_ + it->second.every;
        }
        tick();
      });
    }
  }

  std::uint64_t last_id_ = 0;
  std::int64_t now_ms_ = 0;
  Context context_ = Context::main;
  std::deque<Job> lane_, pool_;
  std::deque<Waiting> work_;
  std::map<std::uint64_t, Timer> timers_;
};

// What a pinion_reply points at in the fake. Kept until the fake goes, so that use after it was used up is seen.
class FakeReply {
public:
  explicit FakeReply(FakeLane &lane) : lane_(lane) {}
  virtual ~FakeReply() = default;
  virtual bool cancelled() const = 0;
  pinion_reply *raw() { return reinterpret_cast<pinion_reply *>(this); }
  static FakeReply &of(const pinion_reply *raw) {
    return *const_cast<FakeReply *>(reinterpret_cast<const FakeReply *>(raw));
  }

  pinion_status answer(pinion_status status, std::string_view body) {
    if (used_up_) {
      lane_.misuse.push_back("a reply was answered after it was used up");
      return PINION_E_CANCELLED;
    }
    used_up_ = true;
    if (cancelled()) return PINION_E_CANCELLED;
    finish(status, body);
    return PINION_OK;
  }
  pinion_status keep() {
    if (!in_callback_) {
      lane_.misuse.push_back("keep() was called outside the reply's callback");
      return PINION_E_INVALID;
    }
    kept_ = true;
    return PINION_OK;
  }
  // Runs the plugin's callback; not kept and not answered is the caller's INTERNAL (HTTP 500).
  template <typename F> void during(F callback) {
    in_callback_ = true;
    callback();
    in_callback_ = false;
    if (kept_ || used_up_) return;
    lane_.misuse.push_back("a callback neither answered nor kept its reply");
    used_up_ = true;
    finish(PINION_E_INTERNAL, "the plugin gave no answer");
  }
  bool usedUp() const { return used_up_; }
  void useUp() { used_up_ = true; }

protected:
  virtual void finish(pinion_status status, std::string_view body) = 0;
  FakeLane &lane_;

private:
  bool used_up_ = false, kept_ = false, in_callback_ = false;
};

inline pinion_status refuse(pinion_error *error, pinion_status code, const std::string &text, int reason = 0) {
  pinion::detail::setError(error, Error{code, text, reason});
  return code;
}
inline pinion_status put(const pinion_sink *out, std::string_view text) { return out->write(out->ctx, span(text)); }

} // namespace detail
} // namespace pinion::testing
