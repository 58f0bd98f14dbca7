#include "spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sftp {

namespace {

constexpr std::array<const char *, 2> names{"activity-0", "activity-1"};
constexpr std::int64_t file_bytes = 16 * 1024 * 1024;

Error failed(const char *what) {
  const int reason = errno;
  return {PINION_E_IO, std::string(what) + ": " + std::strerror(reason), reason};
}

} // namespace

Result<Spool> Spool::open(const Fd &folder) {
  Spool out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    File &file = out.files_[i];
    file.fd =
        Fd(::openat(folder.get(), names[i], O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
    struct stat facts {};
    if (!file.fd || ::fstat(file.fd.get(), &facts) != 0)
      return failed("the file for activity in .sftp of the data folder cannot be opened");
    if (!S_ISREG(facts.st_mode))
      return Error{PINION_E_INVALID, std::string(".sftp/") + names[i] + " in the data folder is no file; remove it"};
    file.bytes = facts.st_size;
  }
  return out;
}

Result<std::vector<std::string>> Spool::left() const {
  std::vector<std::string> out;
  for (const File &file : files_) {
    std::string text;
    text.resize(static_cast<std::size_t>(std::min(file.bytes, file_bytes)));
    const ssize_t got = ::pread(file.fd.get(), text.data(), text.size(), 0);
    if (got < 0) return failed("what an earlier daemon kept of the activity cannot be read");
    text.resize(static_cast<std::size_t>(got));
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      if (end > at) out.push_back(text.substr(at, end - at));
  }
  return out;
}

bool Spool::append(std::string line) {
  File &file = files_[now_];
  line += '\n';
  const auto length = static_cast<std::int64_t>(line.size());
  if (!file.fd || file.bytes + length > file_bytes) return false;
  const ssize_t written = ::write(file.fd.get(), line.data(), line.size());
  if (written == length) {
    file.bytes += length;
    return true;
  }
  // A part of a line would spoil the next one.
  if (written > 0 && ::ftruncate(file.fd.get(), file.bytes) != 0) file.fd.reset();
  return false;
}

void Spool::turn() { now_ = 1 - now_; }

void Spool::clear() { files_[1 - now_].empty(); }

void Spool::clearAll() {
  for (File &file : files_) file.empty();
}

void Spool::File::empty() {
  if (bytes == 0 || !fd) return;
  // One that cannot be emptied is not used again; the log knows what is in it, should it ever be read.
  if (::ftruncate(fd.get(), 0) != 0) fd.reset();
  bytes = 0;
}

} // namespace sftp
