// What is in files: copies of them, and files that are written first and get their place when they are whole.
#include "filesystem/beneath.hpp"
#include "filesystem/tree.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <vector>

namespace pinion::core {

using beneath::failure;

namespace {

constexpr std::int64_t piece = std::int64_t{16} << 20u; // by the kernel, between two questions
constexpr std::size_t buffer_size = std::size_t{256} << 10u;

bool kernelCannot(int error) {
  return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

int write(int to, const char *bytes, std::size_t count, std::int64_t at) {
  while (count > 0) {
    const ssize_t put = ::pwrite(to, bytes, count, at);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return put < 0 ? errno : EIO;
    bytes += put;
    at += put;
    count -= static_cast<std::size_t>(put);
  }
  return 0;
}

// The first `size` bytes, shared between the files where the file system can. `done` counts; it ends early with the
// source. The descriptors' own positions stay.
int copyBytes(int from, int to, std::int64_t size, const std::function<bool()> &stopped, std::int64_t &done) {
  bool by_kernel = true;
  std::vector<char> buffer;
  while (done < size) {
    if (stopped && stopped()) return ECANCELED;
    ssize_t got = 0;
    if (by_kernel) {
      off64_t in = done, out = done;
      got = ::copy_file_range(from, &in, to, &out, static_cast<std::size_t>(std::min(piece, size - done)), 0);
      // Some file systems say "0 bytes" for what they cannot.
      if (got == 0 || (got < 0 && kernelCannot(errno))) {
        by_kernel = false;
        buffer.resize(buffer_size);
        continue;
      }
    } else {
      const auto wanted = std::min(static_cast<std::int64_t>(buffer.size()), size - done);
      got = ::pread(from, buffer.data(), static_cast<std::size_t>(wanted), done);
      if (got == 0) return 0; // it was cut meanwhile
      if (got > 0)
        if (const int error = write(to, buffer.data(), static_cast<std::size_t>(got), done); error != 0) return error;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    done += got;
  }
  return 0;
}

// NFS has no files without a name: what is open when its last name goes gets a hidden one until it is closed.
bool isNameless(int fd, const struct stat &info) {
  if (info.st_nlink == 0) return true;
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink(beneath::self(fd).c_str(), path.data(), path.size());
  if (info.st_nlink != 1 || length <= 0) return false;
  const std::string_view text(path.data(), static_cast<std::size_t>(length));
  return text.substr(text.rfind('/') + 1).starts_with(".nfs");
}

// Takes the name away again, if it still is that of the file.
void takeBack(int folder, const char *name, int fd) {
  struct stat mine {
  }, there{};
  if (::fstat(fd, &mine) == 0 && ::fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
      mine.st_dev == there.st_dev && mine.st_ino == there.st_ino)
    ::unlinkat(folder, name, 0);
}

int giveBytes(int unnamed, std::int64_t size, int target, std::int64_t before, const std::function<bool()> &stopped) {
  // Room for what is more, before anything is overwritten: a full disk leaves the file as it is.
  if (size > before && ::fallocate(target, FALLOC_FL_KEEP_SIZE, before, size - before) != 0 && errno != EOPNOTSUPP)
    return errno;
  std::int64_t done = 0;
  if (const int error = copyBytes(unnamed, target, size, stopped, done); error != 0) return error;
  return ::ftruncate(target, done) == 0 ? 0 : errno;
}

} // namespace

Result<std::int64_t> Tree::copy(std::string_view from, std::string_view to, const Reserve &reserve,
                                const std::function<bool()> &stopped) const {
  const auto source = openFile(from, O_RDONLY);
  if (!source) return source.error();
  struct stat info {};
  if (::fstat(source->get(), &info) != 0) return failure(errno, from);
  if (!S_ISREG(info.st_mode)) return failure(ENXIO, from);
  if (auto may = refuse(to); !may) return may.error();
  if (const auto there = stat(to); there) return failure(EEXIST, to);
  if (reserve)
    if (auto room = reserve(info.st_size); !room) return room.error();
  if (auto parents = makeParents(to); !parents) return parents.error();
  const auto spot = allowed(to);
  if (!spot) return spot.error();
  const int folder = spot->folder.get();
  const char *name = spot->name.c_str();
  const UniqueFd target(::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target) return failure(errno, spot->path);
  std::int64_t done = 0;
  int error = give(target.get());
  if (error == 0) error = copyBytes(source->get(), target.get(), info.st_size, stopped, done);
  if (error == 0 && ::fchmod(target.get(), info.st_mode & 0777) != 0) error = errno;
  if (error == 0) return done;
  takeBack(folder, name, target.get());
  return failure(error, spot->path);
}

Result<UniqueFd> Tree::openUnnamed(std::string_view path) const {
  const auto folder = openFolder(path);
  if (!folder) return folder.error();
  UniqueFd fd(::openat(folder->get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
  // EISDIR and ENOENT are what kernels say that do not know the flag.
  if (!fd && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) fd = beneath::openNameless(folder->get());
  if (!fd) return failure(errno, path);
  if (const int error = give(fd.get()); error != 0) return failure(error, path);
  return fd;
}

Result<std::int64_t> Tree::place(int unnamed, std::string_view path, const std::function<bool()> &stopped) const {
  struct stat info {};
  const int access = ::fcntl(unnamed, F_GETFL);
  if (access < 0 || ::fstat(unnamed, &info) != 0) return failure(errno, path);
  if (!S_ISREG(info.st_mode) || !isNameless(unnamed, info) || (access & O_ACCMODE) != O_RDWR || (access & O_PATH) != 0)
    return Error{Code::invalid, "only a file that was opened unnamed, and has no place yet, can be placed", EINVAL};
  if (auto parents = makeParents(path); !parents) return parents.error();
  const auto spot = allowed(path);
  if (!spot) return spot.error();
  const int folder = spot->folder.get();
  const char *name = spot->name.c_str();
  if (::linkat(AT_FDCWD, beneath::self(unnamed).c_str(), folder, name, AT_SYMLINK_FOLLOW) == 0) return std::int64_t{0};
  // Another file system begins somewhere between, or the file once had a name (openNameless) and gets none again.
  if (errno == EXDEV || errno == ENOENT) {
    const UniqueFd made(::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (made) {
      int error = give(made.get());
      if (error == 0) error = giveBytes(unnamed, info.st_size, made.get(), 0, stopped);
      if (error == 0) return std::int64_t{0};
      takeBack(folder, name, made.get());
      return failure(error, spot->path);
    }
  }
  if (errno != EEXIST) return failure(errno, spot->path);
  struct stat there {};
  if (::fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(there.st_mode))
    return failure(EISDIR, spot->path);
  const auto target = openFile(path, O_WRONLY);
  if (!target) return target.error();
  if (::fstat(target->get(), &there) != 0) return failure(errno, spot->path);
  if (!S_ISREG(there.st_mode)) return failure(ENXIO, spot->path);
  if (const int error = giveBytes(unnamed, info.st_size, target->get(), there.st_size, stopped); error != 0)
    return failure(error, spot->path);
  return std::int64_t{there.st_size};
}

} // namespace pinion::core
