// What all copies of one pinion::Host share: the tables, and everything that a `user` pointer handed to the daemon
// leads to. Included by host.hpp.
#pragma once

#include <pinion/cpp/result.hpp>

#include <coroutine>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace pinion {
inline namespace v0 {
namespace detail {

struct HostState;

// Whose lane this thread is on now: null outside lane callbacks.
inline thread_local const HostState *lane_here = nullptr;

// The target of a `user` pointer. Owned by HostState; callbacks hold it while they run, so that a callback may end its
// own handle.
struct Kept : std::enable_shared_from_this<Kept> {
  Kept() = default;
  Kept(const Kept &) = delete;
  Kept &operator=(const Kept &) = delete;
  virtual ~Kept() = default;
  // Runs a callback; what it throws becomes a log line, never an exception across the border.
  template <typename F> void guard(F f) noexcept;

  HostState *owner = nullptr;
  bool on_lane = true; // else on the pool
};

template <typename Fn> struct KeptFunction : Kept {
  explicit KeptFunction(Fn f) : fn(std::move(f)) {}
  Fn fn;
};

struct HostState {
  explicit HostState(const pinion_host *host) : raw(host) {
    get(bus, "pinion.bus/1");
    get(reply, "pinion.reply/1");
    get(log, "pinion.log/1");
    get(config, "pinion.config/1");
    get(timers, "pinion.timers/1");
    get(tasks, "pinion.tasks/1");
    get(routes, "pinion.routes/1");
    get(servers, "pinion.servers/1");
    get(files, "pinion.files/1");
    get(archives, "pinion.archives/1");
    get(fetch, "pinion.fetch/1");
    get(environment, "pinion.environment/1");
    get(panel, "pinion.panel/1");
    get(tokens, "pinion.tokens/1");
    get(store, "pinion.store/1");
  }
  template <typename T> void get(const T *&table, const char *id) {
    table = static_cast<const T *>(raw->service(raw, id));
  }
  void complain(const char *what) noexcept {
    try {
      const std::string fields = dump(Json{{"error", what}});
      if (PINION_HAS(log, write)) log->write(raw, PINION_LOG_ERROR, span("a callback threw"), span(fields));
    } catch (...) { // out of memory while logging: nothing more can be said
    }
  }
  void add(const std::shared_ptr<Kept> &one) {
    one->owner = this;
    const std::lock_guard lock(mutex);
    kept.emplace(one.get(), one);
  }
  // What it frees may hold handles, whose ends come back here: never under the lock.
  void drop(const Kept *one) {
    std::shared_ptr<Kept> last;
    const std::lock_guard lock(mutex);
    if (const auto it = kept.find(one); it != kept.end()) {
      last = std::move(it->second);
      kept.erase(it);
    }
  }
  // An operation whose done function is still to come stays until the state goes, even past release(): its target must
  // be there whenever the daemon's promise "exactly once" comes true.
  void addPending(const std::shared_ptr<Kept> &one) {
    one->owner = this;
    const std::lock_guard lock(mutex);
    pending.emplace(one.get(), one);
  }
  void dropPending(const Kept *one) {
    std::shared_ptr<Kept> last;
    const std::lock_guard lock(mutex);
    if (const auto it = pending.find(one); it != pending.end()) {
      last = std::move(it->second);
      pending.erase(it);
    }
  }
  // One frame at a time: what a frame's end wakes may end other frames, which then are not in the list any more.
  void release() {
    for (;;) {
      std::coroutine_handle<> frame;
      std::unordered_map<const Kept *, std::shared_ptr<Kept>> callbacks;
      {
        const std::lock_guard lock(mutex);
        if (!roots.empty()) {
          frame = roots.front();
          roots.pop_front();
        } else {
          callbacks.swap(kept);
        }
      }
      if (!frame && callbacks.empty()) return;
      if (frame) frame.destroy();
    }
  }

  const pinion_host *raw;
  const pinion_bus_v1 *bus = nullptr;
  const pinion_reply_v1 *reply = nullptr;
  const pinion_log_v1 *log = nullptr;
  const pinion_config_v1 *config = nullptr;
  const pinion_timers_v1 *timers = nullptr;
  const pinion_tasks_v1 *tasks = nullptr;
  const pinion_routes_v1 *routes = nullptr;
  const pinion_servers_v1 *servers = nullptr;
  const pinion_files_v1 *files = nullptr;
  const pinion_archives_v1 *archives = nullptr;
  const pinion_fetch_v1 *fetch = nullptr;
  const pinion_environment_v1 *environment = nullptr;
  const pinion_panel_v1 *panel = nullptr;
  const pinion_tokens_v1 *tokens = nullptr;
  const pinion_store_v1 *store = nullptr;
  std::mutex mutex; // of the collections: routes and timers may be made on main or the pool, the rest on the lane
  std::unordered_map<const Kept *, std::shared_ptr<Kept>> kept, pending;
  std::list<std::coroutine_handle<>> roots; // frames of spawned coroutines, oldest first
};

template <typename F> void Kept::guard(F f) noexcept {
  const std::shared_ptr<Kept> alive = shared_from_this();
  const HostState *before = std::exchange(lane_here, on_lane ? owner : nullptr);
  try {
    f();
  } catch (const std::exception &e) {
    owner->complain(e.what());
  } catch (...) {
    owner->complain("an exception that is no std::exception");
  }
  lane_here = before;
}

} // namespace detail
} // namespace v0
} // namespace pinion
