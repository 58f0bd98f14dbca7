#include "filesystem/disk.hpp"

#include "filesystem/changes_watch.hpp"
#include "filesystem/disk_walk.hpp"
#include "filesystem/unplaced.hpp"
#include "log/log.hpp"
#include "tasks/loop.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace pinion::core {

namespace {

constexpr std::size_t max_background = 2; // walks at once over the node: they compete for the same disk
constexpr std::chrono::minutes max_wait{10};
constexpr std::chrono::hours truth_every{24}; // a walk although nothing is known to have changed
constexpr std::uint64_t many_entries = 2000;  // of a server whose folders' sums are worth their memory

// Games come first: a walk reads when the disk has nothing else to do, and computes when the processor has little.
void lowerPriority() {
  constexpr int process = 1, idle_class = 3 << 13, nice = 10; // linux/ioprio.h
  thread_local const bool lowered = [] {
    return ::syscall(SYS_ioprio_set, process, 0, idle_class) == 0 && ::setpriority(PRIO_PROCESS, 0, nice) == 0;
  }();
  static_cast<void>(lowered); // a kernel without it only walks faster
}

Error diskFull() { return {Code::full, "There is not enough disk space available to perform that action.", EDQUOT}; }

} // namespace

// Who wants the figure either walks itself or waits for the walk that is under way.
struct Disk::Impl : std::enable_shared_from_this<Disk::Impl> {
  Impl(Bus &b, Pool &w, std::string d, std::chrono::seconds i, OpenatMode m, std::unique_ptr<Quota> q)
      : bus(b), walkers(w), data(std::move(d)), interval(i), mode(m), quota(std::move(q)) {}

  struct Known {
    std::weak_ptr<Server> server;
    Clock::time_point looked;         // when it was last made sure that the figure holds
    Clock::time_point walk_began;     // of the last walk that succeeded
    Clock::time_point wrote;          // when it was last told that we wrote into a file
    std::uint64_t changes = 1;        // by others, how often that was told
    std::uint64_t walked = 0;         // how many of them that walk has seen
    bool elsewhere = false;           // it holds mounts, which are not watched
    Clock::time_point walked_all;     // when the last walk of everything began
    std::uint64_t entries = 0;        // what that has seen
    std::unique_ptr<FolderSums> sums; // null: not kept, or with who walks just now
    ChangedFolders changed;           // since the sums were made, when `noting`
    std::uint64_t noting = 0;         // which walk's sums the changes are noted for; 0: none
    Unplaced unplaced;                // and counted
    bool running = false;             // walked or looked at just now, or queued for it
    bool own_count = false;           // the kernel cannot count for it, and that was said
  };
  struct State {
    std::map<ServerId, Known> known;
    std::size_t sweep_at = 64;
    std::deque<ServerPtr> queued;
    std::size_t background = 0;
    std::uint64_t walk_number = 0;
  };

  void beginWatching(Watching watching) {
    if (interval.count() <= 0) return;
    if (quota) log::info("disk use: the kernel counts and limits it, by project quotas");
    auto opened = watching == Watching::never
                      ? Result<std::unique_ptr<ChangesWatch>>(Error{Code::unsupported, "it is switched off"})
                      : ChangesWatch::open(data);
    if (opened) {
      watch = std::move(*opened);
      log::info("disk use: servers are measured again when fanotify tells that somebody changed them");
    } else {
      log::info("disk use: servers are measured again at each check", {{"no fanotify", opened.error().text}});
    }
    walk.emplace(data, mode, quota.get(), watch.get(), stopped);
  }

  // With the lock. What is left of servers that have gone goes now and then.
  Known &entryOf(const ServerPtr &server) {
    if (state.known.size() >= state.sweep_at) {
      std::erase_if(state.known, [](const auto &one) { return one.second.server.expired() && !one.second.running; });
      state.sweep_at = std::max<std::size_t>(64, state.known.size() * 2);
    }
    Known &entry = state.known[server->id()];
    if (entry.server.lock() != server) {
      entry.server = server;
      ++entry.changes;
      entry.sums.reset();
      entry.noting = 0;
      entry.unplaced = {};
      entry.wrote = {};
    }
    return entry;
  }

  // With the lock. Asked for by a look; `due` is for a look in the background.
  [[nodiscard]] bool wantsWalk(const ServerPtr &server, const Known &entry, bool due) const {
    if (!server->diskUse().measured()) return true;
    const auto now = Clock::now();
    if (quota && quota->holds(server->id())) return !due || now - entry.looked >= interval;
    if (!watch) return now - entry.looked >= interval;
    return entry.changes != entry.walked || (entry.elsewhere && now - entry.looked >= interval) ||
           (due && now - entry.walked_all >= truth_every);
  }

  // Without the lock: what others have changed until now.
  void takeChanges() {
    if (!watch) return;
    const auto changes = watch->take();
    if (!changes.all && changes.entries.empty()) return;
    const std::lock_guard lock(mutex);
    if (changes.all)
      for (auto &one : state.known) ++one.second.changes, one.second.changed.noteAll();
    for (const auto &[folder, below] : changes.entries) {
      const auto id = ServerId::parse(folder);
      const auto found = id ? state.known.find(*id) : state.known.end();
      if (found == state.known.end()) continue;
      if (below.others) ++found->second.changes;
      if (below.written) found->second.wrote = Clock::now();
      if (found->second.noting != 0) found->second.changed.add(below.folders);
    }
  }

  Result<Tree> tree(const ServerId &id, bool create) const { return Tree::open(data + "/" + id.text(), create, mode); }

  // Keeps and tells the figure, and lets waiters go on. Call with `running` set by the caller.
  Result<std::int64_t> measureNow(const ServerPtr &server) {
    DiskUse &use = server->diskUse();
    const auto began = Clock::now();
    std::uint64_t changes = 0, number = 0; // what is told from here on may be later than the walk
    std::unique_ptr<FolderSums> sums;
    ChangedFolders changed;
    bool keep = false, unseen = false;
    {
      const std::lock_guard lock(mutex);
      Known &entry = entryOf(server);
      changes = entry.changes;
      // For a server that is large and changes; once a day everything is walked all the same.
      keep = watch && entry.entries >= many_entries && entry.changes != entry.walked;
      if (keep && began - entry.walked_all < truth_every) sums = std::move(entry.sums);
      entry.sums.reset();
      changed = std::exchange(entry.changed, {});
      number = entry.noting = keep ? ++state.walk_number : 0;
      unseen = entry.unplaced.look();
    }
    use.beginWalk();
    const auto found = walk->find(server, sums, changed, keep);
    takeChanges(); // for what we wrote meanwhile
    {
      const std::lock_guard lock(mutex);
      Known &entry = entryOf(server);
      unseen = unseen || entry.unplaced.any(); // also those that came and went meanwhile
      found ? use.endWalk(found->bytes, !unseen) : use.abandonWalk();
      entry.running = false;
      if (sums && entry.noting == number)
        entry.sums = std::move(sums);
      else
        entry.noting = 0, entry.changed = {};
      if (found) noteFound(server, entry, *found, began, changes);
      if (unseen) ++entry.changes;
      finished.notify_all();
    }
    if (!found) return found.error();
    tellExceeded(server);
    return use.bytes();
  }

  // With the lock.
  void noteFound(const ServerPtr &server, Known &entry, const DiskWalk::Found &found, Clock::time_point began,
                 std::uint64_t changes) {
    entry.looked = Clock::now();
    entry.walk_began = began;
    entry.walked = changes;
    if (found.whole) {
      entry.walked_all = began;
      entry.elsewhere = found.elsewhere;
      entry.entries = found.entries;
    }
    // Of what we wrote at that time, or had counted and not yet written, the walk may have missed something. A file
    // that is written anew grows without being counted again.
    const auto written = std::max(server->diskUse().lastGrowth(), entry.wrote);
    if (found.again || (written != Clock::time_point{} && written + interval >= began)) ++entry.changes;
    if (!found.not_counted.empty() && !std::exchange(entry.own_count, true))
      log::warn("disk use: this server is walked, as the kernel cannot count for it",
                {{"server", server->text()}, {"error", found.not_counted}});
  }

  void tellExceeded(const ServerPtr &server) {
    const std::int64_t bytes = server->diskBytes(), limit = Disk::limit(*server);
    if (limit <= 0 || bytes <= limit) return;
    bus.publish("server.disk_exceeded", server->text(),
                "{\"bytes\":" + std::to_string(bytes) + ",\"limit\":" + std::to_string(limit) + "}");
  }

  // With the lock: puts waiting servers to work as long as there is room.
  void startQueued() {
    while (!state.queued.empty() && state.background < max_background) {
      const ServerPtr server = std::move(state.queued.front());
      state.queued.pop_front();
      ++state.background;
      if (walkers.post([self = shared_from_this(), server] { self->runQueued(server); })) continue;
      --state.background; // the pool is full: somebody asks again later
      entryOf(server).running = false;
      finished.notify_all();
    }
  }

  void runQueued(const ServerPtr &server) {
    lowerPriority();
    takeChanges();
    bool wanted = false;
    {
      const std::lock_guard lock(mutex);
      Known &entry = entryOf(server);
      wanted = wantsWalk(server, entry, true);
      if (!wanted) {
        entry.running = false;
        entry.looked = Clock::now();
        finished.notify_all();
      }
    }
    if (!wanted) {
      tellExceeded(server);
    } else if (const auto bytes = measureNow(server); !bytes && bytes.error().code != Code::cancelled) {
      log::warn("the disk use of a server could not be measured",
                {{"server", server->text()}, {"error", bytes.error().text}});
    }
    const std::lock_guard lock(mutex);
    --state.background;
    if (!stopped) startQueued();
    finished.notify_all();
  }

  Bus &bus;
  Pool &walkers;
  const std::string data;
  const std::chrono::seconds interval;
  const OpenatMode mode;
  const std::unique_ptr<Quota> quota;  // null: the kernel does not count
  std::unique_ptr<ChangesWatch> watch; // null: there is no fanotify
  std::atomic<bool> stopped{false};
  std::optional<DiskWalk> walk;     // none: the interval is 0, and nothing is counted
  std::mutex mutex;                 // a condition needs it bare
  std::condition_variable finished; // a walk or a look
  State state;
};

Disk::Disk(Bus &bus, Pool &walkers, std::string data_directory, std::chrono::seconds interval, OpenatMode mode,
           Watching watching, std::unique_ptr<Quota> quota)
    : impl_(std::make_shared<Impl>(bus, walkers, std::move(data_directory), interval, mode, std::move(quota))) {
  impl_->beginWatching(watching);
}

Disk::~Disk() { stop(); }

Result<Tree> Disk::tree(const ServerId &id, bool create) const { return impl_->tree(id, create); }

std::string Disk::path(const ServerId &id) const { return impl_->data + "/" + id.text(); }

bool Disk::watched() const { return impl_->watch != nullptr; }

std::uint64_t Disk::walks() const { return impl_->walk ? impl_->walk->walks() : 0; }

std::uint64_t Disk::lookups() const { return impl_->walk ? impl_->walk->lookups() : 0; }

std::int64_t Disk::limit(const Server &server) {
  const std::int64_t mebibytes = server.definition()->settings.build.disk_space;
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(mebibytes, 1024 * 1024, &bytes)) return mebibytes > 0 ? INT64_MAX : INT64_MIN;
  return bytes;
}

Result<void> Disk::reserve(const ServerPtr &server, std::int64_t bytes) {
  const std::int64_t most = limit(*server);
  if (impl_->interval.count() <= 0) {
    if (bytes > 0 && most != 0 && bytes > most) return diskFull();
    return {};
  }
  DiskUse &use = server->diskUse();
  if (bytes > 0 && most != 0 && !use.measured())
    if (const auto measured = measure(server); !measured) return measured.error();
  if (!use.grow(bytes, most)) return diskFull();
  return {};
}

void Disk::unplaced(const ServerPtr &server, int fd) {
  const std::lock_guard lock(impl_->mutex);
  impl_->entryOf(server).unplaced.add(fd);
}

void Disk::doubt(const ServerPtr &server) {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->entryOf(server).changes;
}

Result<std::int64_t> Disk::measure(const ServerPtr &server) {
  if (impl_->interval.count() <= 0) return std::int64_t{0};
  const auto asked = Clock::now();
  impl_->takeChanges();
  {
    std::unique_lock lock(impl_->mutex);
    for (;;) {
      if (impl_->stopped) return Error{Code::stopping, "the daemon is stopping"};
      Impl::Known &entry = impl_->entryOf(server);
      const bool walked_since = server->diskUse().measured() && entry.walk_began >= asked;
      if (walked_since || !impl_->wantsWalk(server, entry, false)) return server->diskBytes();
      if (!entry.running) {
        entry.running = true;
        break;
      }
      // One that only waits its turn is taken over: the caller's thread does it now.
      auto &queued = impl_->state.queued;
      if (const auto found = std::find(queued.begin(), queued.end(), server); found != queued.end()) {
        queued.erase(found);
        break;
      }
      if (impl_->finished.wait_until(lock, asked + max_wait) == std::cv_status::timeout)
        return Error{Code::timeout, "measuring the disk use of server " + server->text() + " takes too long"};
    }
  }
  return impl_->measureNow(server);
}

std::int64_t Disk::known(const ServerPtr &server) {
  if (impl_->interval.count() <= 0) return 0;
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->stopped) {
    Impl::Known &entry = impl_->entryOf(server);
    const bool fresh = server->diskUse().measured() && Clock::now() - entry.looked < impl_->interval;
    if (!fresh && !entry.running) {
      entry.running = true;
      impl_->state.queued.push_back(server);
      impl_->startQueued();
    }
  }
  return server->diskBytes();
}

void Disk::define(const ServerPtr &server) {
  if (!impl_->quota || impl_->interval.count() <= 0) return;
  if (!impl_->quota->holds(server->id())) {
    known(server); // in the background
  } else if (const auto set = impl_->quota->limit(server->id(), limit(*server)); !set) {
    log::warn("the kernel did not take a server's disk limit",
              {{"server", server->text()}, {"error", set.error().text}});
  }
}

void Disk::forget(const ServerId &id) {
  if (impl_->quota) impl_->quota->forget(id);
}

void Disk::stop() {
  impl_->stopped = true;
  std::unique_lock lock(impl_->mutex);
  impl_->state.queued.clear();
  impl_->finished.notify_all();
  // Walks ask every 512 entries; the deadline is for a disk that hangs.
  impl_->finished.wait_for(lock, std::chrono::seconds(10), [&] { return impl_->state.background == 0; });
}

} // namespace pinion::core
