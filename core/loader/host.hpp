// One plugin's side of the daemon: its lane, its pinion_host, and everything that its ids stand for.
//
// A callback of the plugin runs either on its lane, one at a time, or on the pool (route handlers, work of tasks).
// While main runs create(), start(), stop() or destroy() the lane is paused, so main stands in for it: what would have
// to wait for the lane runs at once there.
#pragma once

#include "filesystem/denylist.hpp"
#include "loader/loader.hpp"

#include <pinion/services.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pinion::core {

class Host;
class PanelCalls;

// What an id stands for (or a socket, which has its own number). Kept by its host until it ended; what it was given
// from outside (a bus subscription, a timer of the loop) refers back to it.
class Resource : public std::enable_shared_from_this<Resource> {
public:
  explicit Resource(std::shared_ptr<Host> owner);
  Resource(const Resource &) = delete;
  Resource &operator=(const Resource &) = delete;
  virtual ~Resource() = default;
  // [any] For cancel(): nothing of it runs any more when this returns, unless the caller is its own callback.
  virtual void cancel() = 0;
  // [main, lane paused] For stop: as cancel(), but no callback is called.
  virtual void drop() = 0;
  [[nodiscard]] Host &host() const { return *host_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }

private:
  friend class Host;
  const std::shared_ptr<Host> host_;
  const std::uint64_t id_;
  bool live_ = true; // under the host's lock
};
using ResourcePtr = std::shared_ptr<Resource>;

// What all hosts of one loader share.
struct Shared {
  Services services;
  LoaderLimits limits;
  Pool &lanes, &long_work, &packs, &unpacks;
  std::shared_ptr<PanelCalls> panel;
  Denylists denylists{};
  std::atomic<std::uint64_t> last_id = 0;
};

class Host : public std::enable_shared_from_this<Host> {
public:
  enum class Phase { created, starting, running, stopping, stopped };

  Host(std::shared_ptr<Shared> shared, std::string id);
  ~Host();

  [[nodiscard]] const pinion_host *raw() const { return &raw_; }
  [[nodiscard]] const std::string &id() const { return id_; }
  [[nodiscard]] Services &services() const { return shared_->services; }
  [[nodiscard]] Shared &shared() const { return *shared_; }
  [[nodiscard]] Lane &lane() { return lane_; }
  [[nodiscard]] Phase phase() const { return phase_.load(); }
  [[nodiscard]] std::uint64_t nextId() const { return ++shared_->last_id; }
  // Called on main, where routes may be added.
  [[nodiscard]] bool onMain() const { return std::this_thread::get_id() == main_; }
  // Nothing else of the plugin's lane can run now: the caller is a job of it, or main while the lane is paused.
  [[nodiscard]] bool exclusive() const;

  // -- ids ------------------------------------------------------------------------------------------------------
  // Code::stopping after stop began, Code::busy when the plugin has too many.
  Result<void> keep(const ResourcePtr &resource);
  void forget(std::uint64_t id);
  Result<void> cancel(std::uint64_t id);
  [[nodiscard]] std::vector<ResourcePtr> resources() const;

  // -- callbacks ------------------------------------------------------------------------------------------------
  // [lane, or main in its place] Runs `f()` unless `of` has ended. `kind` (a literal) and `name` are for the warning
  // about slow callbacks. Returns whether it ran.
  template <typename F> bool call(const Resource &of, const char *kind, std::string_view name, F &&f) {
    const Resource *before = nullptr;
    if (!enter(of, before)) return false;
    slow_kind_ = kind;
    slow_name_.assign(name.substr(0, 128));
    run(std::forward<F>(f));
    leave(before);
    return true;
  }
  // Runs a function of the plugin; what it throws is logged.
  template <typename F> void run(F &&f) noexcept {
    try {
      f();
    } catch (const std::exception &e) {
      threw(e.what());
    } catch (...) {
      threw("something that is no std::exception");
    }
  }
  [[nodiscard]] bool ended(const Resource &resource) const;
  // Marks `resource` as ended and waits for its running callback, unless nothing can run beside the caller.
  void silence(Resource &resource);
  // [any but the lane] Runs `work` on the lane and waits for it; gives up when the lane is paused for good.
  void onLane(const std::function<void()> &work);

  // -- tasks ----------------------------------------------------------------------------------------------------
  // The host's lock and condition serve tasks too (task.cpp): work that runs on the pool is counted here.
  std::mutex &mutex() const { return mutex_; }
  std::condition_variable &changed() { return changed_; }
  std::size_t working = 0; // under mutex()
  // [pool] Runs `f()`, a function of the plugin, as work that stop waits for; false when the plugin is stopping.
  template <typename F> bool work(F &&f) {
    {
      const std::lock_guard lock(mutex_);
      if (phase_ >= Phase::stopping) return false;
      ++working;
    }
    run(std::forward<F>(f));
    const std::lock_guard lock(mutex_);
    --working;
    changed_.notify_all();
    return true;
  }

  // -- sockets --------------------------------------------------------------------------------------------------
  Guarded<std::unordered_set<std::uint64_t>> sockets;

  // -- life, all [main] -----------------------------------------------------------------------------------------
  void starting() { phase_ = Phase::starting; }
  void started(); // callbacks run from here on
  // No route handler begins after it, and nothing else can be begun.
  void endRoutes();
  // Waits for running work, handlers and the running callback, then lets none begin. False: they did not end in time,
  // so the plugin must be left as it is.
  [[nodiscard]] bool quiet();
  // What is left is ended; no callback runs after it.
  void endAll();

  void warn(const std::string &message) const;
  [[nodiscard]] std::string name() const { return "plugin \"" + id_ + "\""; }

private:
  static const void *service(const pinion_host *raw, const char *id);
  bool enter(const Resource &of, const Resource *&before); // false: it has ended
  void leave(const Resource *before);
  void threw(const char *what) const noexcept;

  const std::shared_ptr<Shared> shared_;
  const std::string id_;
  const std::thread::id main_ = std::this_thread::get_id();
  pinion_host raw_{};
  std::atomic<Phase> phase_ = Phase::created;
  std::atomic<bool> paused_ = true;
  mutable std::mutex mutex_; // of the lines below; a Guarded cannot be waited on
  std::condition_variable changed_;
  std::unordered_map<std::uint64_t, ResourcePtr> resources_;
  const Resource *running_ = nullptr; // whose callback runs on the lane
  const char *slow_kind_ = "";        // the lane's: its last callback
  std::string slow_name_;
  Lane lane_;
};

} // namespace pinion::core
