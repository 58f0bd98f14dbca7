#include "archives/sources.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace pinion::core::archives {

namespace {

constexpr int kSlice = 100;                   // ms between two questions whether to stop
constexpr std::chrono::minutes kPatience{10}; // with a writer that gives nothing

} // namespace

FileSource::FileSource(int fd, Stopped stopped) : fd_(fd), stopped_(std::move(stopped)) {
  struct stat info {};
  if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return;
  start_ = std::max<off_t>(0, ::lseek(fd_, 0, SEEK_CUR));
  size_ = std::max<std::int64_t>(0, info.st_size - start_);
}

Result<std::size_t> FileSource::read(char *into, std::size_t room) {
  if (taken_ < ahead_.size()) {
    const std::size_t length = std::min(room, ahead_.size() - taken_);
    std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(taken_), length, into);
    taken_ += length;
    return length;
  }
  return fetch(into, room);
}

Result<std::string_view> FileSource::peek(std::size_t length) {
  if (taken_ == ahead_.size()) ahead_.clear(), taken_ = 0;
  while (ahead_.size() - taken_ < length) {
    const std::size_t old = ahead_.size();
    ahead_.resize(taken_ + length);
    auto got = fetch(ahead_.data() + old, ahead_.size() - old);
    ahead_.resize(old + (got ? *got : 0));
    if (!got) return got.error();
    if (*got == 0) break;
  }
  return std::string_view(ahead_.data() + taken_, std::min(length, ahead_.size() - taken_));
}

Result<std::size_t> FileSource::fetch(char *into, std::size_t room) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    if (stopped_ && stopped_()) return Error{Code::cancelled, "the archive was cancelled", ECANCELED};
    if (!seekable()) {
      pollfd waits{fd_, POLLIN, 0};
      if (::poll(&waits, 1, kSlice) == 0) {
        if (std::chrono::steady_clock::now() > deadline)
          return Error{Code::timeout, "the archive does not come", ETIMEDOUT};
        continue;
      }
    }
    const ssize_t got = seekable() ? ::pread(fd_, into, room, start_ + at_) : ::read(fd_, into, room);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Error{Code::io, std::string("the archive cannot be read: ") + std::strerror(errno), errno};
    at_ += got;
    bytes_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

void FileSource::seek(std::int64_t to) {
  at_ = to;
  ahead_.clear();
  taken_ = 0;
}

} // namespace pinion::core::archives
