#include "growth.hpp"

namespace sftp {

namespace {

constexpr std::size_t sweep_least = 64;
constexpr std::int64_t ahead_bytes = 4 * 1024 * 1024; // reserved at once, so that not every packet asks

} // namespace

Growth::Growth(Files files, Fd file, std::int64_t size)
    : files_(std::move(files)), file_(std::move(file)), covered_(size) {}

std::int64_t Growth::sizeNow() const {
  struct stat facts {};
  return ::fstat(fd(), &facts) == 0 ? static_cast<std::int64_t>(facts.st_size) : covered_;
}

Growth::~Growth() {
  const std::int64_t unused = covered_ - sizeNow();
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

std::shared_ptr<Growth> Growths::of(const Files &files, Fd file, const struct stat &facts, bool truncated) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= sweep_at_) {
    std::erase_if(known_, [](const auto &one) { return one.second.expired(); });
    sweep_at_ = 2 * known_.size() + sweep_least;
  }
  auto &slot = known_[{facts.st_dev, facts.st_ino}];
  if (auto growth = slot.lock()) {
    // Opening gave the file's bytes back; what was reserved beyond them is still ours, so this errs on the safe side
    // until the next measurement.
    if (truncated) growth->cut(0, true);
    return growth;
  }
  auto growth = std::make_shared<Growth>(files, std::move(file), static_cast<std::int64_t>(facts.st_size));
  slot = growth;
  return growth;
}

} // namespace sftp
