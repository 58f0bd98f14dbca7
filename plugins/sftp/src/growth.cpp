#include "growth.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sftp {

namespace {

constexpr std::int64_t ahead_bytes = 4 * 1024 * 1024; // reserved at once, so that not every packet asks

} // namespace

Growth::Growth(Files files, int fd, std::int64_t size) : files_(std::move(files)), fd_(fd), covered_(size) {}

std::int64_t Growth::sizeNow() const {
  struct stat facts {};
  return ::fstat(fd_, &facts) == 0 ? static_cast<std::int64_t>(facts.st_size) : covered_;
}

Growth::~Growth() {
  const std::int64_t unused = covered_ - sizeNow();
  ::close(fd_);
  // Giving back is refused by no one but a server that is gone.
  if (unused > 0 && !files_.reserve(-unused)) return;
}

Result<void> Growth::cover(std::int64_t end) {
  const std::lock_guard lock(mutex_);
  if (end <= covered_) return {};
  const std::int64_t more = end - covered_;
  if (more < ahead_bytes && files_.reserve(ahead_bytes)) {
    covered_ += ahead_bytes;
    return {};
  }
  if (auto reserved = files_.reserve(more); !reserved) return reserved.error();
  covered_ = end;
  return {};
}

void Growth::cut(std::int64_t size, bool given_back) {
  const std::lock_guard lock(mutex_);
  if (size >= covered_) return;
  if (!given_back && !files_.reserve(size - covered_)) return;
  covered_ = size;
}

Result<std::shared_ptr<Growth>> Growths::of(const Files &files, int fd, bool truncated) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0)
    return Error{PINION_E_IO, std::string("the opened file cannot be looked at: ") + std::strerror(errno), errno};
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const auto &one) { return one.second.expired(); });
  auto &slot = known_[{facts.st_dev, facts.st_ino}];
  if (auto growth = slot.lock()) {
    // Opening gave the file's bytes back; what was reserved beyond them is still ours, so this errs on the safe side
    // until the next measurement.
    if (truncated) growth->cut(0, true);
    return growth;
  }
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return Error{PINION_E_IO, std::string("no descriptor is left: ") + std::strerror(errno), errno};
  auto growth = std::make_shared<Growth>(files, own, static_cast<std::int64_t>(facts.st_size));
  slot = growth;
  return growth;
}

} // namespace sftp
