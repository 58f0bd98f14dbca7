#include "filesystem/quota.hpp"

#include "filesystem/beneath.hpp"
#include "filesystem/descent.hpp"
#include "store/store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace pinion::core {

namespace {

const std::string space = "core/quota";
constexpr std::int64_t block = 512; // of the Q_X* calls, whatever the file system's are
constexpr int most_passes = 4;

Error unsupported(std::string why, int error = 0) {
  if (error != 0) why += std::string(": ") + std::strerror(error);
  return {Code::unsupported, std::move(why), error};
}

Error asked(const char *what, std::uint32_t number, int error) {
  return {error == EDQUOT ? Code::full : Code::io,
          std::string(what) + " of project " + std::to_string(number) + ": " + std::strerror(error), error};
}

} // namespace

QuotaCalls QuotaCalls::ofKernel() {
  QuotaCalls calls;
  calls.quota = [](int fd, int command, std::uint32_t project, void *data) {
#ifdef SYS_quotactl_fd
    const auto whole = static_cast<unsigned>(QCMD(static_cast<unsigned>(command), XQM_PRJQUOTA));
    return ::syscall(SYS_quotactl_fd, fd, whole, project, data) == 0 ? 0 : errno;
#else
    static_cast<void>(fd), static_cast<void>(command), static_cast<void>(project), static_cast<void>(data);
    return ENOSYS;
#endif
  };
  calls.attributes = [](int fd, fsxattr &attributes) {
    return ::ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 ? 0 : errno;
  };
  calls.setAttributes = [](int fd, const fsxattr &attributes) {
    return ::ioctl(fd, FS_IOC_FSSETXATTR, &attributes) == 0 ? 0 : errno;
  };
  return calls;
}

Result<std::unique_ptr<Quota>> Quota::open(const std::string &data, Store &store, QuotaCalls calls) {
  UniqueFd folder(::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!folder || ::fstat(folder.get(), &info) != 0) return unsupported("the data folder cannot be opened", errno);
  fs_quota_statv state{};
  state.qs_version = FS_QSTATV_VERSION1;
  if (const int error = calls.quota(folder.get(), Q_XGETQSTATV, 0, &state); error != 0)
    return unsupported("the file system of the data folder has no quotas", error);
  if ((state.qs_flags & FS_QUOTA_PDQ_ACCT) == 0 || (state.qs_flags & FS_QUOTA_PDQ_ENFD) == 0)
    return unsupported("the file system of the data folder is not mounted with prjquota");
  fsxattr attributes{};
  if (const int error = calls.attributes(folder.get(), attributes); error != 0)
    return unsupported("the data folder has no project", error);
  std::unique_ptr<Quota> quota(new Quota(std::move(folder), info.st_dev, store, std::move(calls)));
  if (auto loaded = quota->load(); !loaded) return loaded.error();
  return quota;
}

Result<void> Quota::load() {
  const auto keys = store_.keys(space, "");
  if (!keys) return keys.error();
  std::map<ServerId, Project> ours;
  for (const std::string &key : *keys) {
    const auto id = ServerId::parse(key);
    const auto value = store_.get(space, key);
    if (!value) return value.error();
    if (!id || !*value) continue;
    Project project;
    const std::string &text = **value;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), project.number).ptr;
    project.marked = std::string_view(end) == " marked";
    if (project.number >= first_project && project.number <= last_project) ours.emplace(*id, project);
  }
  const int again = ::openat(data_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR *)> folder(again < 0 ? nullptr : ::fdopendir(again), &::closedir);
  if (folder == nullptr) return unsupported("the data folder cannot be read", errno);
  while (const dirent *entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
    const UniqueFd fd(::openat(data_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    fsxattr attributes{};
    if (!fd || calls_.attributes(fd.get(), attributes) != 0) continue;
    const auto id = ServerId::parse(name);
    const auto found = id ? ours.find(*id) : ours.end();
    if (found == ours.end() || found->second.number != attributes.fsx_projid) foreign_.insert(attributes.fsx_projid);
  }
  projects_.with([&](auto &projects) { projects = std::move(ours); });
  return {};
}

Result<bool> Quota::unused(std::uint32_t number) const {
  if (foreign_.contains(number)) return false;
  fs_disk_quota found{};
  const int error = calls_.quota(data_.get(), Q_XGETQUOTA, number, &found);
  if (error == ENOENT) return true; // XFS has no entry; ext4 gives one of zeros
  if (error != 0) return asked("the quota", number, error);
  return found.d_bcount == 0 && found.d_icount == 0 && found.d_blk_hardlimit == 0 && found.d_blk_softlimit == 0 &&
         found.d_ino_hardlimit == 0 && found.d_ino_softlimit == 0;
}

Result<void> Quota::keep(const ServerId &id, std::uint32_t number, bool marked) {
  return store_.put(space, id.text(), std::to_string(number) + (marked ? " marked" : ""));
}

// Under the lock as a whole: two servers never get the same number.
Result<std::uint32_t> Quota::choose(const ServerId &id) {
  return projects_.with([&](auto &projects) -> Result<std::uint32_t> {
    if (const auto found = projects.find(id); found != projects.end()) return found->second.number;
    std::set<std::uint32_t> taken;
    for (const auto &one : projects) taken.insert(one.second.number);
    for (std::uint32_t number = first_project; number <= last_project; ++number) {
      if (taken.contains(number)) continue;
      const auto free = unused(number);
      if (!free) return free.error();
      if (!*free) continue;
      if (auto kept = keep(id, number, false); !kept) return kept.error();
      Project project;
      project.number = number;
      projects.emplace(id, project);
      return number;
    }
    return Error{Code::unsupported, "there is no free number for a project quota"};
  });
}

int Quota::mark(int fd, std::uint32_t number, bool folder, bool &changed) const {
  fsxattr attributes{};
  if (const int error = calls_.attributes(fd, attributes); error != 0) return error;
  const std::uint32_t flags = attributes.fsx_xflags | (folder ? FS_XFLAG_PROJINHERIT : 0U);
  if (attributes.fsx_projid == number && attributes.fsx_xflags == flags) return 0;
  attributes.fsx_projid = number;
  attributes.fsx_xflags = flags;
  changed = true;
  return calls_.setAttributes(fd, attributes);
}

// A folder after what is in it: the kernel moves no file between projects, and so a game's moves within a folder work
// all the time. What the game made meanwhile in a folder that was not marked yet is found by the next pass.
Result<void> Quota::markAll(const Tree &tree, std::uint32_t number, const std::function<bool()> &stopped) const {
  for (int pass = 0; pass < most_passes; ++pass) {
    bool changed = false;
    const auto one = [&](int in, const char *name, bool folder) {
      const auto fd = Tree::openIn(in, name, folder);
      if (!fd) return 0; // gone, or something that has no bytes
      struct stat info {};
      if (::fstat(fd->get(), &info) != 0 || info.st_dev != device_) return 0;
      return mark(fd->get(), number, folder, changed);
    };
    Visitor visitor;
    visitor.stopped = stopped;
    visitor.entry = [&](int in, const char *name, unsigned char type) {
      return type == DT_REG ? one(in, name, false) : 0;
    };
    visitor.left = [&](int in, const char *name) { return one(in, name, true); };
    UniqueFd root(::openat(tree.rootFd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) return beneath::failure(errno, "");
    if (const int error = descend(std::move(root), visitor); error != 0) return beneath::failure(error, "");
    const UniqueFd top(::openat(tree.rootFd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (const int error = top ? mark(top.get(), number, true, changed) : errno; error != 0)
      return beneath::failure(error, "");
    if (!changed) break;
  }
  return {};
}

Result<void> Quota::adopt(const ServerId &id, const Tree &tree, const std::function<bool()> &stopped) {
  struct stat info {};
  if (::fstat(tree.rootFd(), &info) != 0) return beneath::failure(errno, "");
  if (info.st_dev != device_) return unsupported("the server's folder lies on another file system");
  const UniqueFd root(::openat(tree.rootFd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  fsxattr attributes{};
  if (const int error = root ? calls_.attributes(root.get(), attributes) : errno; error != 0)
    return unsupported("the project of the server's folder cannot be read", error);
  Project known = projects_.with([&](auto &projects) {
    const auto found = projects.find(id);
    return found == projects.end() ? Project{} : found->second;
  });
  if (attributes.fsx_projid != 0 && attributes.fsx_projid != known.number)
    return unsupported("the server's folder belongs to project " + std::to_string(attributes.fsx_projid) +
                       ", which is not ours");
  if (known.number == 0) {
    const auto chosen = choose(id);
    if (!chosen) return chosen.error();
    known.number = *chosen;
  }
  // A folder that was removed by hand and made again has lost its number.
  if (!known.marked || attributes.fsx_projid != known.number) {
    if (auto marked = markAll(tree, known.number, stopped); !marked) return marked;
    if (auto kept = keep(id, known.number, true); !kept) return kept;
  }
  projects_.with([&](auto &projects) {
    Project &project = projects[id];
    project.number = known.number;
    project.marked = project.adopted = true;
  });
  return {};
}

bool Quota::holds(const ServerId &id) const {
  return projects_.with([&](const auto &projects) {
    const auto found = projects.find(id);
    return found != projects.end() && found->second.adopted;
  });
}

Result<std::int64_t> Quota::used(const ServerId &id) {
  const auto number = projects_.with([&](auto &projects) {
    const auto found = projects.find(id);
    return found != projects.end() && found->second.adopted ? found->second.number : 0U;
  });
  if (number == 0) return Error{Code::notFound, "the kernel does not count for the server " + id.text()};
  fs_disk_quota found{};
  const int error = calls_.quota(data_.get(), Q_XGETQUOTA, number, &found);
  if (error == ENOENT) return std::int64_t{0};
  if (error != 0) return asked("the use", number, error);
  if (found.d_bcount > static_cast<std::uint64_t>(INT64_MAX / block)) return INT64_MAX;
  return static_cast<std::int64_t>(found.d_bcount) * block;
}

Result<void> Quota::setLimit(std::uint32_t number, std::int64_t bytes) const {
  fs_disk_quota wanted{};
  wanted.d_version = FS_DQUOT_VERSION;
  wanted.d_flags = FS_PROJ_QUOTA;
  wanted.d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT;
  wanted.d_id = number;
  if (bytes != 0) wanted.d_blk_hardlimit = bytes < block ? 1 : static_cast<std::uint64_t>(bytes / block);
  if (const int error = calls_.quota(data_.get(), Q_XSETQLIM, number, &wanted); error != 0)
    return asked("the limit", number, error);
  return {};
}

// Under the lock as a whole: of two limits the later one stays.
Result<void> Quota::limit(const ServerId &id, std::int64_t bytes) {
  return projects_.with([&](auto &projects) -> Result<void> {
    const auto found = projects.find(id);
    if (found == projects.end() || !found->second.adopted)
      return Error{Code::notFound, "the kernel does not count for the server " + id.text()};
    if (found->second.limit == bytes) return {};
    if (auto set = setLimit(found->second.number, bytes); !set) return set;
    found->second.limit = bytes;
    return {};
  });
}

void Quota::forget(const ServerId &id) {
  projects_.with([&](auto &projects) {
    const auto found = projects.find(id);
    if (found == projects.end()) return;
    // What cannot be cleared keeps its entry in the kernel's table, and so is never given to another server.
    static_cast<void>(setLimit(found->second.number, 0));
    static_cast<void>(store_.remove(space, id.text()));
    projects.erase(found);
  });
}

} // namespace pinion::core
