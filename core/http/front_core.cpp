#include "http/front_core.hpp"

#include "log/log.hpp"

namespace pinion::core::http {
namespace {

constexpr std::size_t kTransfersEach = 16; // of a server at once, of 64 for all
constexpr std::size_t kTransfersWaiting = 256;

TrustedProxies readProxies(const std::vector<std::string> &entries) {
  std::vector<std::string> wrong;
  TrustedProxies out(entries, &wrong);
  for (const auto &entry : wrong)
    log::warn("api.trusted_proxies: \"" + entry + "\" is neither an IP address nor a CIDR and is passed over");
  return out;
}

} // namespace

void Underway::begin() {
  const std::lock_guard lock(mutex_);
  ++count_;
}

void Underway::end() {
  const std::lock_guard lock(mutex_);
  if (--count_ == 0) none_.notify_all();
}

bool Underway::waitForNone(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return none_.wait_until(lock, deadline, [this] { return count_ == 0; });
}

FrontCore::FrontCore(Pool &workers, Pool &long_workers, FrontOptions given, FrontHooks given_hooks)
    : options(std::move(given)), hooks(std::move(given_hooks)),
      cors(options.panel_origin, options.allowed_origins, options.allow_private_network),
      proxies(readProxies(options.trusted_proxies)), workers(workers),
      long_transfers(long_workers, kTransfersEach, kTransfersWaiting), router(std::make_shared<const Router>()),
      files(options.idle_timeout) {}

Hub *FrontCore::hubOf(std::uint64_t socket) const {
  const auto index = socket % 256;
  return index < hubs.size() ? hubs[index].get() : nullptr;
}

std::array<char, 64 * 1024> &readBuffer() {
  thread_local const auto buffer = std::make_unique<std::array<char, 64 * 1024>>();
  return *buffer;
}

} // namespace pinion::core::http
