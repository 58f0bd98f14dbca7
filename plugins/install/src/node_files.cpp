#include "node_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace install {

using pinion::Error;
using pinion::Host;
using pinion::Result;

namespace {

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor &operator=(Descriptor &&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

Error failure(const std::string &what) {
  const int reason = errno;
  return {reason == ENOENT ? PINION_E_NOT_FOUND : PINION_E_IO, what + ": " + std::strerror(reason)};
}

// The folder `name` in the node's folder `root`; made (0700) when `create`.
Result<int> folderIn(const Host &host, const char *root, const std::string &name, bool create) {
  const Result<int> opened = host.folder(root);
  if (!opened) return opened.error();
  const Descriptor parent(*opened);
  if (create && ::mkdirat(parent.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
    return failure(std::string("failed to make the folder ") + root + "/" + name);
  const int fd = ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return failure(std::string("failed to open the folder ") + root + "/" + name);
  return fd;
}

Result<bool> writeAll(int fd, std::string_view text, const std::string &name) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("failed to write " + name);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<bool> writeFile(int folder, const std::string &name, std::string_view text, int flags, mode_t mode) {
  const Descriptor file(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | flags, mode));
  if (file.get() < 0) return failure("failed to open " + name);
  return writeAll(file.get(), text, name);
}

// A part of a file appended to `out`.
Result<bool> readPart(int fd, off_t from, std::size_t size, std::string &out) {
  const std::size_t before = out.size();
  out.resize(before + size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, out.data() + before + done, size - done, from + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("failed to read the installation log");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.resize(before + done);
  return true;
}

} // namespace

Result<bool> writeScript(const Host &host, const std::string &uuid, std::string_view text) {
  const Result<int> folder = folderIn(host, "tmp", uuid, true);
  if (!folder) return folder.error();
  const Descriptor owned(*folder);
  return writeFile(owned.get(), "install.sh", text, O_TRUNC, 0644);
}

Result<bool> removeScript(const Host &host, const std::string &uuid) {
  // The installer, which is root in its container, may have left anything in it, also trees deeper than descriptors go.
  const Result<void> removed = pinion::Files::removeIn(host, "tmp", uuid);
  if (!removed && removed.error().code != PINION_E_NOT_FOUND)
    return Error{removed.error().code, "failed to remove the folder tmp/" + uuid + ": " + removed.error().text};
  return true;
}

Result<bool> writeLog(const Host &host, const std::string &uuid, std::string_view text, LogWrite how) {
  const Result<int> folder = folderIn(host, "log", "install", true);
  if (!folder) return folder.error();
  const Descriptor owned(*folder);
  return writeFile(owned.get(), uuid + ".log", text, how == LogWrite::begin ? O_TRUNC : O_APPEND, 0600);
}

Result<std::string> readLog(const Host &host, const std::string &uuid, std::size_t limit) {
  const Result<int> folder = folderIn(host, "log", "install", false);
  if (!folder) return folder.error();
  const Descriptor owned(*folder);
  const std::string name = uuid + ".log";
  const Descriptor file(::openat(owned.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) return failure("failed to open the log " + name);
  if (!S_ISREG(facts.st_mode)) return Error{PINION_E_IO, "the log " + name + " is no file"};
  const auto size = static_cast<std::size_t>(facts.st_size);
  std::string out;
  if (size <= limit) {
    if (auto read = readPart(file.get(), 0, size, out); !read) return read.error();
    return out;
  }
  const std::size_t head = std::min<std::size_t>(limit / 4, 65536);
  if (auto read = readPart(file.get(), 0, head, out); !read) return read.error();
  out += "\n[...]\n";
  if (auto read = readPart(file.get(), facts.st_size - static_cast<off_t>(limit - head), limit - head, out); !read)
    return read.error();
  return out;
}

Result<bool> removeLog(const Host &host, const std::string &uuid) {
  const Result<int> folder = folderIn(host, "log", "install", false);
  if (!folder) return folder.error().code == PINION_E_NOT_FOUND ? Result<bool>(true) : folder.error();
  const Descriptor owned(*folder);
  if (::unlinkat(owned.get(), (uuid + ".log").c_str(), 0) != 0 && errno != ENOENT)
    return failure("failed to remove the log " + uuid + ".log");
  return true;
}

} // namespace install
