// Which folders have been changed, and whether by other processes: one fanotify mark on the whole filesystem, whose
// queue stays in the kernel until somebody asks. No thread, no watch per folder; an idle node costs nothing.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "filesystem/folder_sums.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

struct fanotify_event_metadata;

namespace pinion::core {

// Thread-safe, [pool].
class ChangesWatch {
public:
  // Code::unsupported, and why: no CAP_SYS_ADMIN, a kernel before 5.9, a filesystem whose folders have no handles.
  static Result<std::unique_ptr<ChangesWatch>> open(const std::string &folder);

  // Below one entry of the folder, at any depth.
  struct Below {
    bool others = false;  // somebody else did something
    bool written = false; // this process wrote into a file
    ChangedFolders folders;
  };
  struct Changes {
    bool all = false; // more than the kernel keeps, or somebody else changed the folder itself
    std::map<std::string, Below> entries;
  };
  // Everything since the last call. Sizes and names count; owners, modes and times do not. What is mounted below the
  // folder is not seen.
  Changes take();
  // Where a folder is now: a path below the watched folder, empty for that itself. Nothing: it is gone or elsewhere.
  Result<std::optional<std::string>> find(const FolderHandle &folder) const;
  // The device of the watched filesystem.
  [[nodiscard]] std::uint64_t device() const { return device_; }

private:
  ChangesWatch() = default;
  void note(const fanotify_event_metadata &event, const char *bytes, Changes &changes); // `bytes`: the event whole
  void note(const file_handle &handle, std::uint64_t mask, bool ours, Changes &changes);
  const std::string &entryOf(const file_handle &handle);
  std::optional<std::string> below(std::string path) const;

  UniqueFd queue_, folder_;
  std::string path_; // of the folder, as the kernel writes it
  std::uint64_t device_ = 0;
  std::mutex mutex_;
  // Handle of a folder to the entry it is below: empty for elsewhere, "." for the folder itself.
  std::unordered_map<std::string, std::string> known_;
};

} // namespace pinion::core
