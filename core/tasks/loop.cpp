#include "tasks/loop.hpp"

#include "base/guarded.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_map>

namespace pinion::core {

namespace {

constexpr std::uint64_t kWakeKey = 0; // the eventfd's epoll key; descriptors get keys from 1

[[noreturn]] void refuse(const char *what) { throw std::system_error(errno, std::generic_category(), what); }

using Work = std::shared_ptr<std::function<void()>>; // shared: it may end its own timer while it runs
struct Timer {
  Clock::time_point when;
  Clock::duration period{};
  Work work;
};
// What other threads reach.
struct Shared {
  std::vector<std::function<void()>> posted;
  std::unordered_map<Loop::TimerId, Timer> timers;
  std::set<std::pair<Clock::time_point, Loop::TimerId>> order; // the timers by time, then by age
  Loop::TimerId last_timer = 0;
  bool stopping = false; // posting is over
  bool woken = false;    // the eventfd is written and not yet read
};
// A descriptor's callback. The key tells an event of a removed descriptor from one of its number's next owner.
struct Handler {
  std::uint64_t key = 0;
  Loop::Ready ready;
};

} // namespace

struct Loop::Impl {
  UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd wake_fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Guarded<Shared> shared;
  Guarded<std::thread> thread; // held while joining, so that a second stop() waits too
  std::atomic<std::thread::id> running_on{};
  // Only on the loop's thread (or before it started).
  std::unordered_map<int, std::shared_ptr<Handler>> handlers;
  std::unordered_map<std::uint64_t, int> descriptors; // key -> fd
  std::uint64_t last_key = kWakeKey;

  [[nodiscard]] bool inLoop() const { return running_on.load() == std::this_thread::get_id(); }

  // With the lock held: does the loop have to be woken for what was just added?
  [[nodiscard]] bool mustWake(Shared &s) const {
    if (inLoop() || s.woken) return false;
    s.woken = true;
    return true;
  }
  void wake() const {
    const std::uint64_t one = 1;
    // It cannot fail: the counter is read before it could overflow, and EINTR does not happen on an eventfd.
    [[maybe_unused]] const auto written = ::write(wake_fd.get(), &one, sizeof one);
  }

  int timeout() {
    return shared.with([](Shared &s) {
      if (!s.posted.empty() || s.stopping) return 0;
      if (s.order.empty()) return -1;
      const auto left = s.order.begin()->first - Clock::now();
      if (left <= Clock::duration::zero()) return 0;
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      return static_cast<int>(std::min<std::int64_t>(ms, 1 << 30));
    });
  }

  void dispatch(const epoll_event &event) {
    if (event.data.u64 == kWakeKey) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(wake_fd.get(), &count, sizeof count);
      shared.with([](Shared &s) { s.woken = false; });
      return;
    }
    const auto fd = descriptors.find(event.data.u64);
    if (fd == descriptors.end()) return; // removed by a callback of this very turn
    const auto handler = handlers.at(fd->second);
    handler->ready(event.events);
  }

  // The timers due now, oldest first. Those that a callback adds wait for the next turn, so that descriptors get
  // theirs.
  void fireTimers() {
    const auto now = Clock::now();
    std::vector<TimerId> due;
    shared.with([&](Shared &s) {
      for (const auto &[when, id] : s.order) {
        if (when > now) break;
        due.push_back(id);
      }
    });
    for (const TimerId id : due) {
      Work work;
      shared.with([&](Shared &s) {
        const auto it = s.timers.find(id);
        if (it == s.timers.end()) return; // cancelled meanwhile
        Timer &timer = it->second;
        work = timer.work;
        s.order.erase({timer.when, id});
        if (timer.period == Clock::duration::zero()) {
          s.timers.erase(it);
          return;
        }
        timer.when += timer.period;
        if (timer.when <= now) timer.when = now + timer.period; // we are late: ticks are left out, not made up for
        s.order.insert({timer.when, id});
      });
      if (work) (*work)();
    }
  }

  void runPosted() {
    std::vector<std::function<void()>> jobs;
    shared.with([&](Shared &s) { jobs.swap(s.posted); });
    for (auto &job : jobs) {
      job();
      job = nullptr;
    }
  }

  void run() {
    running_on = std::this_thread::get_id();
    std::array<epoll_event, 128> events{};
    while (true) {
      const int count = ::epoll_wait(epoll.get(), events.data(), events.size(), timeout());
      for (int i = 0; i < count; ++i) dispatch(events[static_cast<std::size_t>(i)]);
      fireTimers();
      runPosted();
      if (shared.with([](const Shared &s) { return s.stopping && s.posted.empty(); })) break;
    }
    handlers.clear();
    descriptors.clear();
    forget();
    running_on = std::thread::id{};
  }

  // Frees what will not run any more; outside the lock, since what it captured may call back.
  void forget() {
    Shared left;
    shared.with([&](Shared &s) {
      std::swap(left.posted, s.posted);
      std::swap(left.timers, s.timers);
      s.order.clear();
    });
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  if (!impl_->epoll || !impl_->wake_fd) refuse("the io loop got no epoll or event descriptor");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeKey;
  if (::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_ADD, impl_->wake_fd.get(), &event) != 0)
    refuse("the io loop cannot watch its event descriptor");
}

Loop::~Loop() { stop(); }

void Loop::start(const char *thread_name) {
  impl_->thread.with([&](std::thread &thread) {
    if (thread.joinable() || impl_->shared.with([](const Shared &s) { return s.stopping; })) return;
    thread = std::thread([impl = impl_.get(), name = std::string(thread_name).substr(0, 15)] {
      ::pthread_setname_np(::pthread_self(), name.c_str());
      impl->run();
    });
  });
}

void Loop::stop() {
  const bool wake = impl_->shared.with([&](Shared &s) {
    s.stopping = true;
    return impl_->mustWake(s);
  });
  if (wake) impl_->wake();
  if (inLoop()) return; // a thread cannot join itself; the destructor does
  impl_->thread.with([](std::thread &thread) {
    if (thread.joinable()) thread.join(); // bounded: nothing that runs on a loop blocks
  });
  impl_->forget();
}

void Loop::add(int fd, std::uint32_t events, Ready ready) {
  remove(fd);
  auto handler = std::make_shared<Handler>();
  handler->key = ++impl_->last_key;
  handler->ready = std::move(ready);
  epoll_event event{};
  event.events = events;
  event.data.u64 = handler->key;
  if (::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) refuse("the io loop cannot watch a descriptor");
  impl_->descriptors.emplace(handler->key, fd);
  impl_->handlers.emplace(fd, std::move(handler));
}

void Loop::modify(int fd, std::uint32_t events) {
  const auto it = impl_->handlers.find(fd);
  if (it == impl_->handlers.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = it->second->key;
  if (::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    refuse("the io loop cannot change what it watches a descriptor for");
}

void Loop::remove(int fd) {
  const auto it = impl_->handlers.find(fd);
  if (it == impl_->handlers.end()) return;
  const auto handler = it->second; // freed last: it may be the one that runs now (dispatch holds it too)
  impl_->descriptors.erase(handler->key);
  impl_->handlers.erase(it);
  ::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_DEL, fd, nullptr); // fails only when the descriptor is closed already
}

bool Loop::post(std::function<void()> work) {
  bool wake = false;
  const bool taken = impl_->shared.with([&](Shared &s) {
    if (s.stopping) return false;
    s.posted.push_back(std::move(work));
    wake = impl_->mustWake(s);
    return true;
  });
  if (wake) impl_->wake();
  return taken;
}

Loop::TimerId Loop::after(Clock::duration delay, std::function<void()> work, Clock::duration period) {
  const auto when = Clock::now() + delay;
  auto shared_work = std::make_shared<std::function<void()>>(std::move(work));
  bool wake = false;
  const TimerId id = impl_->shared.with([&](Shared &s) -> TimerId {
    if (s.stopping) return 0;
    const TimerId fresh = ++s.last_timer;
    const bool first = s.order.empty() || when < s.order.begin()->first;
    s.timers.emplace(fresh, Timer{when, period, std::move(shared_work)});
    s.order.insert({when, fresh});
    wake = first && impl_->mustWake(s);
    return fresh;
  });
  if (wake) impl_->wake();
  return id;
}

void Loop::cancel(TimerId id) {
  Work freed; // outside the lock
  impl_->shared.with([&](Shared &s) {
    const auto it = s.timers.find(id);
    if (it == s.timers.end()) return;
    freed = std::move(it->second.work);
    s.order.erase({it->second.when, id});
    s.timers.erase(it);
  });
}

bool Loop::inLoop() const { return impl_->inLoop(); }

LoopGroup::LoopGroup(std::size_t count) {
  if (count == 0) count = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>());
}

void LoopGroup::start() {
  for (std::size_t i = 0; i < loops_.size(); ++i) loops_[i]->start(("io-" + std::to_string(i)).c_str());
}

void LoopGroup::stop() {
  for (auto &loop : loops_) loop->stop();
}

Loop &LoopGroup::next() { return *loops_[next_.fetch_add(1, std::memory_order_relaxed) % loops_.size()]; }

} // namespace pinion::core
