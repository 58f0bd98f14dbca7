#include "filesystem/usage.hpp"

#include "filesystem/beneath.hpp"
#include "filesystem/descent.hpp"
#include "filesystem/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

namespace pinion::core {

void addBytes(std::int64_t &sum, std::int64_t bytes) {
  if (__builtin_add_overflow(sum, bytes, &sum)) sum = INT64_MAX;
}

int UsageCount::add(int folder, const char *name, unsigned char type, std::int64_t &of_folder) {
  ++usage_.entries;
  if (type != DT_REG) return 0;
  struct statx info {};
  // A network filesystem may answer from what it knows: nobody waits for its server, file by file.
  if (::statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
              STATX_TYPE | STATX_SIZE | STATX_NLINK | STATX_INO, &info) != 0)
    return errno == ENOENT ? 0 : errno;
  if (!S_ISREG(info.stx_mode)) return 0;
  if (makedev(info.stx_dev_major, info.stx_dev_minor) != device_) usage_.elsewhere = true;
  if (info.stx_nlink > 1) {
    usage_.linked = true;
    if (!linked_.emplace(info.stx_dev_major, info.stx_dev_minor, info.stx_ino).second) return 0;
  }
  const auto bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(info.stx_size, INT64_MAX));
  addBytes(usage_.bytes, bytes);
  addBytes(of_folder, bytes);
  return 0;
}

Result<Usage> Tree::usage(const std::function<bool()> &stopped) const {
  UniqueFd folder(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat root {};
  if (!folder || ::fstat(folder.get(), &root) != 0) return beneath::failure(errno, "");
  UsageCount count(root.st_dev);
  std::int64_t all = 0; // one sum for all folders
  Visitor visitor;
  visitor.stopped = stopped;
  visitor.entry = [&](int in, const char *name, unsigned char type) { return count.add(in, name, type, all); };
  if (const int error = descend(std::move(folder), visitor); error != 0) return beneath::failure(error, "");
  return count.usage();
}

} // namespace pinion::core
