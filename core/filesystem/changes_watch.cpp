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

// Empty, and errno: ENAMETOOLONG when the path is longer than the kernel tells.
std::string pathOf(int fd) {
  std::array<char, PATH_MAX + 16> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return length <= 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
}

// A folder so deep that it has no path that can be told is in the same entry as the ones above it. Eight levels of 255
// bytes do not lead out of the watched folder, whose own path is much shorter than the 4096 bytes that did not suffice.
std::string pathUpwards(UniqueFd folder) {
  constexpr int max_climbs = 1024;
  std::string path = pathOf(folder.get());
  for (int climbs = 0; path.empty() && errno == ENAMETOOLONG && climbs < max_climbs; ++climbs) {
    UniqueFd above(::openat(folder.get(), "../../../../../../../..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!above) return "";
    folder = std::move(above);
    path = pathOf(folder.get());
  }
  return path;
}

bool isGone(int folder) {
  struct stat info {};
  return ::fstat(folder, &info) == 0 && info.st_nlink == 0; // removed, and somebody still has it open
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
    fanotify_event_metadata event; // a copy: the kernel aligns events to four bytes, and this one needs eight
    std::ptrdiff_t at = 0, left = got;
    for (; left >= static_cast<std::ptrdiff_t>(sizeof event); at += event.event_len, left -= event.event_len) {
      std::memcpy(&event, &buffer[static_cast<std::size_t>(at)], sizeof event);
      if (!FAN_EVENT_OK(&event, left)) break;
      note(event, &buffer[static_cast<std::size_t>(at)], changes);
    }
    waiting -= static_cast<int>(got);
  }
  return changes;
}

void ChangesWatch::note(const fanotify_event_metadata &event, const char *bytes, Changes &changes) {
  if ((event.mask & FAN_Q_OVERFLOW) != 0 || event.vers != FANOTIFY_METADATA_VERSION) {
    changes.all = true;
    known_.clear(); // a folder may have moved unseen
    return;
  }
  // A folder that moved takes along what is below it. Both of its parents are told, so nothing is lost between.
  if ((event.mask & FAN_ONDIR) != 0 && (event.mask & (FAN_MOVED_FROM | FAN_MOVED_TO)) != 0) known_.clear();
  const bool ours = event.pid == ::getpid();
  const char *at = bytes + event.metadata_len;
  const char *const end = bytes + event.event_len;
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof(fanotify_event_info_header))) {
    const auto *header = reinterpret_cast<const fanotify_event_info_header *>(at);
    if (header->len < sizeof *header || header->len > end - at) return;
    // FAN_REPORT_DIR_FID alone reports folders only: as DFID where a name came or went, as FID where a file in it grew.
    if ((header->info_type == FAN_EVENT_INFO_TYPE_DFID || header->info_type == FAN_EVENT_INFO_TYPE_FID) &&
        header->len >= sizeof(fanotify_event_info_fid) + sizeof(file_handle)) {
      const auto *handle =
          reinterpret_cast<const file_handle *>(reinterpret_cast<const fanotify_event_info_fid *>(at)->handle);
      if (reinterpret_cast<const char *>(handle) + sizeof *handle + handle->handle_bytes > at + header->len) return;
      note(*handle, event.mask, ours, changes);
    }
    at += header->len;
  }
}

void ChangesWatch::note(const file_handle &handle, std::uint64_t mask, bool ours, Changes &changes) {
  const std::string &name = entryOf(handle);
  if (name == ".") {
    changes.all = changes.all || !ours; // we make and remove servers there
  } else if (!name.empty()) {
    Below &below = changes.entries[name];
    below.others = below.others || !ours; // our own writes are counted as they are made
    below.written = below.written || (ours && (mask & FAN_MODIFY) != 0);
    const auto folder = FolderHandle::from(handle);
    folder ? below.folders.note(*folder, (mask & FAN_ONDIR) != 0) : below.folders.noteAll();
  }
}

const std::string &ChangesWatch::entryOf(const file_handle &handle) {
  const std::string key(reinterpret_cast<const char *>(&handle), sizeof handle + handle.handle_bytes);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  if (known_.size() >= max_known) known_.clear();
  std::string name;
  // A folder that has gone cannot be found; its parent was told of the removal.
  auto *const given = const_cast<file_handle *>(&handle);
  if (UniqueFd fd(::open_by_handle_at(folder_.get(), given, O_PATH | O_CLOEXEC)); fd) {
    const std::string path = pathUpwards(std::move(fd));
    const auto found = below(path);
    name = path.empty() || (found && found->empty()) ? "." : found.value_or("");
    name = name.substr(0, name.find('/'));
  } else if (errno != ESTALE && errno != ENOENT) {
    name = "."; // not known whose: everybody's
  }
  return known_.emplace(key, std::move(name)).first->second;
}

std::optional<std::string> ChangesWatch::below(std::string path) const {
  if (path == path_) return "";
  if (path.size() <= path_.size() || !path.starts_with(path_) || path[path_.size()] != '/') return std::nullopt;
  return path.substr(path_.size() + 1);
}

Result<std::optional<std::string>> ChangesWatch::find(const FolderHandle &folder) const {
  const UniqueFd fd(folder.open(folder_.get()));
  if (!fd && (errno == ESTALE || errno == ENOENT)) return std::optional<std::string>();
  if (fd && isGone(fd.get())) return std::optional<std::string>();
  std::string path = fd ? pathOf(fd.get()) : "";
  if (path.empty()) return unsupported("a folder cannot be found by its handle", errno);
  return below(std::move(path));
}

} // namespace pinion::core
