#include "filesystem/folder_sums.hpp"

#include "filesystem/beneath.hpp"
#include "filesystem/descent.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace pinion::core {

using beneath::failure;

void ChangedFolders::note(const FolderHandle &folder, bool folders) {
  if (all_) return;
  if (folders_.size() >= max_kept && !folders_.contains(folder)) return noteAll();
  folders_[folder] |= folders;
}

void ChangedFolders::add(const ChangedFolders &more) {
  if (more.all_) return noteAll();
  for (const auto &[folder, folders] : more.folders_) note(folder, folders);
}

void ChangedFolders::noteAll() {
  all_ = true;
  folders_ = {};
}

void FolderSums::clear() {
  *room_ += static_cast<std::int64_t>(folders_.size());
  folders_ = {};
  holds_ = false;
}

FolderSums::Folder *FolderSums::put(const FolderHandle &handle, Folder *above) {
  auto found = folders_.find(handle);
  if (found == folders_.end()) {
    if (--*room_ < 0) {
      ++*room_;
      return nullptr;
    }
    found = folders_.emplace(handle, Folder{}).first;
  }
  Folder &folder = found->second;
  folder.bytes = 0;
  folder.above = above;
  folder.lost = false;
  return &folder;
}

// Walks what is below `top`, whose descriptor `fd` is, and keeps sums as long as that is possible.
int FolderSums::collect(UniqueFd fd, Folder &top, UsageCount &count, const std::function<bool()> &stopped) {
  Folder nobody; // has the bytes once no sums are kept any more
  std::vector<Folder *> way{&top};
  Visitor visitor;
  visitor.stopped = stopped;
  visitor.entry = [&](int in, const char *name, unsigned char type) {
    return count.add(in, name, type, way.back()->bytes);
  };
  visitor.entered = [&](int folder, const char *) {
    Folder *kept = nullptr;
    if (holds_) {
      int mount = 0;
      const auto handle = FolderHandle::of(folder, "", mount);
      if (handle && mount == mount_) kept = put(*handle, way.back());
      holds_ = kept != nullptr;
    }
    way.push_back(kept == nullptr ? &nobody : kept);
  };
  visitor.left = [&](int, const char *) { return way.pop_back(), 0; };
  const int error = descend(std::move(fd), visitor);
  if (count.usage().linked || count.usage().elsewhere) holds_ = false;
  return error;
}

Result<Usage> FolderSums::walk(const Tree &tree, const std::function<bool()> &stopped) {
  clear();
  UniqueFd fd(::openat(tree.rootFd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return failure(errno, "");
  UsageCount count(info.st_dev);
  Folder *root = nullptr;
  if (const auto handle = FolderHandle::of(fd.get(), "", mount_)) {
    root_ = *handle;
    root = put(root_, nullptr);
  }
  holds_ = root != nullptr;
  Folder nobody;
  const int error = collect(std::move(fd), root == nullptr ? nobody : *root, count, stopped);
  if (error != 0 || !holds_) clear();
  if (error != 0) return failure(error, "");
  return count.usage();
}

// One refresh.
class FolderSums::Listing {
public:
  Listing(FolderSums &sums, dev_t device, const std::function<bool()> &stopped)
      : sums_(sums), count_(device), stopped_(stopped) {}

  // Files of a folder, and its folders when those have changed. Lists it as it is now, whatever it was.
  int list(UniqueFd fd, Folder &folder) {
    std::int64_t bytes = 0;
    Visitor visitor;
    visitor.stopped = stopped_;
    visitor.entry = [&](int in, const char *name, unsigned char type) {
      if (type == DT_DIR) return folder.listed ? child(in, name, folder) : 0;
      return count_.add(in, name, type, bytes);
    };
    if (const int error = look(fd.get(), visitor); error != 0) return error;
    folder.bytes = bytes;
    return count_.usage().linked || count_.usage().elsewhere ? EXDEV : 0;
  }

private:
  int child(int in, const char *name, Folder &above) {
    int mount = 0;
    const auto handle = FolderHandle::of(in, name, mount);
    if (!handle) return errno == ENOENT ? 0 : errno;
    if (mount != sums_.mount_) return EXDEV;
    if (const auto found = sums_.folders_.find(*handle); found != sums_.folders_.end()) {
      found->second.above = &above; // it was here before, or came from another folder: that one is listed, too
      found->second.lost = false;
      return 0;
    }
    UniqueFd fd(::openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : errno; // another has it now
    const auto opened = FolderHandle::of(fd.get(), "", mount);
    if (!opened || mount != sums_.mount_) return EXDEV;
    Folder *const made = sums_.put(*opened, &above);
    if (made == nullptr) return ENOMEM;
    const int error = sums_.collect(std::move(fd), *made, count_, stopped_);
    return error == 0 && !sums_.holds_ ? EXDEV : error;
  }

  FolderSums &sums_;
  UsageCount count_;
  const std::function<bool()> &stopped_;
};

Result<FolderSums::Refreshed> FolderSums::refresh(const Tree &tree, const ChangedFolders &changed,
                                                  const PathOf &path_of, const std::function<bool()> &stopped) {
  const auto give_up = [&](int error) {
    clear();
    return failure(error, "");
  };
  struct stat info {};
  int mount = 0;
  const auto root = FolderHandle::of(tree.rootFd(), "", mount);
  if (!holds_ || changed.all() || !root || *root != root_ || mount != mount_ || ::fstat(tree.rootFd(), &info) != 0)
    return give_up(ESTALE);
  // A folder's folders are lost until they are found, in it or in another that is listed.
  for (const auto &[handle, folders] : changed.each())
    if (const auto found = folders_.find(handle); folders && found != folders_.end()) found->second.listed = true;
  for (auto &[handle, folder] : folders_) folder.lost = folder.above != nullptr && folder.above->listed;

  Listing listing(*this, info.st_dev, stopped);
  std::vector<std::pair<FolderHandle, bool>> unsettled; // and whether it is there
  for (const auto &[handle, folders] : changed.each()) {
    if (stopped && stopped()) return give_up(ECANCELED);
    const auto path = path_of(handle);
    if (!path) return give_up(EIO);
    if (!*path) { // gone: the folder above has changed, too
      unsettled.emplace_back(handle, false);
      continue;
    }
    auto fd = tree.openFolder(**path);
    // Whoever owns the server may have moved it since, and put a link or another folder there.
    const auto opened = fd ? FolderHandle::of(fd->get(), "", mount) : std::nullopt;
    if (!opened || *opened != handle || mount != mount_) return give_up(ESTALE);
    const auto found = folders_.find(handle);
    if (found == folders_.end()) { // new: it is walked when the folder above is listed
      unsettled.emplace_back(handle, true);
      continue;
    }
    if (const int error = listing.list(std::move(*fd), found->second); error != 0) return give_up(error);
  }
  if (const int error = dropLost(); error != 0) return give_up(error);

  Refreshed out;
  for (auto &[handle, folder] : folders_) {
    addBytes(out.bytes, folder.bytes);
    folder.listed = folder.lost = false;
  }
  // The kernel tells of a change after it was made: that of the folder above may not be in the queue yet.
  for (const auto &[handle, there] : unsettled) out.again = out.again || folders_.contains(handle) != there;
  return out;
}

// Forgets the folders that were not found again, with all below them. EBUSY when they were moved so wildly meanwhile
// that one is below itself.
int FolderSums::dropLost() {
  bool any = false;
  for (const auto &[handle, folder] : folders_) any = any || folder.lost;
  if (!any) return 0;
  for (auto &[handle, folder] : folders_) folder.fate = Fate::open;
  std::vector<Folder *> way;
  for (auto &[handle, folder] : folders_) {
    Folder *at = &folder;
    for (; at->fate == Fate::open && !at->lost && at->above != nullptr; at = at->above) {
      at->fate = Fate::asked;
      way.push_back(at);
    }
    if (at->fate == Fate::asked) return EBUSY;
    const Fate fate = at->lost || at->fate == Fate::goes ? Fate::goes : Fate::stays;
    at->fate = fate;
    for (; !way.empty(); way.pop_back()) way.back()->fate = fate;
  }
  const auto gone = std::erase_if(folders_, [](const auto &one) { return one.second.fate == Fate::goes; });
  *room_ += static_cast<std::int64_t>(gone);
  return 0;
}

} // namespace pinion::core
