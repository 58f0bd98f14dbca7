#include "tasks/pool.hpp"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace pinion::core {

namespace {

constexpr std::chrono::seconds kIdle{5}; // a thread above the minimum goes after so long without work

} // namespace

struct Pool::Impl {
  Impl(std::string pool_name, Limits pool_limits) : name(std::move(pool_name)), limits(pool_limits) {}

  const std::string name;
  const Limits limits;
  std::mutex mutex; // of all below; a Guarded cannot be waited on
  std::condition_variable work;
  std::deque<std::function<void()>> queue;
  std::list<std::thread> threads;
  std::list<std::thread> finished; // have left run(), wait to be joined
  std::size_t idle = 0, started = 0;
  bool stopping = false;

  // With the lock held. Without a single thread there is no pool, so then the failure is the caller's.
  void grow() {
    const auto place = threads.emplace(threads.end());
    try {
      *place = std::thread([this, place, label = (name + "-" + std::to_string(started)).substr(0, 15)] {
        ::pthread_setname_np(::pthread_self(), label.c_str());
        run(place);
      });
      ++started;
    } catch (const std::system_error &) {
      threads.erase(place);
      if (threads.empty()) throw;
    }
  }

  void run(std::list<std::thread>::iterator self) {
    std::unique_lock lock(mutex);
    while (true) {
      if (queue.empty()) {
        if (stopping) return; // stop() joins from `threads`
        ++idle;
        const bool woken = work.wait_for(lock, kIdle, [&] { return stopping || !queue.empty(); });
        --idle;
        if (!woken && threads.size() > limits.min_threads) {
          finished.splice(finished.end(), threads, self);
          return;
        }
        continue;
      }
      auto job = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      job();
      job = nullptr; // what it captured is freed outside the lock
      lock.lock();
    }
  }

  bool post(std::function<void()> job, bool bounded) {
    std::list<std::thread> gone;
    {
      const std::lock_guard lock(mutex);
      if (stopping || (bounded && queue.size() >= limits.queue)) return false;
      queue.push_back(std::move(job));
      if (queue.size() > idle && threads.size() < limits.max_threads) grow();
      gone.swap(finished);
    }
    work.notify_one();
    for (auto &thread : gone) thread.join(); // returns at once: they have nothing left to do
    return true;
  }

  void stop() {
    std::list<std::thread> all;
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      all.swap(threads);
      all.splice(all.end(), finished);
    }
    work.notify_all();
    for (auto &thread : all) thread.join(); // as long as the longest job: each wait in one has a deadline of its own
  }
};

Pool::Pool(std::string name, Limits limits) : impl_(std::make_shared<Impl>(std::move(name), limits)) {
  const std::lock_guard lock(impl_->mutex);
  for (std::size_t i = 0; i < limits.min_threads; ++i) impl_->grow();
}

Pool::~Pool() { stop(); }

bool Pool::post(std::function<void()> job) { return impl_->post(std::move(job), true); }

bool Pool::postUnbounded(std::function<void()> job) { return impl_->post(std::move(job), false); }

void Pool::stop() { impl_->stop(); }

std::size_t Pool::threads() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->threads.size();
}

std::size_t Pool::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.size();
}

} // namespace pinion::core
