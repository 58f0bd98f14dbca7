#include "archives/file_writer.hpp"

#include "filesystem/beneath.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pinion::core::archives {

namespace {

constexpr std::int64_t kStep = 1 << 20; // counted at once

} // namespace

FileWriter::~FileWriter() {
  if (fd_) (void)close();
}

Result<void> FileWriter::count(std::int64_t length) {
  if (length <= counted_ || !reserve_) return {};
  // A step ahead, so that not each write asks; where that is too much, only what is needed.
  std::int64_t more = 0;
  const bool fits = !__builtin_add_overflow(length - counted_, kStep, &more);
  if (end_ > 0 && fits && reserve_(more)) {
    counted_ += more;
    return {};
  }
  if (auto counted = reserve_(length - counted_); !counted) return counted;
  counted_ = length;
  return {};
}

Result<void> FileWriter::write(std::string_view bytes, std::int64_t at) {
  std::int64_t end = 0;
  if (at < 0 || __builtin_add_overflow(at, static_cast<std::int64_t>(bytes.size()), &end))
    return beneath::failure(EFBIG, path_);
  if (auto counted = count(end); !counted) return counted;
  if (at > end_ && there_ > end_) { // a hole where an older file had bytes
    if (::ftruncate(fd_.get(), end_) != 0) return beneath::failure(errno, path_);
    there_ = end_;
  }
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd_.get(), bytes.data(), std::min(bytes.size(), kWrittenAtOnce), at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return beneath::failure(done == 0 ? EIO : errno, path_);
    at += done;
    bytes.remove_prefix(static_cast<std::size_t>(done));
    end_ = std::max(end_, at);
    there_ = std::max(there_, at);
  }
  return {};
}

Result<void> FileWriter::extend(std::int64_t length) {
  if (length <= end_) return {};
  if (auto counted = count(length); !counted) return counted;
  if (::ftruncate(fd_.get(), end_) != 0 || ::ftruncate(fd_.get(), length) != 0) return beneath::failure(errno, path_);
  end_ = there_ = length;
  return {};
}

Result<void> FileWriter::close() {
  const int error = there_ != end_ && ::ftruncate(fd_.get(), end_) != 0 ? errno : 0;
  const std::int64_t kept = error == 0 ? end_ : std::max(there_, end_);
  if (reserve_ && counted_ != kept) (void)reserve_(kept - counted_); // gives back: never refused
  fd_.reset();
  if (error != 0) return beneath::failure(error, path_);
  return {};
}

} // namespace pinion::core::archives
