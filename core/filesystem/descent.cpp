#include "filesystem/descent.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace pinion::core {

namespace {

// Ancestors whose descriptors stay open. Further up the way back is "..", compared with what it has to be.
constexpr std::size_t max_open = 32;
constexpr int entries_between_questions = 512;
constexpr std::size_t buffer_bytes =
    std::size_t{64} * 1024; // a folder of 100 files in one call, one of 10,000 in seven

struct Frame {
  UniqueFd fd;
  dev_t device = 0; // of a closed one
  ino_t inode = 0;
  std::string folders; // names of the folders in it, each ended by a NUL
  std::size_t at = 0;  // the one that is visited now
};

class Descent {
public:
  explicit Descent(const Visitor &visitor) : visitor_(visitor) {}

  int run(UniqueFd folder) {
    int error = enter(std::move(folder));
    while (error == 0 && !frames_.empty()) {
      Frame &top = frames_.back();
      if (top.at == top.folders.size()) {
        error = leave();
        continue;
      }
      const char *name = top.folders.data() + top.at;
      UniqueFd fd(::openat(top.fd.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (fd) {
        if (visitor_.entered) visitor_.entered(fd.get(), name);
        error = enter(std::move(fd));
      } else if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
        error = step(); // another has it now
      } else {
        error = errno;
      }
    }
    return error;
  }

  int lookAt(int folder) {
    std::string folders; // not gone into
    return read(folder, folders);
  }

private:
  // Reads all of a folder; its files are visited now, its folders remembered.
  int enter(UniqueFd fd) {
    Frame frame;
    if (const int error = read(fd.get(), frame.folders); error != 0) return error;
    frame.fd = std::move(fd);
    frames_.push_back(std::move(frame));
    return frames_.size() > max_open ? letGo(frames_[frames_.size() - max_open - 1]) : 0;
  }

  // Closes an ancestor, and keeps what it is known by.
  static int letGo(Frame &ancestor) {
    struct stat info {};
    if (!ancestor.fd) return 0; // closed before, and not come back to
    if (::fstat(ancestor.fd.get(), &info) != 0) return errno;
    ancestor.device = info.st_dev;
    ancestor.inode = info.st_ino;
    ancestor.fd.reset();
    return 0;
  }

  int read(int folder, std::string &folders) {
    for (;;) {
      const long got = ::syscall(SYS_getdents64, folder, buffer_.get(), buffer_bytes);
      if (got <= 0) return got == 0 || errno == ENOENT ? 0 : errno; // ENOENT: removed while it is read
      for (long at = 0; at < got;) {
        // The kernel writes what the C library's readdir64 hands out.
        const auto &entry = *reinterpret_cast<const dirent64 *>(buffer_.get() + at);
        at += entry.d_reclen;
        if (std::strcmp(entry.d_name, ".") == 0 || std::strcmp(entry.d_name, "..") == 0) continue;
        if (++visited_ % entries_between_questions == 0 && visitor_.stopped && visitor_.stopped()) return ECANCELED;
        if (const int error = visit(folder, entry, folders); error != 0) return error;
      }
    }
  }

  int visit(int folder, const dirent64 &entry, std::string &folders) {
    unsigned char type = entry.d_type;
    if (type == DT_UNKNOWN) {
      struct stat info {};
      if (::fstatat(folder, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : errno;
      type = IFTODT(info.st_mode);
    }
    if (const int error = visitor_.entry(folder, entry.d_name, type); error != 0) return error;
    if (type == DT_DIR) folders.append(entry.d_name, std::strlen(entry.d_name) + 1);
    return 0;
  }

  // Back to the parent of the folder that is done.
  int leave() {
    Frame done = std::move(frames_.back());
    frames_.pop_back();
    if (frames_.empty()) return 0;
    Frame &top = frames_.back();
    if (!top.fd) {
      UniqueFd parent(::openat(done.fd.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
      struct stat info {};
      if (!parent || ::fstat(parent.get(), &info) != 0) return errno;
      if (info.st_dev != top.device || info.st_ino != top.inode) return EBUSY;
      top.fd = std::move(parent);
    }
    done.fd.reset();
    if (visitor_.left)
      if (const int error = visitor_.left(top.fd.get(), top.folders.data() + top.at); error != 0) return error;
    return step();
  }

  int step() {
    Frame &top = frames_.back();
    top.at = top.folders.find('\0', top.at) + 1;
    return visitor_.stopped && visitor_.stopped() ? ECANCELED : 0;
  }

  const Visitor &visitor_;
  std::vector<Frame> frames_;
  std::size_t visited_ = 0;
  std::unique_ptr<char[]> buffer_{new char[buffer_bytes]}; // not zeroed
};

} // namespace

int descend(UniqueFd folder, const Visitor &visitor) { return Descent(visitor).run(std::move(folder)); }

int look(int folder, const Visitor &visitor) { return Descent(visitor).lookAt(folder); }

} // namespace pinion::core
