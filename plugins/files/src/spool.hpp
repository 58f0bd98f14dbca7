// New bytes for a file: they go into a file without a name, are counted against the server's disk limit as they come,
// and get their place when all are there. Until then nobody sees them, and the file they replace stays as it is.
#pragma once

#include <pinion/cpp/files.hpp>

#include <string>
#include <string_view>

namespace pinion::files {

// Bytes of one write(2). Larger ones make the kernel gather large folios, which cost more than they save.
constexpr std::size_t kWritten = 64 * 1024;

Result<void> writeAll(const Fd &file, std::string_view bytes);

// [pool] Gives back what it counted when it goes unplaced. Move-only.
class Spool {
public:
  // `replaced`: the bytes of the file that it will replace; so many need no room of their own.
  static Result<Spool> open(const Files &files, std::int64_t replaced);
  Spool(Spool &&other) noexcept;
  Spool &operator=(Spool &&) = delete;
  ~Spool();

  // Counts so many bytes at once, before any comes.
  Result<void> expect(std::int64_t total);
  Result<void> write(std::string_view bytes);
  // Gives the bytes the name. The spool is used up, whatever comes of it.
  Result<void> place(const std::string &path);
  std::int64_t size() const { return size_; }
  int fd() const { return file_.get(); }
  // What somebody else wrote into fd() and counts: the size it has now.
  Result<void> adopt();

private:
  Spool(Files files, Fd file, std::int64_t replaced)
      : files_(std::move(files)), file_(std::move(file)), replaced_(replaced) {}
  Result<void> count(std::int64_t total); // so that `total` bytes are counted, but for those replaced
  void giveBack();

  Files files_;
  Fd file_;
  std::int64_t replaced_, size_ = 0, counted_ = 0;
};

} // namespace pinion::files
