// Archives on their way in: from a descriptor, and through the decompressors that libarchive has not, has
// slower or has without a bound on their memory.
#pragma once

#include "archives/bytes.hpp"
#include "archives/kinds.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pinion::core::archives {

// Reads a file from where it stands (the descriptor's position stays) or a pipe or socket as it comes.
class FileSource final : public ByteSource {
public:
  // The descriptor stays the caller's.
  FileSource(int fd, Stopped stopped);
  Result<std::size_t> read(char *into, std::size_t room) override; // Code::timeout after ten minutes without a byte
  // The first bytes (fewer only at the end); they are read again afterwards.
  Result<std::string_view> peek(std::size_t length);
  [[nodiscard]] bool seekable() const { return size_ >= 0; }
  [[nodiscard]] std::int64_t size() const { return size_; } // from where it stood; -1: not known
  void seek(std::int64_t to);                               // seekable only; 0 is where it stood
  [[nodiscard]] std::int64_t at() const { return at_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; } // read in all

private:
  Result<std::size_t> fetch(char *into, std::size_t room);

  const int fd_;
  const Stopped stopped_;
  std::int64_t start_ = 0, size_ = -1, at_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<char> ahead_; // peeked and not yet read
  std::size_t taken_ = 0;   // of ahead_
};

enum class Coding { gzip, zlib, brotli, xz, lzip, snappy };
// Decompresses what `from` gives, which must outlive it. What is damaged or ends too early is Code::io (EBADMSG),
// what needs too much memory Code::full (E2BIG).
std::unique_ptr<ByteSource> decoder(Coding coding, ByteSource &from);

// EBADMSG in words.
Error damaged(const std::string &how);

} // namespace pinion::core::archives
