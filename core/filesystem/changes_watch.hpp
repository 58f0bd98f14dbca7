// Which folders have been changed by other processes: one fanotify mark on the whole filesystem, whose queue stays in
// the kernel until somebody asks. No thread, no watch per folder; an idle node costs nothing.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

struct fanotify_event_metadata;

namespace pinion::core {

// Thread-safe, [pool].
class ChangesWatch {
public:
  // Code::unsupported, and why: no CAP_SYS_ADMIN, a kernel before 5.9, a filesystem whose folders have no handles.
  static Result<std::unique_ptr<ChangesWatch>> open(const std::string &folder);

  struct Changes {
    bool all = false;            // more than the kernel keeps, or the folder itself
    std::set<std::string> names; // of entries of the folder below which, at any depth, something changed
  };
  // Everything since the last call. Sizes and names count, owners, modes and times do not; what this process did
  // itself is left out. What is mounted below the folder is not seen.
  Changes take();
  // The device of the watched filesystem.
  [[nodiscard]] std::uint64_t device() const { return device_; }

private:
  ChangesWatch() = default;
  void note(const fanotify_event_metadata &event, Changes &changes);
  const std::string &resolve(const std::string &key, const void *handle);

  UniqueFd queue_, folder_;
  std::string path_; // of the folder, as the kernel writes it
  std::uint64_t device_ = 0;
  std::mutex mutex_;
  // Handle of a folder to the entry it is below: empty for elsewhere, "." for the folder itself.
  std::unordered_map<std::string, std::string> known_;
};

} // namespace pinion::core
