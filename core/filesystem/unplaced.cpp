#include "filesystem/unplaced.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace pinion::core {

bool Unplaced::find(int fd, File &file) {
  struct statx info {};
  // Of a network filesystem what is known here suffices: nobody waits for its server.
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_NLINK, &info) != 0) return false;
  file = {fd, makedev(info.stx_dev_major, info.stx_dev_minor), info.stx_ino, info.stx_nlink};
  return true;
}

void Unplaced::add(int fd) {
  std::erase_if(files_, [&](const File &old) { return old.fd == fd; }); // closed, and its number used again
  File file;
  if (find(fd, file)) files_.push_back(file);
}

bool Unplaced::look() {
  std::erase_if(files_, [](const File &old) {
    File now;
    return !find(old.fd, now) || now.device != old.device || now.inode != old.inode || now.names > old.names;
  });
  return any();
}

} // namespace pinion::core
