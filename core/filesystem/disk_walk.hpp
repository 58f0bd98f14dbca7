// Finds what one server uses on the disk: the kernel is asked where it counts, only the folders that changed are listed
// where their sums are kept, and else everything is walked.
#pragma once

#include "filesystem/changes_watch.hpp"
#include "filesystem/folder_sums.hpp"
#include "filesystem/quota.hpp"
#include "filesystem/tree.hpp"
#include "servers/registry.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace pinion::core {

// Thread-safe, [pool]; one call a server at a time.
class DiskWalk {
public:
  // What is not owned may be null and outlives this.
  DiskWalk(const std::string &data, OpenatMode mode, Quota *quota, const ChangesWatch *watch,
           const std::atomic<bool> &stopped);

  struct Found {
    std::int64_t bytes = 0;
    std::uint64_t entries = 0; // 0 when not everything was walked
    bool whole = false;        // everything was walked
    bool elsewhere = false;    // something lies where changes are not watched
    bool again = false;        // not all that changed could be found
    std::string not_counted;   // why the kernel cannot count for it
  };
  // `sums` may be null. They are used when they hold and all that changed since is in `changed`; where everything is
  // walked and `keep`, they are made.
  Result<Found> find(const ServerPtr &server, std::unique_ptr<FolderSums> &sums, const ChangedFolders &changed,
                     bool keep);
  [[nodiscard]] std::uint64_t walks() const { return walks_; }     // of everything
  [[nodiscard]] std::uint64_t lookups() const { return lookups_; } // of what changed

private:
  Result<std::int64_t> askKernel(const ServerPtr &server, const Tree &root);
  [[nodiscard]] bool isElsewhere(const ServerPtr &server, const Tree &root) const;
  Result<Found> walk(const ServerPtr &server, const Tree &root, FolderSums *sums);

  const std::string data_;
  const OpenatMode mode_;
  Quota *const quota_;
  const ChangesWatch *const watch_;
  const std::atomic<bool> &stopped_;
  const FolderSums::Room room_;
  std::atomic<std::uint64_t> walks_{0}, lookups_{0};
};

} // namespace pinion::core
