#include "pool.hpp"

namespace sftp {

Pool::Pool(const pinion::Host &host)
    : host_(host), tasks_(static_cast<const pinion_tasks_v1 *>(host.raw()->service(host.raw(), "pinion.tasks/1"))) {}

bool Pool::run(std::function<void()> work) {
  if (!PINION_HAS(tasks_, run)) return false;
  auto made = std::make_unique<Job>(Job{this, std::move(work)});
  Job *job = made.get();
  {
    const std::lock_guard lock(mutex_);
    running_.emplace(job, std::move(made));
  }
  const auto perform = [](void *user) noexcept -> pinion_status {
    try {
      static_cast<Job *>(user)->work();
      return PINION_OK;
    } catch (...) {
      return PINION_E_INTERNAL; // the work itself tells its session of failures
    }
  };
  const auto done = [](void *user, pinion_status, pinion_span) noexcept {
    auto *ended = static_cast<Job *>(user);
    Pool *pool = ended->pool;
    const std::lock_guard lock(pool->mutex_);
    pool->running_.erase(ended);
  };
  std::uint64_t id = 0;
  if (tasks_->run(host_.raw(), perform, done, job, &id, nullptr) == PINION_OK) return true;
  const std::lock_guard lock(mutex_);
  running_.erase(job);
  return false;
}

} // namespace sftp
