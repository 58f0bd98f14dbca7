#include "spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pinion::files {

Result<void> writeAll(const Fd &file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file.get(), bytes.data(), std::min(bytes.size(), kWritten));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0)
      return Error{errno == EDQUOT ? PINION_E_FULL : PINION_E_IO,
                   std::string("the bytes cannot be written: ") + std::strerror(errno), errno};
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

namespace {

constexpr std::int64_t kMoved = 256 * 1024; // bytes that are moved out of a bundle at once

Result<Fd> openUnnamed(const Files &files) { return files.open("/", PINION_OPEN_WRITE | PINION_OPEN_UNNAMED, 0644); }

} // namespace

Result<std::shared_ptr<Bundle>> Bundle::open(const Files &files) {
  auto file = openUnnamed(files);
  if (!file) return file.error();
  return std::shared_ptr<Bundle>(new Bundle(std::move(*file)));
}

void Bundle::forget(std::int64_t begin, std::int64_t bytes) const {
  // Where holes are unknown the disk holds them until the bundle goes.
  static_cast<void>(::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, bytes));
}

Result<Spool> Spool::open(const Files &files, std::int64_t replaced) {
  auto file = openUnnamed(files);
  if (!file) return file.error();
  return Spool(files, std::move(*file), replaced);
}

Spool Spool::within(std::shared_ptr<Bundle> bundle, const Files &files, std::int64_t replaced) {
  Spool spool(files, Fd(), replaced);
  spool.begin_ = bundle->size_;
  spool.bundle_ = std::move(bundle);
  return spool;
}

Spool::Spool(Spool &&other) noexcept
    : files_(std::move(other.files_)), file_(std::move(other.file_)), bundle_(std::move(other.bundle_)),
      begin_(other.begin_), replaced_(other.replaced_), size_(other.size_), counted_(std::exchange(other.counted_, 0)) {
}

Spool::~Spool() {
  giveBack();
  if (bundle_ && size_ > 0) bundle_->forget(begin_, size_);
}

void Spool::giveBack() {
  // Giving back cannot be refused: a server that is gone has nothing to count.
  if (counted_ > 0) static_cast<void>(files_.reserve(-std::exchange(counted_, 0)));
}

Result<void> Spool::count(std::int64_t total) {
  const std::int64_t more = std::max<std::int64_t>(total - replaced_, 0) - counted_;
  if (more <= 0) return {};
  if (auto taken = files_.reserve(more); !taken) return taken;
  counted_ += more;
  return {};
}

Result<void> Spool::expect(std::int64_t total) { return count(total); }

Result<void> Spool::write(std::string_view bytes) {
  if (auto counted = count(size_ + static_cast<std::int64_t>(bytes.size())); !counted) return counted;
  size_ += static_cast<std::int64_t>(bytes.size());
  if (!bundle_) return writeAll(file_, bytes);
  bundle_->size_ += static_cast<std::int64_t>(bytes.size());
  return writeAll(bundle_->file_, bytes);
}

// Copies the bytes into a file of their own. What is copied leaves the bundle first: where the kernel counts, or the
// disk is nearly full, there is no room for both.
Result<void> Spool::unbundle() {
  auto file = openUnnamed(files_);
  if (!file) return file.error();
  std::string window(static_cast<std::size_t>(std::min(size_, kMoved)), '\0');
  for (std::int64_t done = 0; done < size_;) {
    const auto wanted = static_cast<std::size_t>(std::min(size_ - done, kMoved));
    const ssize_t got = ::pread(bundle_->file_.get(), window.data(), wanted, begin_ + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return Error{PINION_E_IO, std::string("the bytes cannot be read again: ") + std::strerror(got < 0 ? errno : EIO),
                   got < 0 ? errno : EIO};
    bundle_->forget(begin_ + done, got);
    if (auto written = writeAll(*file, {window.data(), static_cast<std::size_t>(got)}); !written) return written;
    done += got;
  }
  file_ = std::move(*file);
  bundle_.reset();
  return {};
}

Result<void> Spool::adopt() {
  struct stat facts {};
  if (::fstat(file_.get(), &facts) != 0) return Error{PINION_E_IO, "the file cannot be looked at", errno};
  size_ = facts.st_size;
  return count(size_);
}

Result<void> Spool::place(const std::string &path) {
  // The file there may be another by now: one of this daemon's own has counted what it is longer, or has given back
  // what it is shorter. Should it change after this look, the figure is put right by the next measurement.
  const auto there = files_.stat(path);
  replaced_ = there && there->type == PINION_FILE_REGULAR ? there->bytes : 0;
  if (auto counted = count(size_); !counted) return counted;
  // Fewer bytes than were expected: the rest was never needed.
  if (const std::int64_t needed = std::max<std::int64_t>(size_ - replaced_, 0); counted_ > needed) {
    static_cast<void>(files_.reserve(needed - counted_));
    counted_ = needed;
  }
  auto placed = bundle_ ? unbundle() : Result<void>();
  if (placed) placed = files_.place(file_, path);
  if (!placed) {
    giveBack();
    file_.reset();
    return placed;
  }
  counted_ = 0; // the file's now
  file_.reset();
  return {};
}

} // namespace pinion::files
