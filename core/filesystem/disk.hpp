// Known disk use of servers: measured at most every system.disk_check_interval seconds, off the request paths.
#pragma once

#include "filesystem/tree.hpp"
#include "servers/registry.hpp"
#include "tasks/pool.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace pinion::core {

// Thread-safe. Publishes "server.disk_exceeded" {"bytes","limit"} when a fresh figure is over the server's limit.
class Disk {
public:
  Disk(Bus &bus, Pool &workers, std::string data_directory, std::chrono::seconds interval, OpenatMode mode);
  ~Disk();
  // The tree of a server; its root folder is <data>/<uuid>.
  Result<Tree> tree(const ServerId &id, bool create) const;
  [[nodiscard]] std::string path(const ServerId &id) const;
  // [pool] Measures now when the known figure is older than the interval. Interval 0: always 0.
  Result<std::int64_t> measure(const ServerPtr &server);
  // [any] The known figure; starts a measurement in the background when it is older than the interval.
  std::int64_t known(const ServerPtr &server);
  void stop();

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
