#include "loader/host.hpp"

#include "loader/fetches.hpp"
#include "loader/panel_calls.hpp"
#include "loader/replies.hpp"
#include "loader/tables.hpp"
#include "log/log.hpp"

#include <utility>

namespace pinion::core {

namespace {

constexpr std::size_t kMaxIds = 65536; // of one plugin at a time

} // namespace

Resource::Resource(std::shared_ptr<Host> owner) : host_(std::move(owner)), id_(host_->nextId()) {}

Host::Host(std::shared_ptr<Shared> shared, std::string id)
    : shared_(std::move(shared)), id_(std::move(id)), lane_(shared_->lanes, id_) {
  raw_.size = sizeof raw_;
  raw_.abi_major = PINION_ABI_MAJOR;
  raw_.abi_minor = PINION_ABI_MINOR;
  raw_.impl = this;
  raw_.version = shared_->services.version.c_str();
  raw_.service = &Host::service;
  lane_.pause(); // until started()
  lane_.onSlow(shared_->limits.slow_callback, [this](std::chrono::milliseconds took) {
    warn(name() + " kept its lane busy for " + std::to_string(took.count()) + " ms in " + slow_kind_ + " \"" +
         slow_name_ + "\"; callbacks on the lane must not block");
  });
}

Host::~Host() { lane_.close(); }

bool Host::exclusive() const { return lane_.inLane() || (paused_ && onMain()); }

Result<void> Host::keep(const ResourcePtr &resource) {
  if (phase_ >= Phase::stopping) return Error{Code::stopping, "the plugin is stopping"};
  const std::lock_guard lock(mutex_);
  if (resources_.size() >= kMaxIds) return Error{Code::busy, "the plugin has 65536 ids that it did not cancel"};
  resources_.emplace(resource->id(), resource);
  return {};
}

void Host::forget(std::uint64_t id) {
  ResourcePtr freed; // after the lock: it may hold the last reference to much
  const std::lock_guard lock(mutex_);
  const auto it = resources_.find(id);
  if (it == resources_.end()) return;
  freed = std::move(it->second);
  resources_.erase(it);
}

Result<void> Host::cancel(std::uint64_t id) {
  ResourcePtr found;
  {
    const std::lock_guard lock(mutex_);
    const auto it = resources_.find(id);
    if (it == resources_.end()) return Error{Code::notFound, "no such id"};
    found = std::move(it->second);
    resources_.erase(it);
  }
  found->cancel();
  return {};
}

std::vector<ResourcePtr> Host::resources() const {
  const std::lock_guard lock(mutex_);
  std::vector<ResourcePtr> out;
  out.reserve(resources_.size());
  for (const auto &[id, resource] : resources_) out.push_back(resource);
  return out;
}

bool Host::enter(const Resource &of, const Resource *&before) {
  const std::lock_guard lock(mutex_);
  if (!of.live_ || phase_ == Phase::stopped) return false;
  before = std::exchange(running_, &of);
  return true;
}

bool Host::ended(const Resource &resource) const {
  const std::lock_guard lock(mutex_);
  return !resource.live_;
}

void Host::leave(const Resource *before) {
  const std::lock_guard lock(mutex_);
  running_ = before; // a callback may cancel another's operation, whose done function then runs inside it
  changed_.notify_all();
}

void Host::silence(Resource &resource) {
  std::unique_lock lock(mutex_);
  resource.live_ = false;
  // Without a deadline: as long as one callback of the plugin takes, which is its own rule to keep (a warning beyond
  // 250 ms). At stop this is reached only for plugins that have come to rest.
  if (!exclusive()) changed_.wait(lock, [&] { return running_ != &resource; });
}

void Host::onLane(const std::function<void()> &work) {
  auto done = std::make_shared<bool>(false);
  const bool posted = lane_.post([self = shared_from_this(), done, work] {
    work();
    const std::lock_guard lock(self->mutex_);
    *done = true;
    self->changed_.notify_all();
  });
  if (!posted) return;
  // Without a deadline: the lane's jobs are the plugin's own callbacks, and its stop ends the wait in any case.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return *done || phase_ >= Phase::stopping; });
}

void Host::threw(const char *what) const noexcept {
  try {
    warn(name() + ": a callback threw (" + what + "); no exception may cross the plugin border");
  } catch (...) { // no memory for the warning
  }
}

void Host::warn(const std::string &message) const { log::warn(message, {{"plugin", id_}}); }

void Host::started() {
  phase_ = Phase::running;
  paused_ = false;
  lane_.resume();
}

void Host::endRoutes() {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::stopping;
    changed_.notify_all();
  }
  Fetches::all().cancel(*this); // handlers and work that are waited for may wait for another host
  for (const auto &resource : resources())
    if (auto *const route = dynamic_cast<RouteBase *>(resource.get())) {
      route->drop();
      forget(route->id());
    }
}

bool Host::quiet() {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, shared_->limits.stop, [&] { return working == 0; })) return false;
  }
  if (!lane_.pauseFor(shared_->limits.stop)) return false;
  paused_ = true;
  return true;
}

void Host::endAll() {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::stopped;
    changed_.notify_all();
  }
  for (const auto &resource : resources()) resource->drop();
  Replies::all().drop(*this);
  Fetches::all().drop(*this);
  const auto open = sockets.with([](auto &all) { return std::exchange(all, {}); });
  for (const auto socket : open) services().front.closeSocket(socket, 1001, "going away");
  std::unordered_map<std::uint64_t, ResourcePtr> freed;
  const std::lock_guard lock(mutex_);
  freed.swap(resources_);
}

const void *Host::service(const pinion_host *raw, const char *id) {
  const Host *const host = raw == nullptr ? nullptr : static_cast<const Host *>(raw->impl);
  if (host == nullptr || id == nullptr) return nullptr;
  return serviceTable(id, host->services().store != nullptr);
}

} // namespace pinion::core
