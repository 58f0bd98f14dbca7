// What open files may still grow by, counted against the server's disk limit before they do.
#pragma once

#include <pinion/cpp/files.hpp>

#include <sys/stat.h>

#include <map>
#include <memory>
#include <mutex>

namespace sftp {

using pinion::Error;
using pinion::Fd;
using pinion::Files;
using pinion::Result;

// One file that is open for writing, with one descriptor for all who write to it: bytes that two handles write at the
// same place are counted once. Thread-safe. The last one to go gives back what was reserved and not used.
class Growth {
public:
  Growth(Files files, Fd file, std::int64_t size);
  Growth(const Growth &) = delete;
  Growth &operator=(const Growth &) = delete;
  ~Growth();
  int fd() const { return file_.get(); } // for reading and writing; valid as long as this is
  // Makes sure that the file may reach `end`. PINION_E_FULL beyond the limit.
  Result<void> cover(std::int64_t end);
  // Somebody made the file empty or `size` bytes long (and told nobody of it): `given_back` bytes less are counted.
  void cut(std::int64_t size, bool given_back);

private:
  std::int64_t sizeNow() const;
  Files files_;
  const Fd file_;
  std::mutex mutex_;
  std::int64_t covered_; // the size that is counted
};

// All files that are open for writing, by their inode. Thread-safe.
class Growths {
public:
  // Of `file`, which is open for reading and writing, and of which `facts` tell.
  std::shared_ptr<Growth> of(const Files &files, Fd file, const struct stat &facts, bool truncated);

private:
  std::mutex mutex_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::weak_ptr<Growth>> known_;
  std::size_t sweep_at_ = 0; // so many are known, and those that ended are looked for
};

} // namespace sftp
