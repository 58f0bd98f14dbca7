#include "filesystem/tree.hpp"

#include "filesystem/beneath.hpp"
#include "filesystem/descent.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <set>

namespace pinion::core {

namespace {

using beneath::failure;
using beneath::LastLink;

// An entry as its folder and its name there; the root is "." in itself.
struct Place {
  UniqueFd folder;
  std::string name;
  std::string path; // clean
};

Result<Place> locate(int root, OpenatMode mode, std::string_view path) {
  auto clean = Tree::clean(path);
  if (!clean) return clean.error();
  const auto slash = clean->find_last_of('/');
  const std::string parent = slash == std::string::npos ? "" : clean->substr(0, slash);
  std::string name = slash == std::string::npos ? *clean : clean->substr(slash + 1);
  int error = 0;
  UniqueFd folder = beneath::openFolder(root, parent, LastLink::refuse, mode, error);
  if (!folder) return failure(error, *clean);
  return Place{std::move(folder), name.empty() ? "." : std::move(name), std::move(*clean)};
}

Error refusedRoot() { return {Code::denied, "the server's folder itself cannot be moved or removed"}; }

bool isDevice(mode_t mode) { return S_ISCHR(mode) || S_ISBLK(mode); }

int removeBelow(UniqueFd folder) {
  // Files and links go at once; a folder when all below it has gone. What is created meanwhile is met in another pass.
  const auto gone = [](int result) { return result == 0 || errno == ENOENT ? 0 : errno; };
  Visitor visitor;
  visitor.entry = [&](int in, const char *name, unsigned char type) {
    if (type == DT_DIR) return 0;
    const int error = gone(::unlinkat(in, name, 0));
    return error == EISDIR ? 0 : error;
  };
  visitor.left = [&](int in, const char *name) {
    const int error = gone(::unlinkat(in, name, AT_REMOVEDIR));
    return error == ENOTEMPTY || error == ENOTDIR ? 0 : error;
  };
  return descend(std::move(folder), visitor);
}

bool isEmpty(int folder) {
  Visitor visitor;
  visitor.entry = [](int, const char *, unsigned char) { return EEXIST; };
  UniqueFd again(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return again && descend(std::move(again), visitor) == 0;
}

constexpr int removal_passes = 8;

} // namespace

Result<std::string> Tree::clean(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return Error{Code::denied, "a path with a NUL byte in it"};
  const bool absolute = path.starts_with('/'); // ".." ends at the root then, as in every absolute path
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part.size() > NAME_MAX) return failure(ENAMETOOLONG, part.substr(0, 64));
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    } else if (!absolute) {
      return failure(EXDEV, "..");
    }
  }
  std::string out;
  for (const auto part : parts) {
    if (!out.empty()) out.push_back('/');
    out += part;
  }
  if (out.size() >= PATH_MAX) return failure(ENAMETOOLONG, std::string_view(out).substr(0, 64));
  return out;
}

Result<Tree> Tree::open(const std::string &root, bool create, OpenatMode mode) {
  if (create) {
    for (std::size_t slash = root.find('/', 1);; slash = root.find('/', slash + 1)) {
      const std::string part = root.substr(0, slash);
      if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST && slash == std::string::npos)
        return failure(errno, root);
      if (slash == std::string::npos) break;
    }
  }
  Tree tree;
  tree.root_ = UniqueFd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!tree.root_) return failure(errno, root);
  if (mode == OpenatMode::openat2 && !beneath::hasOpenat2())
    return Error{Code::unsupported, "this kernel has no openat2; set system.openat_mode to auto"};
  tree.mode_ = mode == OpenatMode::automatic && !beneath::hasOpenat2() ? OpenatMode::openat : mode;
  return tree;
}

Result<UniqueFd> Tree::openFile(std::string_view path, int flags, mode_t mode) const {
  auto place = locate(root_.get(), mode_, path);
  if (!place) return place.error();
  // A device is not even opened: an install script may have made one, and it would be the host's.
  struct stat info {};
  if (::fstatat(place->folder.get(), place->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && isDevice(info.st_mode))
    return failure(ENXIO, place->path);
  UniqueFd fd(::openat(place->folder.get(), place->name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode));
  if (!fd) return failure(errno, place->path);
  if (::fstat(fd.get(), &info) != 0) return failure(errno, place->path);
  if (isDevice(info.st_mode)) return failure(ENXIO, place->path);
  if (S_ISLNK(info.st_mode)) return failure(ELOOP, place->path); // O_PATH opens even those
  if (S_ISDIR(info.st_mode) && (flags & (O_DIRECTORY | O_PATH)) == 0) return failure(EISDIR, place->path);
  // A FIFO keeps O_NONBLOCK, so that reading it does not block either.
  if (S_ISREG(info.st_mode) && (flags & (O_NONBLOCK | O_PATH)) == 0) {
    const int now = ::fcntl(fd.get(), F_GETFL);
    if (now < 0 || ::fcntl(fd.get(), F_SETFL, now & ~O_NONBLOCK) != 0) return failure(errno, place->path);
  }
  return fd;
}

Result<UniqueFd> Tree::openFolder(std::string_view path) const {
  auto place = locate(root_.get(), mode_, path);
  if (!place) return place.error();
  UniqueFd fd(::openat(place->folder.get(), place->name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return failure(errno, place->path);
  return fd;
}

Result<struct stat> Tree::stat(std::string_view path) const {
  auto place = locate(root_.get(), mode_, path);
  if (!place) return place.error();
  struct stat info {};
  if (::fstatat(place->folder.get(), place->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return failure(errno, place->path);
  return info;
}

Result<std::vector<Entry>> Tree::list(std::string_view path) const {
  auto folder = openFolder(path);
  if (!folder) return folder.error();
  DIR *stream = ::fdopendir(folder->get());
  if (stream == nullptr) return failure(errno, path);
  (void)folder->release(); // the stream's now
  std::vector<Entry> entries;
  int error = 0;
  for (;;) {
    errno = 0;
    const dirent *found = ::readdir(stream);
    if (found == nullptr) {
      error = errno;
      break;
    }
    const std::string_view name = found->d_name;
    if (name == "." || name == "..") continue;
    Entry entry{std::string(name), {}};
    if (::fstatat(::dirfd(stream), found->d_name, &entry.info, AT_SYMLINK_NOFOLLOW) == 0)
      entries.push_back(std::move(entry));
    else if (errno != ENOENT) // gone meanwhile
      error = errno;
    if (error != 0) break;
  }
  ::closedir(stream);
  if (error != 0) return failure(error, path);
  return entries;
}

Result<void> Tree::makeFolders(std::string_view path, mode_t mode) const {
  auto clean = Tree::clean(path);
  if (!clean) return clean.error();
  // The deepest folder of the way that is there; by halves, for ways of a thousand folders.
  std::vector<std::size_t> ends{0};
  for (std::size_t i = 0; i < clean->size(); ++i)
    if ((*clean)[i] == '/') ends.push_back(i);
  if (!clean->empty()) ends.push_back(clean->size());
  std::size_t there = 0, missing = ends.size();
  int error = 0;
  UniqueFd folder = beneath::openFolder(root_.get(), "", LastLink::refuse, mode_, error);
  if (!folder) return failure(error, *clean);
  while (there + 1 < missing) {
    // The whole way first: mostly it is there or only its last folder is not.
    const std::size_t probe = missing == ends.size() ? missing - 1 : (there + missing) / 2;
    UniqueFd found = beneath::openFolder(root_.get(), clean->substr(0, ends[probe]), LastLink::follow, mode_, error);
    if (found) {
      there = probe;
      folder = std::move(found);
    } else if (error == ENOENT) {
      missing = probe;
    } else {
      return failure(error, *clean);
    }
  }
  for (; there + 1 < ends.size(); ++there) {
    const std::size_t start = there == 0 ? 0 : ends[there] + 1;
    const std::string name = clean->substr(start, ends[there + 1] - start);
    if (::mkdirat(folder.get(), name.c_str(), mode) != 0 && errno != EEXIST) return failure(errno, *clean);
    UniqueFd next(::openat(folder.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return failure(errno, *clean);
    folder = std::move(next);
  }
  return {};
}

Result<void> Tree::rename(std::string_view from, std::string_view to) const {
  auto source = locate(root_.get(), mode_, from);
  if (!source) return source.error();
  auto target = locate(root_.get(), mode_, to);
  if (!target) return target.error();
  if (source->path.empty() || target->path.empty()) return refusedRoot();
  struct stat info {};
  if (::fstatat(source->folder.get(), source->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return failure(errno, source->path);
  if (source->path == target->path) return {};
  if (::renameat2(source->folder.get(), source->name.c_str(), target->folder.get(), target->name.c_str(),
                  RENAME_NOREPLACE) == 0)
    return {};
  if (errno == EINVAL && !(target->path + "/").starts_with(source->path + "/")) {
    // A file system without RENAME_NOREPLACE: look, then move.
    if (::fstatat(target->folder.get(), target->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
      return failure(EEXIST, target->path);
    if (::renameat(source->folder.get(), source->name.c_str(), target->folder.get(), target->name.c_str()) == 0)
      return {};
  }
  if (errno == EINVAL) return Error{Code::invalid, source->path + ": a folder cannot be moved into itself"};
  return failure(errno, errno == EEXIST ? target->path : source->path);
}

Result<void> Tree::remove(std::string_view path) const {
  auto place = locate(root_.get(), mode_, path);
  if (!place) {
    if (place.error().code == Code::notFound) return {};
    return place.error();
  }
  if (place->path.empty()) return refusedRoot();
  int error = 0;
  for (int pass = 0; pass < removal_passes; ++pass) {
    if (::unlinkat(place->folder.get(), place->name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR) return failure(errno, place->path);
    if (::unlinkat(place->folder.get(), place->name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    if (errno != ENOTEMPTY && errno != ENOTDIR) return failure(errno, place->path);
    error = errno;
    UniqueFd folder(
        ::openat(place->folder.get(), place->name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) continue; // it has become something else
    if (const int failed = removeBelow(std::move(folder)); failed != 0) return failure(failed, place->path);
  }
  if (::unlinkat(place->folder.get(), place->name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return failure(error, place->path);
}

Result<void> Tree::removeAll() const {
  for (int pass = 0; pass < removal_passes; ++pass) {
    UniqueFd folder(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return failure(errno, "");
    if (const int failed = removeBelow(std::move(folder)); failed != 0) return failure(failed, "");
    if (isEmpty(root_.get())) return {};
  }
  return failure(ENOTEMPTY, "");
}

Result<void> Tree::chmod(std::string_view path, mode_t mode) const {
  auto place = locate(root_.get(), mode_, path);
  if (!place) return place.error();
  const UniqueFd fd(::openat(place->folder.get(), place->name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return failure(errno, place->path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return failure(errno, place->path);
  if (S_ISLNK(info.st_mode)) return failure(ELOOP, place->path);
  // The one way to change the mode of exactly what was opened, without opening a FIFO or a device for real.
  char self[64];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", fd.get());
  if (::chmod(self, mode & 07777) != 0) return failure(errno, place->path);
  return {};
}

Result<void> Tree::chown(std::string_view path, uid_t uid, gid_t gid) const {
  auto place = locate(root_.get(), mode_, path);
  if (!place) return place.error();
  const auto own = [&](int folder, const char *name) {
    struct stat info {};
    if (::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return errno;
    if (info.st_uid == uid && info.st_gid == gid) return 0;
    return ::fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
  };
  if (const int error = own(place->folder.get(), place->name.c_str()); error != 0) return failure(error, place->path);
  UniqueFd folder(::openat(place->folder.get(), place->name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return errno == ENOTDIR || errno == ELOOP ? Result<void>() : Result<void>(failure(errno, place->path));
  Visitor visitor;
  visitor.entry = [&](int in, const char *name, unsigned char) {
    const int error = own(in, name);
    return error == ENOENT ? 0 : error;
  };
  if (const int error = descend(std::move(folder), visitor); error != 0) return failure(error, place->path);
  return {};
}

Result<std::int64_t> Tree::usage(const std::function<bool()> &stopped) const {
  UniqueFd folder(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failure(errno, "");
  std::int64_t bytes = 0;
  std::set<std::pair<dev_t, ino_t>> linked; // only those that have several names
  Visitor visitor;
  visitor.stopped = stopped;
  visitor.entry = [&](int in, const char *name, unsigned char type) {
    if (type != DT_REG) return 0;
    struct stat info {};
    if (::fstatat(in, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : errno;
    if (!S_ISREG(info.st_mode)) return 0;
    if (info.st_nlink > 1 && !linked.emplace(info.st_dev, info.st_ino).second) return 0;
    if (__builtin_add_overflow(bytes, info.st_size, &bytes)) bytes = INT64_MAX;
    return 0;
  };
  if (const int error = descend(std::move(folder), visitor); error != 0) return failure(error, "");
  return bytes;
}

} // namespace pinion::core
