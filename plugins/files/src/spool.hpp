// New bytes for a file: they go into a file without a name, are counted against the server's disk limit as they come,
// and get their place when all are there. Until then nobody sees them, and the file they replace stays as it is.
#pragma once

#include <pinion/cpp/files.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace pinion::files {

// Bytes of one write(2). Larger ones make the kernel gather large folios, which cost more than they save.
constexpr std::size_t kWritten = 64 * 1024;

Result<void> writeAll(const Fd &file, std::string_view bytes);

// One file without a name that the bytes of many spools share, one behind the other, so that they hold one descriptor.
class Bundle {
public:
  static Result<std::shared_ptr<Bundle>> open(const Files &files);

private:
  friend class Spool;
  explicit Bundle(Fd file) : file_(std::move(file)) {}
  void forget(std::int64_t begin, std::int64_t bytes) const; // gives their room back to the disk
  Fd file_;
  std::int64_t size_ = 0;
};

// [pool] Gives back what it counted when it goes unplaced. Move-only.
class Spool {
public:
  // `replaced`: the bytes of the file that it will replace; so many need no room of their own.
  static Result<Spool> open(const Files &files, std::int64_t replaced);
  // Its bytes go into the bundle, and are copied out of it when they get their place. Of a bundle's spools only the
  // last is written, and none is expected, adopted or asked for its fd().
  static Spool within(std::shared_ptr<Bundle> bundle, const Files &files, std::int64_t replaced);
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
  Result<void> unbundle();

  Files files_;
  Fd file_;
  std::shared_ptr<Bundle> bundle_; // or none: the bytes are in file_
  std::int64_t begin_ = 0;         // of them, in the bundle
  std::int64_t replaced_, size_ = 0, counted_ = 0;
};

} // namespace pinion::files
