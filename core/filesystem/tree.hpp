// The confined filesystem of one server: every file operation on a volume goes through here (contract files.md 1).
// openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS), last component never followed; where the kernel or the setting
// system.openat_mode has no openat2, a walk component by component with O_NOFOLLOW does the same.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

enum class OpenatMode { automatic, openat2, openat };

struct Entry {
  std::string name;
  struct stat info {};
};

// All functions block on the disk: [pool]. Errors: Code::notFound, Code::denied (out of the root, or a link where none
// may be), Code::invalid (not a folder, a folder, name too long), Code::busy (exists), Code::io (the rest, with errno's
// text).
class Tree {
public:
  // Opens the root folder itself (made with parents and mode 0755 when `create`).
  static Result<Tree> open(const std::string &root, bool create, OpenatMode mode = OpenatMode::automatic);

  // `flags` are O_* bits; O_NOFOLLOW, O_CLOEXEC, O_NONBLOCK (then cleared) are added: a FIFO never blocks.
  Result<UniqueFd> openFile(std::string_view path, int flags, mode_t mode = 0644) const;
  Result<UniqueFd> openFolder(std::string_view path) const;
  Result<struct stat> stat(std::string_view path) const; // never follows a final link
  Result<std::vector<Entry>> list(std::string_view path) const;
  Result<void> makeFolders(std::string_view path, mode_t mode = 0755) const;
  Result<void> rename(std::string_view from, std::string_view to) const; // never onto something
  Result<void> remove(std::string_view path) const;                      // recursive; absent is success
  Result<void> removeAll() const;                                        // everything below the root
  Result<void> chmod(std::string_view path, mode_t mode) const;          // a link: Code::denied
  // Recursive lchown of what differs; specials and links themselves included, never followed.
  Result<void> chown(std::string_view path, uid_t uid, gid_t gid) const;
  // Sum of the sizes of regular files, links not followed, each inode once. `stopped` is asked now and then.
  Result<std::int64_t> usage(const std::function<bool()> &stopped) const;
  [[nodiscard]] int rootFd() const { return root_.get(); }

  // The relative path inside the root that `path` means: lexically cleaned; Code::denied when it leads out; the empty
  // string is the root. Embedded NULs and over-long names are refused.
  static Result<std::string> clean(std::string_view path);

private:
  UniqueFd root_;
  OpenatMode mode_ = OpenatMode::automatic;
};

} // namespace pinion::core
