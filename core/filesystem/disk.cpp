#include "filesystem/disk.hpp"

#include "log/log.hpp"
#include "tasks/loop.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

namespace pinion::core {

namespace {

constexpr std::size_t max_background = 2; // measurements at once over the node: they compete for the same disk
constexpr std::chrono::minutes max_wait{10};

} // namespace

// Who wants a fresh figure either measures itself or waits for the measurement that is under way.
struct Disk::Impl : std::enable_shared_from_this<Disk::Impl> {
  Impl(Bus &b, Pool &w, std::string d, std::chrono::seconds i, OpenatMode m)
      : bus(b), workers(w), data(std::move(d)), interval(i), mode(m) {}

  struct Known {
    std::weak_ptr<Server> server;
    Clock::time_point when;
    bool ever = false;
    bool running = false; // measured just now, or queued for it
  };
  struct State {
    std::map<ServerId, Known> known;
    std::size_t sweep_at = 64;
    std::deque<ServerPtr> queued;
    std::size_t background = 0;
  };

  // With the lock. A server that was deleted and made again has no figure yet; what is left of others goes now and
  // then.
  Known &entryOf(const ServerPtr &server) {
    if (state.known.size() >= state.sweep_at) {
      std::erase_if(state.known, [](const auto &one) { return one.second.server.expired() && !one.second.running; });
      state.sweep_at = std::max<std::size_t>(64, state.known.size() * 2);
    }
    Known &entry = state.known[server->id()];
    if (entry.server.lock() != server) {
      entry.server = server;
      entry.ever = false;
    }
    return entry;
  }

  [[nodiscard]] bool fresh(const Known &entry) const { return entry.ever && Clock::now() - entry.when < interval; }

  Result<Tree> tree(const ServerId &id, bool create) const { return Tree::open(data + "/" + id.text(), create, mode); }

  // Walks the folder; without any lock.
  Result<std::int64_t> walk(const ServerPtr &server) {
    auto root = tree(server->id(), false);
    if (!root) {
      if (root.error().code == Code::notFound) return std::int64_t{0}; // not made yet
      return root.error();
    }
    return root->usage([&] { return stopped.load() || server->deleted(); });
  }

  // Keeps and tells the figure, and lets waiters go on. Call with `running` set by the caller.
  Result<std::int64_t> measureNow(const ServerPtr &server) {
    auto bytes = walk(server);
    if (bytes) server->setDiskBytes(*bytes);
    {
      const std::lock_guard lock(mutex);
      Known &entry = entryOf(server);
      entry.running = false;
      if (bytes) {
        entry.ever = true;
        entry.when = Clock::now();
      }
      changed.notify_all();
    }
    if (bytes) tellExceeded(server, *bytes);
    return bytes;
  }

  void tellExceeded(const ServerPtr &server, std::int64_t bytes) {
    const std::int64_t mebibytes = server->definition()->settings.build.disk_space;
    std::int64_t limit = 0;
    if (mebibytes <= 0 || __builtin_mul_overflow(mebibytes, 1024 * 1024, &limit) || bytes <= limit) return;
    bus.publish("server.disk_exceeded", server->text(),
                "{\"bytes\":" + std::to_string(bytes) + ",\"limit\":" + std::to_string(limit) + "}");
  }

  // With the lock: puts waiting servers to work as long as there is room.
  void startQueued() {
    while (!state.queued.empty() && state.background < max_background) {
      const ServerPtr server = std::move(state.queued.front());
      state.queued.pop_front();
      ++state.background;
      if (workers.post([self = shared_from_this(), server] { self->runQueued(server); })) continue;
      --state.background; // the pool is full: somebody asks again later
      entryOf(server).running = false;
      changed.notify_all();
    }
  }

  void runQueued(const ServerPtr &server) {
    if (const auto bytes = measureNow(server); !bytes && bytes.error().code != Code::cancelled)
      log::warn("the disk use of a server could not be measured",
                {{"server", server->text()}, {"error", bytes.error().text}});
    const std::lock_guard lock(mutex);
    --state.background;
    if (!stopped) startQueued();
    changed.notify_all();
  }

  Bus &bus;
  Pool &workers;
  const std::string data;
  const std::chrono::seconds interval;
  const OpenatMode mode;
  std::atomic<bool> stopped{false};
  std::mutex mutex; // a condition needs it bare
  std::condition_variable changed;
  State state;
};

Disk::Disk(Bus &bus, Pool &workers, std::string data_directory, std::chrono::seconds interval, OpenatMode mode)
    : impl_(std::make_shared<Impl>(bus, workers, std::move(data_directory), interval, mode)) {}

Disk::~Disk() { stop(); }

Result<Tree> Disk::tree(const ServerId &id, bool create) const { return impl_->tree(id, create); }

std::string Disk::path(const ServerId &id) const { return impl_->data + "/" + id.text(); }

Result<std::int64_t> Disk::measure(const ServerPtr &server) {
  if (impl_->interval.count() <= 0) return std::int64_t{0};
  {
    std::unique_lock lock(impl_->mutex);
    const auto deadline = Clock::now() + max_wait;
    for (;;) {
      if (impl_->stopped) return Error{Code::stopping, "the daemon is stopping"};
      Impl::Known &entry = impl_->entryOf(server);
      if (impl_->fresh(entry)) return server->diskBytes();
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
      if (impl_->changed.wait_until(lock, deadline) == std::cv_status::timeout)
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
    if (!impl_->fresh(entry) && !entry.running) {
      entry.running = true;
      impl_->state.queued.push_back(server);
      impl_->startQueued();
    }
  }
  return server->diskBytes();
}

void Disk::stop() {
  impl_->stopped = true;
  std::unique_lock lock(impl_->mutex);
  impl_->state.queued.clear();
  impl_->changed.notify_all();
  // Walks ask every 512 entries; the deadline is for a disk that hangs.
  impl_->changed.wait_for(lock, std::chrono::seconds(10), [&] { return impl_->state.background == 0; });
}

} // namespace pinion::core
