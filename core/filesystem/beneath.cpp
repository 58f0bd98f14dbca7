#include "filesystem/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace pinion::core::beneath {

namespace {

constexpr int folder_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr int max_links = 40;      // as the kernel
constexpr int max_steps = 1 << 14; // opens for one path: links can make it long
constexpr int max_races = 128;

int openat2(int root, const char *path, int flags) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    // EAGAIN: something was renamed under a ".." of a link just now.
    if (fd >= 0 || errno != EAGAIN || tries == max_races) return static_cast<int>(fd);
  }
}

// The same by hand: one component after another, each opened without following, links read and walked here.
class Walk {
public:
  Walk(int root, LastLink last) : root_(root), last_(last) {}

  UniqueFd open(const std::string &path) {
    push(path);
    while (error == 0 && !ahead_.empty()) {
      std::string name = std::move(ahead_.back());
      ahead_.pop_back();
      if (name == "..")
        up();
      else
        step(std::move(name));
    }
    if (error != 0) return {};
    if (!folder_) folder_ = UniqueFd(::openat(root_, ".", folder_flags));
    if (!folder_) error = errno;
    return std::move(folder_);
  }

  int error = 0;

private:
  [[nodiscard]] int here() const { return folder_ ? folder_.get() : root_; }

  // Puts the components of `path` before those that are still ahead.
  void push(std::string_view path) {
    const std::size_t old = ahead_.size();
    while (!path.empty()) {
      const auto slash = path.find_last_of('/');
      const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
      if (!name.empty() && name != ".") ahead_.emplace_back(name);
      path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    }
    if (ahead_.size() - old > max_steps) error = ELOOP;
  }

  UniqueFd next(int from, const std::string &name) {
    if (++steps_ > max_steps) {
      error = ELOOP;
      return {};
    }
    UniqueFd fd(::openat(from, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) error = errno;
    return fd;
  }

  void step(std::string name) {
    UniqueFd fd = next(here(), name);
    if (!fd) return;
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) {
      error = errno;
    } else if (S_ISLNK(info.st_mode)) {
      follow(fd.get());
    } else if (!S_ISDIR(info.st_mode)) {
      error = ENOTDIR;
    } else {
      folder_ = std::move(fd);
      passed_.push_back(std::move(name));
    }
  }

  void follow(int link) {
    if (ahead_.empty() && last_ == LastLink::refuse) {
      error = ENOTDIR;
      return;
    }
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(link, "", target, sizeof target);
    if (length < 0)
      error = errno;
    else if (length == 0 || length == sizeof target)
      error = ENAMETOOLONG;
    else if (target[0] == '/')
      error = EXDEV;
    else if (++links_ > max_links)
      error = ELOOP;
    else
      push(std::string_view(target, static_cast<std::size_t>(length)));
  }

  // The parent is found from the root again: ".." of a folder that was moved meanwhile would lead elsewhere.
  void up() {
    if (passed_.empty()) {
      error = EXDEV;
      return;
    }
    passed_.pop_back();
    while (!ahead_.empty() && ahead_.back() == ".." && !passed_.empty()) {
      ahead_.pop_back();
      passed_.pop_back();
    }
    folder_.reset();
    for (const auto &name : passed_) {
      UniqueFd fd = next(here(), name);
      struct stat info {};
      if (!fd) return;
      if (::fstat(fd.get(), &info) != 0 || !S_ISDIR(info.st_mode)) {
        error = ENOTDIR; // it was a folder a moment ago
        return;
      }
      folder_ = std::move(fd);
    }
  }

  int root_;
  LastLink last_;
  UniqueFd folder_;                 // none: the root
  std::vector<std::string> passed_; // the way from the root to folder_, without links
  std::vector<std::string> ahead_;  // what is left, last first
  int steps_ = 0, links_ = 0;
};

} // namespace

bool hasOpenat2() {
  static const bool has = [] {
    const UniqueFd fd(openat2(AT_FDCWD, ".", folder_flags));
    return static_cast<bool>(fd);
  }();
  return has;
}

UniqueFd openFolder(int root, const std::string &path, LastLink last, OpenatMode mode, int &error) {
  error = 0;
  if (mode == OpenatMode::openat) {
    Walk walk(root, last);
    UniqueFd fd = walk.open(path);
    error = walk.error;
    return fd;
  }
  const int nofollow = last == LastLink::refuse ? O_NOFOLLOW : 0;
  UniqueFd fd(openat2(root, path.empty() ? "." : path.c_str(), folder_flags | nofollow));
  if (!fd) error = errno;
  return fd;
}

UniqueFd openNameless(int folder) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) return {};
  const std::string name = ".pinion-" + std::to_string(random);
  UniqueFd fd(::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  // Who renamed it in this moment owns the folder anyway, and gets an empty file of his own.
  if (fd && ::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return {};
  if (fd && ::fchmod(fd.get(), 0644) != 0) return {};
  return fd;
}

std::string self(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

Error failure(int error, std::string_view path) {
  const auto make = [&](Code code, std::string_view words) {
    std::string text = path.empty() ? "the server's folder" : std::string(path.substr(0, 512));
    return Error{code, (text += ": ") += words, error};
  };
  switch (error) {
  case ENOENT: return make(Code::notFound, "no such file or directory");
  case EXDEV: return make(Code::denied, "the path leads out of the server's folder");
  case ELOOP: return make(Code::denied, "there is a link where none may be");
  case EACCES:
  case EPERM: return make(Code::denied, "operation not permitted");
  case ENOTDIR: return make(Code::invalid, "not a directory");
  case EISDIR: return make(Code::invalid, "is a directory");
  case ENAMETOOLONG: return make(Code::invalid, "file name too long");
  case ENXIO: return make(Code::invalid, "not a regular file");
  case EEXIST: return make(Code::busy, "file exists");
  case EOPNOTSUPP: return make(Code::unsupported, "the file system cannot do this");
  case EBADF:
  case EINVAL: return make(Code::invalid, "invalid argument");
  case ENOTEMPTY: return make(Code::busy, "directory not empty");
  case ETXTBSY: return make(Code::busy, "text file busy");
  case EBUSY: return make(Code::busy, "it was changed meanwhile or is in use");
  case ECANCELED: return make(Code::cancelled, "stopped on request");
  case ENOSPC: return make(Code::io, "no space left on device");
  case EDQUOT: return make(Code::full, "disk quota exceeded");
  default: return make(Code::io, std::strerror(error));
  }
}

} // namespace pinion::core::beneath
