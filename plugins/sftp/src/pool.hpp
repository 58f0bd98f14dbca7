// The daemon's worker threads, for what may take long. Thread-safe.
#pragma once

#include <pinion/cpp/host.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace sftp {

class Pool {
public:
  explicit Pool(const pinion::Host &host);
  // [any] False: the pool is full or the daemon stops, and `work` never runs.
  bool run(std::function<void()> work);

private:
  struct Job {
    Pool *pool;
    std::function<void()> work;
  };
  const pinion::Host host_;
  const pinion_tasks_v1 *tasks_;
  std::mutex mutex_;
  std::map<Job *, std::unique_ptr<Job>> running_;
};

} // namespace sftp
