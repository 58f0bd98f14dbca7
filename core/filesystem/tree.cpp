#include "filesystem/tree.hpp"

#include "filesystem/beneath.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <climits>

namespace pinion::core {

using beneath::failure;
using beneath::LastLink;

namespace {

constexpr int max_races = 64; // an entry that comes and goes while it is opened

bool isDevice(mode_t mode) { return S_ISCHR(mode) || S_ISBLK(mode); }

// Opens an entry that is there, and only when it is something to open: a device is not even tried (an install script
// may have made one, and it would be the host's), whatever the name stands for a moment later.
UniqueFd openEntry(int folder, const char *name, int flags, int &error) {
  UniqueFd exact(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  error = !exact || ::fstat(exact.get(), &info) != 0 ? errno : 0;
  if (error == 0 && isDevice(info.st_mode)) error = ENXIO;
  if (error == 0 && S_ISLNK(info.st_mode)) error = ELOOP;
  if (error == 0 && S_ISDIR(info.st_mode) && (flags & (O_DIRECTORY | O_PATH)) == 0) error = EISDIR;
  if (error != 0) return {};
  if ((flags & O_PATH) != 0) return exact;
  // A FIFO keeps O_NONBLOCK, so that reading it does not block either.
  const int waits = S_ISREG(info.st_mode) ? 0 : O_NONBLOCK;
  UniqueFd fd(::open(beneath::self(exact.get()).c_str(), flags | waits | O_CLOEXEC));
  if (!fd) error = errno;
  return fd;
}

std::string pathOf(int fd) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(beneath::self(fd).c_str(), target, sizeof target);
  if (length < 0) return "";
  if (length == sizeof target) errno = ENAMETOOLONG;
  return length == sizeof target ? "" : std::string(target, static_cast<std::size_t>(length));
}

} // namespace

Result<std::string> Tree::clean(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return Error{Code::denied, "a path with a NUL byte in it", EINVAL};
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
  Tree tree;
  const auto open = [&] { return UniqueFd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); };
  tree.root_ = open();
  if (!tree.root_ && errno == ENOENT && create) {
    for (std::size_t slash = root.find('/', 1);; slash = root.find('/', slash + 1)) {
      const std::string part = root.substr(0, slash);
      if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST && slash == std::string::npos)
        return failure(errno, root);
      if (slash == std::string::npos) break;
    }
    tree.root_ = open();
  }
  if (!tree.root_) return failure(errno, root);
  if (mode == OpenatMode::openat2 && !beneath::hasOpenat2())
    return Error{Code::unsupported, "this kernel has no openat2; set system.openat_mode to auto", ENOSYS};
  tree.mode_ = mode == OpenatMode::automatic && !beneath::hasOpenat2() ? OpenatMode::openat : mode;
  return tree;
}

Result<std::string> Tree::realPath(int folder) const {
  std::string whole = pathOf(folder);
  if (whole.empty()) return failure(errno, "");
  std::string root = pathOf(root_.get());
  if (root.empty()) return failure(errno, "");
  if (whole == root) return std::string();
  if (root.back() != '/') root.push_back('/');
  if (!whole.starts_with(root)) return failure(EXDEV, ""); // moved out of the root just now
  return whole.substr(root.size());
}

Result<Tree::Spot> Tree::find(std::string_view path) const {
  auto clean = Tree::clean(path);
  if (!clean) return clean.error();
  const auto slash = clean->find_last_of('/');
  const std::string parent = slash == std::string::npos ? "" : clean->substr(0, slash);
  std::string name = slash == std::string::npos ? *clean : clean->substr(slash + 1);
  int error = 0;
  Spot spot;
  spot.folder = beneath::openFolder(root_.get(), parent, LastLink::refuse, mode_, error);
  if (!spot.folder) return failure(error, *clean);
  if (hasDenylist() && !name.empty()) {
    auto real = realPath(spot.folder.get());
    if (!real) return real.error();
    spot.real = real->empty() ? name : *real + "/" + name;
    spot.denied = terms_->denylist->matches(*clean) || terms_->denylist->matches(spot.real);
  }
  spot.name = name.empty() ? "." : std::move(name);
  spot.path = std::move(*clean);
  return spot;
}

Result<Tree::Spot> Tree::allowed(std::string_view path) const {
  auto spot = find(path);
  if (spot && spot->denied) return deniedBy(spot->path);
  if (spot || !hasDenylist()) return spot;
  // What is denied is denied whether or not there is a way to it.
  const auto clean = Tree::clean(path);
  if (clean && terms_->denylist->matches(*clean)) return deniedBy(*clean);
  return spot;
}

// Before anything is made on the way to it.
Result<void> Tree::refuse(std::string_view path) const {
  if (!hasDenylist()) return {};
  const auto clean = Tree::clean(path);
  if (!clean) return clean.error();
  if (terms_->denylist->matches(*clean)) return deniedBy(*clean);
  // By its real path, when the folder above it is there; what is not is looked at when it is made.
  if (const auto spot = find(*clean); spot && spot->denied) return deniedBy(*clean);
  return {};
}

Error Tree::deniedBy(std::string_view path) {
  return {Code::denied, std::string(path.substr(0, 512)) + ": the server's file denylist names it", EACCES};
}

int Tree::give(int fd) const {
  struct stat info {};
  if (!terms_) return 0;
  if (::fstat(fd, &info) != 0) return errno;
  if (info.st_uid == terms_->uid && info.st_gid == terms_->gid) return 0;
  return ::fchownat(fd, "", terms_->uid, terms_->gid, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

Result<UniqueFd> Tree::openFile(std::string_view path, int flags, mode_t mode) const {
  const auto spot = allowed(path);
  if (!spot) return spot.error();
  const int folder = spot->folder.get();
  const char *name = spot->name.c_str();
  // What is made must be known to be made: it is given to its owner, and only it.
  const bool create = (flags & O_CREAT) != 0;
  const int existing = flags & ~(O_CREAT | O_EXCL);
  int error = 0;
  for (int tries = 0; tries < max_races; ++tries) {
    if (create) {
      UniqueFd made(::openat(folder, name, existing | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
      error = made ? give(made.get()) : errno;
      if (made && error == 0) return made;
      if (error != EEXIST || (flags & O_EXCL) != 0) break;
    }
    UniqueFd fd = openEntry(folder, name, existing, error);
    if (fd) return fd;
    if (error != ENOENT || !create) break;
  }
  return failure(error, spot->path);
}

Result<UniqueFd> Tree::openFolder(std::string_view path) const {
  const auto spot = find(path);
  if (!spot) return spot.error();
  UniqueFd fd(::openat(spot->folder.get(), spot->name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return failure(errno, spot->path);
  return fd;
}

Result<UniqueFd> Tree::openIn(int folder, const std::string &name, bool as_folder) {
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
    return Error{Code::invalid, "\"" + name.substr(0, 512) + "\" is no name of an entry", EINVAL};
  int error = 0;
  UniqueFd fd = openEntry(folder, name.c_str(), as_folder ? O_RDONLY | O_DIRECTORY : O_RDONLY, error);
  if (!fd) return failure(error, name);
  return fd;
}

Result<struct stat> Tree::stat(std::string_view path) const {
  const auto spot = find(path);
  if (!spot) return spot.error();
  struct stat info {};
  if (::fstatat(spot->folder.get(), spot->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return failure(errno, spot->path);
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

} // namespace pinion::core
