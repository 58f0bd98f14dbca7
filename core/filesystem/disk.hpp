// The disk use of servers: found by one walk of a server's folder, kept current by what the daemon itself writes, and
// walked again only when somebody else changed the folder; of a large server only the folders that changed.
//
//   reserve() ──counts──▶ DiskUse of the server ◀──what a walk found── walk ◀─ changed? ◀─ ChangesWatch (fanotify)
//                             │                                          ▲
//                             └─ known(), stats, limit                   └─ without fanotify: the interval has passed
// Where the kernel counts (Quota), a walk is one question to it.
#pragma once

#include "filesystem/quota.hpp"
#include "filesystem/tree.hpp"
#include "servers/registry.hpp"
#include "tasks/pool.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace pinion::core {

enum class Watching { automatic, never }; // never: as on a machine without fanotify

// Thread-safe. Publishes "server.disk_exceeded" {"bytes","limit"} when a look finds a figure over the server's limit:
// after a walk, and each time the interval has passed and somebody asked.
class Disk {
public:
  // `walkers` are for walks in the background, at most two at once: their threads' priority is lowered for good.
  Disk(Bus &bus, Pool &walkers, std::string data_directory, std::chrono::seconds interval, OpenatMode mode,
       Watching watching = Watching::automatic, std::unique_ptr<Quota> quota = nullptr);
  ~Disk();
  // The tree of a server; its root folder is <data>/<uuid>.
  Result<Tree> tree(const ServerId &id, bool create) const;
  [[nodiscard]] std::string path(const ServerId &id) const;
  // Bytes; 0: none; negative: nothing fits.
  [[nodiscard]] static std::int64_t limit(const Server &server);

  // [pool] Counts what files will grow by, before they do. Code::full with EDQUOT when that is beyond the limit of this
  // moment; then nothing is counted. Negative: it was not needed, or is gone. A server that was never measured and has
  // a limit is measured first. Interval 0: nothing is counted, and what alone is beyond the limit does not fit.
  Result<void> reserve(const ServerPtr &server, std::int64_t bytes);
  // [any] A file without a name was made for the server, whose bytes are counted, and `fd` is open. No walk comes by
  // it: until it has a name or `fd` is closed, by whomever, walks do not lower the figure.
  void unplaced(const ServerPtr &server, int fd);
  // [any] Something was changed and nobody knows by how much: the next look walks.
  void doubt(const ServerPtr &server);
  // [pool] The figure with what others have changed until now; walks when they have (without fanotify: when the last
  // walk is older than the interval). Interval 0: always 0.
  Result<std::int64_t> measure(const ServerPtr &server);
  // [any] The known figure; looks for changes in the background when that was not done for an interval.
  std::int64_t known(const ServerPtr &server);
  // [pool] The server is new or its limit is another: the kernel is told where it counts; else nothing to do.
  void define(const ServerPtr &server);
  // [pool] The server and its files are gone.
  void forget(const ServerId &id);
  void stop();

  [[nodiscard]] bool watched() const;          // changes are told by the kernel
  [[nodiscard]] std::uint64_t walks() const;   // of everything a server has
  [[nodiscard]] std::uint64_t lookups() const; // of only the folders of one that changed

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
