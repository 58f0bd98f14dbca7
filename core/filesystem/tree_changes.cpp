// Changes of a tree that do not touch what is in files.
#include "filesystem/beneath.hpp"
#include "filesystem/descent.hpp"
#include "filesystem/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>

#include <cerrno>

namespace pinion::core {

using beneath::failure;
using beneath::LastLink;

namespace {

constexpr std::size_t max_looked_at = 100000; // entries below a folder that is to be moved

Error refusedRoot() { return {Code::denied, "the server's folder itself cannot be moved or removed", EXDEV}; }

// The path of the folder that a descent is in, below where it began.
class Way {
public:
  explicit Way(std::string start) : path_(std::move(start)) {}
  void enter(const char *name) { path_ = at(name); }
  void leave() {
    const auto slash = path_.find_last_of('/');
    path_.resize(slash == std::string::npos ? 0 : slash);
  }
  [[nodiscard]] std::string at(const char *name) const { return path_.empty() ? name : path_ + "/" + name; }
  [[nodiscard]] const std::string &here() const { return path_; }

private:
  std::string path_;
};

// An O_PATH descriptor of exactly the entry, which is no link.
Result<UniqueFd> exactly(int folder, const std::string &name, const std::string &path) {
  UniqueFd fd(::openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return failure(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return failure(errno, path);
  if (S_ISLNK(info.st_mode)) return failure(ELOOP, path);
  return fd;
}

// The bytes that go when this name does: none while the file has another one.
std::int64_t lastBytes(int folder, const char *name) {
  struct stat info {};
  const bool last =
      ::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1;
  return last ? info.st_size : 0;
}

bool isEmpty(int folder) {
  Visitor visitor;
  visitor.entry = [](int, const char *, unsigned char) { return EEXIST; };
  UniqueFd again(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return again && descend(std::move(again), visitor) == 0;
}

constexpr int removal_passes = 8;

} // namespace

Result<void> Tree::makeFolders(std::string_view path, mode_t mode) const {
  auto clean = Tree::clean(path);
  if (!clean) return clean.error();
  if (auto may = refuse(*clean); !may) return may.error();
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
    if (hasDenylist()) {
      const auto real = realPath(folder.get());
      if (!real) return real.error();
      if (terms_->denylist->matches(real->empty() ? name : *real + "/" + name)) return deniedBy(*clean);
    }
    const bool made = ::mkdirat(folder.get(), name.c_str(), mode) == 0;
    if (!made && errno != EEXIST) return failure(errno, *clean);
    UniqueFd next(::openat(folder.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return failure(errno, *clean);
    if (const int failed = made ? give(next.get()) : 0; failed != 0) return failure(failed, *clean);
    folder = std::move(next);
  }
  return {};
}

Result<void> Tree::makeParents(std::string_view path) const {
  const auto clean = Tree::clean(path);
  if (!clean) return clean.error();
  if (auto may = refuse(*clean); !may) return may.error();
  const auto slash = clean->find_last_of('/');
  if (slash == std::string::npos) return {};
  return makeFolders(clean->substr(0, slash));
}

Result<void> Tree::mayMove(const Spot &from, const Spot &to) const {
  if (!hasDenylist()) return {};
  UniqueFd folder(::openat(from.folder.get(), from.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return {}; // no folder, so nothing is below it
  Way was(from.real), becomes(to.real);
  std::size_t seen = 0;
  Visitor visitor;
  visitor.entry = [&](int, const char *name, unsigned char) {
    if (++seen > max_looked_at) return E2BIG;
    const bool denied = terms_->denylist->matches(was.at(name)) || terms_->denylist->matches(becomes.at(name));
    return denied ? EACCES : 0;
  };
  visitor.entered = [&](int, const char *name) { was.enter(name), becomes.enter(name); };
  visitor.left = [&](int, const char *) { return was.leave(), becomes.leave(), 0; };
  const int error = descend(std::move(folder), visitor);
  if (error == 0) return {};
  if (error == EACCES) return deniedBy(from.path + ": something in it");
  if (error == E2BIG)
    return Error{Code::denied,
                 from.path + ": it holds too much to be compared with the server's file denylist; move parts of it",
                 EACCES};
  return failure(error, from.path);
}

Result<void> Tree::rename(std::string_view from, std::string_view to) const {
  const auto source = allowed(from);
  if (!source) return source.error();
  const auto clean = Tree::clean(to);
  if (!clean) return clean.error();
  if (source->path.empty() || clean->empty()) return refusedRoot();
  struct stat info {};
  if (::fstatat(source->folder.get(), source->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return failure(errno, source->path);
  const Error inside{Code::invalid, source->path + ": a folder cannot be moved into itself", EINVAL};
  if (source->path == *clean) return {};
  if (S_ISDIR(info.st_mode) && clean->starts_with(source->path + "/")) return inside;
  if (auto parents = makeParents(*clean); !parents) return parents.error();
  const auto target = allowed(*clean);
  if (!target) return target.error();
  if (auto may = mayMove(*source, *target); !may) return may.error();
  if (::renameat2(source->folder.get(), source->name.c_str(), target->folder.get(), target->name.c_str(),
                  RENAME_NOREPLACE) == 0)
    return {};
  if (errno == EINVAL) {
    // A file system without RENAME_NOREPLACE: look, then move.
    if (::fstatat(target->folder.get(), target->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
      return failure(EEXIST, target->path);
    if (::renameat(source->folder.get(), source->name.c_str(), target->folder.get(), target->name.c_str()) == 0)
      return {};
  }
  if (errno == EINVAL) return inside;
  return failure(errno, errno == EEXIST ? target->path : source->path);
}

// Files and links go at once; a folder when all below it has gone. What is created meanwhile is met in another pass.
int Tree::removeBelow(UniqueFd folder, const std::string &real, std::int64_t &freed, bool &kept) const {
  const auto gone = [](int result) { return result == 0 || errno == ENOENT ? 0 : errno; };
  Way way(real);
  const auto stays = [&](const std::string &path) {
    if (!hasDenylist() || !terms_->denylist->matches(path)) return false;
    return kept = true;
  };
  Visitor visitor;
  visitor.entry = [&](int in, const char *name, unsigned char type) {
    if (type == DT_DIR || stays(way.at(name))) return 0;
    const std::int64_t bytes = type == DT_REG ? lastBytes(in, name) : 0;
    if (::unlinkat(in, name, 0) == 0) {
      freed += bytes;
      return 0;
    }
    return errno == ENOENT || errno == EISDIR ? 0 : errno;
  };
  visitor.entered = [&](int, const char *name) { way.enter(name); };
  visitor.left = [&](int in, const char *name) {
    const bool denied = stays(way.here());
    way.leave();
    if (denied) return 0;
    const int error = gone(::unlinkat(in, name, AT_REMOVEDIR));
    return error == ENOTEMPTY || error == ENOTDIR ? 0 : error;
  };
  return descend(std::move(folder), visitor);
}

Result<std::int64_t> Tree::remove(std::string_view path) const {
  std::int64_t freed = 0;
  const auto spot = find(path);
  if (!spot) {
    if (spot.error().code == Code::notFound) return freed;
    return spot.error();
  }
  if (spot->path.empty()) return refusedRoot();
  const int in = spot->folder.get();
  const char *name = spot->name.c_str();
  bool kept = spot->denied;
  int error = 0;
  for (int pass = 0; pass < removal_passes; ++pass) {
    if (!kept) {
      const std::int64_t bytes = lastBytes(in, name);
      if (::unlinkat(in, name, 0) == 0) return freed + bytes;
      if (errno == ENOENT) return freed;
      if (errno != EISDIR) return failure(errno, spot->path);
      if (::unlinkat(in, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return freed;
      if (errno != ENOTEMPTY && errno != ENOTDIR) return failure(errno, spot->path);
      error = errno;
    }
    UniqueFd folder(::openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder && kept) return freed;
    if (!folder) continue; // it has become something else
    if (const int failed = removeBelow(std::move(folder), spot->real, freed, kept); failed != 0)
      return failure(failed, spot->path);
    if (kept) return freed;
  }
  if (::unlinkat(in, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return freed;
  return failure(error, spot->path);
}

Result<std::int64_t> Tree::removeAll() const {
  std::int64_t freed = 0;
  bool kept = false;
  for (int pass = 0; pass < removal_passes; ++pass) {
    UniqueFd folder(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return failure(errno, "");
    if (const int failed = removeBelow(std::move(folder), "", freed, kept); failed != 0) return failure(failed, "");
    if (kept || isEmpty(root_.get())) return freed;
  }
  return failure(ENOTEMPTY, "");
}

Result<void> Tree::link(const std::string &target, std::string_view path) const {
  const auto spot = allowed(path);
  if (!spot) return spot.error();
  if (target.find('\0') != std::string::npos)
    return Error{Code::invalid, "a link's target with a NUL byte in it", EINVAL};
  const int folder = spot->folder.get();
  const char *name = spot->name.c_str();
  if (::symlinkat(target.c_str(), folder, name) != 0) return failure(errno, spot->path);
  const UniqueFd fd(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return failure(errno, spot->path);
  if (const int error = give(fd.get()); error != 0) return failure(error, spot->path);
  return {};
}

Result<void> Tree::chmod(std::string_view path, mode_t mode) const {
  const auto spot = allowed(path);
  if (!spot) return spot.error();
  const auto fd = exactly(spot->folder.get(), spot->name, spot->path);
  if (!fd) return fd.error();
  // The one way to change the mode of exactly what was opened, without opening a FIFO or a device for real.
  if (::chmod(beneath::self(fd->get()).c_str(), mode & 07777) != 0) return failure(errno, spot->path);
  return {};
}

Result<void> Tree::setTimes(std::string_view path, std::int64_t accessed_s, std::int64_t modified_s) const {
  const auto spot = allowed(path);
  if (!spot) return spot.error();
  const auto fd = exactly(spot->folder.get(), spot->name, spot->path);
  if (!fd) return fd.error();
  const timespec times[2] = {{accessed_s, 0}, {modified_s, 0}};
  if (::utimensat(AT_FDCWD, beneath::self(fd->get()).c_str(), times, 0) != 0) return failure(errno, spot->path);
  return {};
}

Result<void> Tree::chown(std::string_view path, uid_t uid, gid_t gid) const {
  const auto spot = allowed(path);
  if (!spot) return spot.error();
  const auto own = [&](int folder, const char *name) {
    struct stat info {};
    if (::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return errno;
    if (info.st_uid == uid && info.st_gid == gid) return 0;
    return ::fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
  };
  if (const int error = own(spot->folder.get(), spot->name.c_str()); error != 0) return failure(error, spot->path);
  UniqueFd folder(::openat(spot->folder.get(), spot->name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return errno == ENOTDIR || errno == ELOOP ? Result<void>() : Result<void>(failure(errno, spot->path));
  Visitor visitor;
  visitor.entry = [&](int in, const char *name, unsigned char) {
    const int error = own(in, name);
    return error == ENOENT ? 0 : error;
  };
  if (const int error = descend(std::move(folder), visitor); error != 0) return failure(error, spot->path);
  return {};
}

} // namespace pinion::core
