// Project quotas of the kernel (XFS, ext4 with `prjquota`): each server's folder is a project with a number of its own,
// its use is one question to the kernel, and the limit holds for the game, too.
#pragma once

#include "base/fd.hpp"
#include "base/guarded.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "filesystem/tree.hpp"

#include <linux/fs.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace pinion::core {

class Store;

// What is asked of the kernel; tests put another in its place. Each answers 0 or an errno.
struct QuotaCalls {
  std::function<int(int fd, int command, std::uint32_t project, void *data)> quota; // Q_X* of project quotas
  std::function<int(int fd, fsxattr &attributes)> attributes;
  std::function<int(int fd, const fsxattr &attributes)> setAttributes;
  static QuotaCalls ofKernel(); // quotactl_fd(2), Linux 5.14
};

// Thread-safe; all functions block on the disk: [pool]. The number of a server is kept in the store, space
// "core/quota".
class Quota {
public:
  static constexpr std::uint32_t first_project = 1'000'000, last_project = 1'999'999;

  // Code::unsupported with the reason when the file system of the folder `data` does not enforce project quotas.
  static Result<std::unique_ptr<Quota>> open(const std::string &data, Store &store,
                                             QuotaCalls calls = QuotaCalls::ofKernel());

  // From now on the kernel counts what is in `tree`, the folder of the server. The first time everything in it gets the
  // number, which takes as long as a walk; Code::cancelled when `stopped` says so, then the next call goes on.
  // Code::unsupported: it belongs to a project of somebody else or lies on another file system, and stays as it is.
  Result<void> adopt(const ServerId &id, const Tree &tree, const std::function<bool()> &stopped);
  [[nodiscard]] bool holds(const ServerId &id) const; // adopted
  // Bytes of the blocks in use. Code::notFound: not adopted.
  Result<std::int64_t> used(const ServerId &id);
  // Bytes, 0: none; negative: nothing fits. Asks the kernel only when it is another limit than the last one.
  Result<void> limit(const ServerId &id, std::int64_t bytes);
  // The server and its files are gone: no limit, and the number is free as soon as nothing has it.
  void forget(const ServerId &id);

private:
  struct Project {
    std::uint32_t number = 0;
    bool marked = false; // everything has the number, says the store
    bool adopted = false;
    std::optional<std::int64_t> limit;
  };
  Quota(UniqueFd data, dev_t device, Store &store, QuotaCalls calls)
      : data_(std::move(data)), device_(device), store_(store), calls_(std::move(calls)) {}
  Result<void> load();
  Result<std::uint32_t> choose(const ServerId &id);
  Result<void> keep(const ServerId &id, std::uint32_t number, bool marked);
  Result<bool> unused(std::uint32_t number) const;
  int mark(int fd, std::uint32_t number, bool folder, bool &changed) const;
  Result<void> markAll(const Tree &tree, std::uint32_t number, const std::function<bool()> &stopped) const;
  Result<void> setLimit(std::uint32_t number, std::int64_t bytes) const;

  const UniqueFd data_;
  const dev_t device_;
  Store &store_;
  const QuotaCalls calls_;
  std::set<std::uint32_t> foreign_; // numbers of folders in the data folder that are not ours; constant after load()
  Guarded<std::map<ServerId, Project>> projects_;
};

} // namespace pinion::core
