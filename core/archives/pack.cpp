#include "archives/pack.hpp"

#include "archives/entry_writer.hpp"
#include "archives/idle_priority.hpp"
#include "archives/output.hpp"
#include "filesystem/beneath.hpp"
#include "filesystem/descent.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <thread>

namespace pinion::core::archives {

namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::int64_t kBigFile = 1 << 20; // its pages are given back when nobody had them in memory before
constexpr std::size_t kMostThreads = 4;

bool vanished(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

class Packing {
public:
  Packing(const Tree &tree, int out, const PackOptions &options, const PackHooks &hooks)
      : tree_(tree), options_(options), hooks_(hooks),
        output_(out, {options.limit, options.rate, options.checksum}, hooks.stopped), piece_(kPiece) {
    if (::fstat(out, &own_) != 0) own_ = {};
  }

  Result<Packed> run() {
    UniqueFd root;
    if (auto opened = tree_.openFolder(options_.root); opened)
      root = std::move(*opened);
    else
      return opened.error();
    below_root_ = whereIs(root.get());
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    auto writer = openWriter(options_.format, options_.level, std::min(cores, kMostThreads), output_);
    if (!writer) return writer.error();
    writer_ = std::move(*writer);
    if (options_.files.empty()) {
      if (!below(std::move(root), "")) return std::move(*failure_);
    } else {
      auto names = wanted();
      if (!names) return names.error();
      for (const auto &name : *names)
        if (!one(root.get(), name)) return std::move(*failure_);
    }
    if (auto done = writer_->finish(); !done) return done.error();
    packed_.bytes = output_.bytes();
    packed_.checksum = output_.checksum();
    tell("");
    return std::move(packed_);
  }

private:
  // The path of a folder below the tree's root, without links and with '/' behind; empty for the root itself. Rules are
  // asked by it: a link as the way to a folder must not get round them.
  std::string whereIs(int folder) const {
    const auto path = [](int fd) {
      char target[PATH_MAX];
      const ssize_t length = ::readlink(beneath::self(fd).c_str(), target, sizeof target);
      return length < 0 ? std::string() : std::string(target, static_cast<std::size_t>(length));
    };
    const std::string base = path(tree_.rootFd()) + "/", here = path(folder) + "/";
    return here.starts_with(base) ? here.substr(base.size()) : "";
  }

  // The names that were asked for, each once and without those that lie below another.
  Result<std::vector<std::string>> wanted() const {
    std::vector<std::string> names;
    for (const auto &file : options_.files) {
      auto clean = Tree::clean("/" + file);
      if (!clean) return clean.error();
      if (clean->empty()) return std::vector<std::string>{""};
      names.push_back(std::move(*clean));
    }
    // With the separator first among all bytes, what lies below a name comes right after it.
    const auto before = [](const std::string &a, const std::string &b) {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
        return rank(x) < rank(y);
      });
    };
    std::sort(names.begin(), names.end(), before);
    std::vector<std::string> out;
    for (auto &name : names)
      if (out.empty() || (name != out.back() && !name.starts_with(out.back() + "/"))) out.push_back(std::move(name));
    return out;
  }

  // A name that was asked for. No link on the way is followed, so that rules cannot be got round.
  bool one(int root, const std::string &name) {
    UniqueFd folder(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::size_t at = 0;
    for (auto slash = name.find('/'); folder && slash != std::string::npos; slash = name.find('/', at)) {
      const std::string part = name.substr(at, slash - at);
      folder = UniqueFd(::openat(folder.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      at = slash + 1;
    }
    if (!folder) return vanished(errno) || fail(errno, name);
    const std::string last = name.empty() ? "." : name.substr(at);
    struct stat info {};
    if (::fstatat(folder.get(), last.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return vanished(errno) || fail(errno, name);
    path_.assign(name, 0, at);
    if (!S_ISDIR(info.st_mode)) return entry(folder.get(), last.c_str(), IFTODT(info.st_mode)) == 0;
    UniqueFd inside(::openat(folder.get(), last.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inside) return vanished(errno) || fail(errno, name);
    const std::uint64_t seen = seen_;
    if (!below(std::move(inside), name.empty() ? "" : name + "/")) return false;
    path_ = name;
    if (seen_ != seen || name.empty()) return true;
    return emptyFolder(folder.get(), last.c_str()) == 0;
  }

  bool below(UniqueFd folder, std::string path) {
    path_ = std::move(path);
    std::vector<std::uint64_t> seen_before;
    Visitor visitor;
    visitor.stopped = hooks_.stopped;
    visitor.entry = [&](int in, const char *name, unsigned char type) {
      ++seen_;
      return type == DT_DIR ? 0 : entry(in, name, type);
    };
    visitor.entered = [&](int, const char *name) {
      (path_ += name) += '/';
      seen_before.push_back(seen_);
    };
    visitor.left = [&](int in, const char *name) {
      path_.pop_back();
      const bool empty = seen_before.back() == seen_;
      seen_before.pop_back();
      const int error = empty ? emptyFolder(in, name) : 0;
      path_.resize(path_.size() - std::strlen(name));
      return error;
    };
    const int error = descend(std::move(folder), visitor);
    if (error != 0 && !failure_) fail(error, path_);
    return error == 0;
  }

  // `path_` is the folder's, with the slash behind it. The answer is an errno; failure_ says more.
  int entry(int in, const char *name, unsigned char type) {
    const std::size_t folder = path_.size();
    path_ += name;
    int error = 0;
    if (type == DT_REG || (type == DT_LNK && options_.links)) {
      if (leftOut(path_))
        ++packed_.left_out;
      else
        error = type == DT_REG ? file(in, name) : link(in, name);
    }
    path_.resize(folder);
    return error;
  }

  int emptyFolder(int in, const char *name) { // `path_` is its own
    struct stat info {};
    if (::fstatat(in, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(info.st_mode)) return 0;
    if (leftOut(path_) || leftOut(path_ + "/")) {
      ++packed_.left_out;
      return 0;
    }
    return begin({path_, TarEntry::Type::folder, info.st_mode & 07777U, 0, info.st_mtim.tv_sec, ""}) ? 0 : EIO;
  }

  int link(int in, const char *name) {
    char target[PATH_MAX];
    struct stat info {};
    const ssize_t length = ::readlinkat(in, name, target, sizeof target);
    if (length <= 0 || length == sizeof target || ::fstatat(in, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    return begin({path_, TarEntry::Type::link, 0777, 0, info.st_mtim.tv_sec,
                  std::string(target, static_cast<std::size_t>(length))})
               ? 0
               : EIO;
  }

  int file(int in, const char *name) {
    // It may be a device by now, which an installer has left and the game has put here: opening one acts.
    const auto opened = Tree::openIn(in, name, false);
    struct stat info {};
    if (!opened) {
      const int error = opened.error().detail;
      return vanished(error) || error == ENXIO || error == EISDIR || fail(error, path_) ? 0 : EIO;
    }
    const UniqueFd &fd = *opened;
    if (::fstat(fd.get(), &info) != 0) return fail(errno, path_) ? 0 : EIO;
    if (!S_ISREG(info.st_mode)) return 0;                                   // it has become something else
    if (info.st_dev == own_.st_dev && info.st_ino == own_.st_ino) return 0; // the archive itself
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (!begin({path_, TarEntry::Type::file, info.st_mode & 07777U, size, info.st_mtim.tv_sec, ""})) return EIO;
    const bool big = info.st_size >= kBigFile;
    const bool drop = big && !inMemory(fd.get());
    if (big) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    std::uint64_t left = size;
    while (left > 0) {
      const ssize_t got = ::read(fd.get(), piece_.data(), std::min<std::uint64_t>(left, piece_.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(errno, path_) ? 0 : EIO;
      std::size_t length = static_cast<std::size_t>(got);
      if (got == 0) { // it was cut meanwhile: its head promises more
        length = std::min<std::uint64_t>(left, piece_.size());
        std::fill_n(piece_.begin(), length, '\0');
      }
      if (auto done = writer_->data({piece_.data(), length}); !done) return stop(done.error());
      left -= length;
      read_ += length;
      tell(path_);
      if (hooks_.stopped && hooks_.stopped()) return fail(ECANCELED, path_) ? 0 : EIO;
    }
    if (drop) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
    return 0;
  }

  // Whether the file's beginning is in memory already: somebody uses it then.
  static bool inMemory(int fd) {
    char byte = 0;
    const iovec into{&byte, 1};
    return ::preadv2(fd, &into, 1, 0, RWF_NOWAIT) == 1;
  }

  bool begin(const TarEntry &entry) {
    if (auto done = writer_->begin(entry); !done) {
      failure_ = done.error();
      return false;
    }
    ++packed_.entries;
    tell(path_);
    return true;
  }

  bool leftOut(const std::string &path) const {
    return (hooks_.denied && hooks_.denied(below_root_ + path)) || (hooks_.ignored && hooks_.ignored(path));
  }
  void tell(std::string_view name) const {
    if (hooks_.told) hooks_.told({read_, std::max(hooks_.total, hooks_.total == 0 ? 0 : read_), packed_.entries, name});
  }
  // Always false.
  bool fail(int error, const std::string &path) {
    failure_ = beneath::failure(error, path);
    return false;
  }
  int stop(const Error &error) {
    failure_ = error;
    return EIO;
  }

  const Tree &tree_;
  const PackOptions &options_;
  const PackHooks &hooks_;
  const IdlePriority priority_;
  struct stat own_ {};
  Output output_;
  std::unique_ptr<EntryWriter> writer_; // goes before the output it writes to
  std::vector<char> piece_;
  std::string below_root_, path_;
  std::uint64_t seen_ = 0; // entries of all kinds
  std::uint64_t read_ = 0;
  Packed packed_;
  std::optional<Error> failure_;
};

} // namespace

Result<Packed> pack(const Tree &tree, int out, const PackOptions &options, const PackHooks &hooks) {
  return Packing(tree, out, options, hooks).run();
}

} // namespace pinion::core::archives
