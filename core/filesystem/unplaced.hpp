// The files of one server that have no name yet, such as an upload that is still coming: no walk finds them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace pinion::core {

// One thread at a time. Nobody says when such a file is closed, and a descriptor of our own would keep its bytes on the
// disk: so it is known by the number of its owner's descriptor, and by what that leads to.
class Unplaced {
public:
  void add(int fd);
  // Forgets those that are closed or have a name by now; whether any are left.
  bool look();
  // Whether there were any at the last look or were added since.
  [[nodiscard]] bool any() const { return !files_.empty(); }

private:
  struct File {
    int fd = -1;
    dev_t device = 0;
    std::uint64_t inode = 0;
    std::uint32_t names = 0; // one, where the file system hides what has none (NFS)
  };
  static bool find(int fd, File &file);

  std::vector<File> files_; // at most one for each descriptor
};

} // namespace pinion::core
