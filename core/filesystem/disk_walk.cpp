#include "filesystem/disk_walk.hpp"

#include "filesystem/disk.hpp"

#include <sys/stat.h>

namespace pinion::core {

namespace {

constexpr std::int64_t max_folders = 100'000; // whose sums are kept, on the node: about 9 MiB

} // namespace

DiskWalk::DiskWalk(const std::string &data, OpenatMode mode, Quota *quota, const ChangesWatch *watch,
                   const std::atomic<bool> &stopped)
    : data_(data), mode_(mode), quota_(quota), watch_(watch), stopped_(stopped),
      room_(std::make_shared<std::atomic<std::int64_t>>(max_folders)) {}

// The first time for a server takes as long as a walk, and so it does when somebody made its folder anew: else the
// kernel would count nothing and limit nobody there.
Result<std::int64_t> DiskWalk::askKernel(const ServerPtr &server, const Tree &root) {
  const ServerId &id = server->id();
  auto ready = quota_->adopt(id, root, [&] { return stopped_.load() || server->deleted(); });
  if (ready) ready = quota_->limit(id, Disk::limit(*server));
  return ready ? quota_->used(id) : Result<std::int64_t>(ready.error());
}

// Its folder may be a link to another place, or be mounted.
bool DiskWalk::isElsewhere(const ServerPtr &server, const Tree &root) const {
  int mount = 0;
  struct stat info {};
  if (::fstat(root.rootFd(), &info) != 0 || info.st_dev != watch_->device()) return true;
  const auto handle = FolderHandle::of(root.rootFd(), "", mount);
  if (!handle) return false; // its changes are told all the same
  const auto path = watch_->find(*handle);
  return path && *path != server->text();
}

Result<DiskWalk::Found> DiskWalk::walk(const ServerPtr &server, const Tree &root, FolderSums *sums) {
  ++walks_;
  const auto stopped = [&] { return stopped_.load() || server->deleted(); };
  const auto used = sums != nullptr ? sums->walk(root, stopped) : root.usage(stopped);
  if (!used) return used.error();
  Found found{used->bytes, used->entries, true, used->elsewhere, false, {}};
  if (watch_ != nullptr && isElsewhere(server, root)) found.elsewhere = true;
  return found;
}

Result<DiskWalk::Found> DiskWalk::find(const ServerPtr &server, std::unique_ptr<FolderSums> &sums,
                                       const ChangedFolders &changed, bool keep) {
  auto root = Tree::open(data_ + "/" + server->text(), false, mode_);
  if (!root) {
    sums.reset();
    ++walks_;
    if (root.error().code == Code::notFound) return Found{0, 0, true, false, false, {}}; // not made yet
    return root.error();
  }
  std::string not_counted;
  if (quota_ != nullptr) {
    auto told = askKernel(server, *root);
    if (told) return Found{*told, 0, false, false, false, {}};
    if (told.error().code == Code::cancelled) return told.error();
    not_counted = told.error().text;
  }
  if (watch_ != nullptr && sums && sums->holds()) {
    const std::string above = server->text();
    const auto path_of = [&](const FolderHandle &folder) -> Result<std::optional<std::string>> {
      auto path = watch_->find(folder);
      if (!path || !*path) return path;
      if (**path == above) return std::optional<std::string>("");
      if (!(*path)->starts_with(above + "/")) return std::optional<std::string>(); // another server's by now
      return std::optional<std::string>((*path)->substr(above.size() + 1));
    };
    ++lookups_;
    const auto done = sums->refresh(*root, changed, path_of, [&] { return stopped_.load() || server->deleted(); });
    if (done) return Found{done->bytes, 0, false, false, done->again, std::move(not_counted)};
    if (done.error().code == Code::cancelled) return done.error();
  }
  if (keep && !sums) sums = std::make_unique<FolderSums>(room_);
  if (!keep) sums.reset();
  auto found = walk(server, *root, sums.get());
  if (!found || found->elsewhere || (sums && !sums->holds())) sums.reset();
  if (found) found->not_counted = std::move(not_counted);
  return found;
}

} // namespace pinion::core
