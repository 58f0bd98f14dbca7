#include "filesystem/changes_watch.hpp"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

namespace pinion::core {

namespace {

constexpr std::uint64_t watched = FAN_MODIFY | FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ONDIR;
constexpr std::size_t max_known = 8192; // folders; about 1 MiB
constexpr std::size_t buffer_bytes = 64 * 1024;

Error unsupported(const char *what, int error) {
  return {Code::unsupported, std::string(what) + ": " + std::strerror(error), error};
}

std::string pathOf(int fd) {
  std::array<char, PATH_MAX + 16> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return length <= 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
}

} // namespace

Result<std::unique_ptr<ChangesWatch>> ChangesWatch::open(const std::string &folder) {
  std::unique_ptr<ChangesWatch> watch(new ChangesWatch);
  watch->folder_ = UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!watch->folder_ || ::fstat(watch->folder_.get(), &info) != 0)
    return unsupported("the data folder cannot be opened", errno);
  watch->device_ = info.st_dev;
  watch->path_ = pathOf(watch->folder_.get());
  if (!watch->path_.starts_with('/') || watch->path_ == "/")
    return Error{Code::unsupported, "the data folder has no path of its own"};
  // Handles are turned back into folders: tried now, so that it is not found out event by event.
  struct alignas(file_handle) {
    char bytes[sizeof(file_handle) + MAX_HANDLE_SZ];
  } room{};
  auto *handle = reinterpret_cast<file_handle *>(room.bytes);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (::name_to_handle_at(watch->folder_.get(), "", handle, &mount, AT_EMPTY_PATH) != 0)
    return unsupported("the filesystem gives its folders no handles", errno);
  if (!UniqueFd(::open_by_handle_at(watch->folder_.get(), handle, O_PATH | O_CLOEXEC)))
    return unsupported("folders cannot be found by their handles", errno);
  watch->queue_ =
      UniqueFd(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DIR_FID, O_RDONLY));
  if (!watch->queue_) return unsupported("fanotify is not available", errno);
  if (::fanotify_mark(watch->queue_.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, watched, watch->folder_.get(),
                      nullptr) != 0)
    return unsupported("the filesystem cannot be watched by fanotify", errno);
  return watch;
}

ChangesWatch::Changes ChangesWatch::take() {
  const std::lock_guard lock(mutex_);
  Changes changes;
  // What is there now, and not what comes while we read: on a busy node there would be no end.
  int waiting = 0;
  if (::ioctl(queue_.get(), FIONREAD, &waiting) != 0) changes.all = true;
  if (waiting <= 0) return changes;
  std::vector<char> buffer(buffer_bytes);
  while (waiting > 0) {
    const ssize_t got = ::read(queue_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got < 0 && errno != EAGAIN) changes.all = true;
      break;
    }
    auto left = static_cast<std::size_t>(got);
    const auto *event = reinterpret_cast<const fanotify_event_metadata *>(buffer.data());
    for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) note(*event, changes);
    waiting -= static_cast<int>(got);
  }
  return changes;
}

void ChangesWatch::note(const fanotify_event_metadata &event, Changes &changes) {
  if ((event.mask & FAN_Q_OVERFLOW) != 0 || event.vers != FANOTIFY_METADATA_VERSION) {
    changes.all = true;
    known_.clear(); // a folder may have moved unseen
    return;
  }
  // A folder that moved takes along what is below it. Both of its parents are told, so nothing is lost between.
  if ((event.mask & FAN_ONDIR) != 0 && (event.mask & (FAN_MOVED_FROM | FAN_MOVED_TO)) != 0) known_.clear();
  if (event.pid == ::getpid()) return; // our own writes are counted as they are made
  const char *at = reinterpret_cast<const char *>(&event) + event.metadata_len;
  const char *const end = reinterpret_cast<const char *>(&event) + event.event_len;
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof(fanotify_event_info_header))) {
    const auto *header = reinterpret_cast<const fanotify_event_info_header *>(at);
    if (header->len < sizeof *header || header->len > end - at) return;
    // FAN_REPORT_DIR_FID alone reports folders only: as DFID where a name came or went, as FID where a file in it grew.
    if ((header->info_type == FAN_EVENT_INFO_TYPE_DFID || header->info_type == FAN_EVENT_INFO_TYPE_FID) &&
        header->len >= sizeof(fanotify_event_info_fid) + sizeof(file_handle)) {
      const auto *handle =
          reinterpret_cast<const file_handle *>(reinterpret_cast<const fanotify_event_info_fid *>(at)->handle);
      const auto *first = reinterpret_cast<const char *>(handle);
      const std::size_t length = sizeof(file_handle) + handle->handle_bytes;
      if (first + length > at + header->len) return;
      const std::string &name = resolve(std::string(first, length), handle);
      if (name == ".")
        changes.all = true;
      else if (!name.empty())
        changes.names.insert(name);
    }
    at += header->len;
  }
}

const std::string &ChangesWatch::resolve(const std::string &key, const void *handle) {
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  if (known_.size() >= max_known) known_.clear();
  std::string name;
  // A folder that has gone cannot be found; its parent was told of the removal.
  file_handle *const given = static_cast<file_handle *>(const_cast<void *>(handle));
  if (const UniqueFd fd(::open_by_handle_at(folder_.get(), given, O_PATH | O_CLOEXEC)); fd) {
    const std::string path = pathOf(fd.get());
    if (path == path_)
      name = ".";
    else if (path.size() > path_.size() && path.starts_with(path_) && path[path_.size()] == '/')
      name = path.substr(path_.size() + 1, path.find('/', path_.size() + 1) - path_.size() - 1);
  } else if (errno != ESTALE && errno != ENOENT) {
    name = "."; // not known whose: everybody's
  }
  return known_.emplace(key, std::move(name)).first->second;
}

} // namespace pinion::core
