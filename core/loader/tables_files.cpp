// "pinion.files/1": all [pool], all on the confined tree of a server, but for the node's own folders.
#include "loader/arguments.hpp"
#include "loader/node_folders.hpp"
#include "loader/tables.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pinion::core {

namespace {

std::uint32_t typeOf(mode_t mode) {
  if (S_ISREG(mode)) return PINION_FILE_REGULAR;
  if (S_ISDIR(mode)) return PINION_FILE_DIRECTORY;
  if (S_ISLNK(mode)) return PINION_FILE_LINK;
  if (S_ISFIFO(mode)) return PINION_FILE_PIPE;
  if (S_ISSOCK(mode)) return PINION_FILE_SOCKET;
  return S_ISBLK(mode) ? PINION_FILE_DEVICE : PINION_FILE_CHARACTER;
}

// A server, and its tree as the flags say.
struct Volume {
  ServerPtr server;
  Tree tree;
};

Result<Volume> volumeOf(Host &host, const char *uuid, bool create, std::uint32_t flags) {
  const auto server = serverArgument(host, uuid);
  if (!server) return server.error();
  auto tree = serverTree(host, *server, create, (flags & PINION_FILES_OWNER) != 0);
  if (!tree) return tree.error();
  return Volume{*server, std::move(*tree)};
}

// A plugin that is told to stop is not kept by a long copy, and what is copied for a server goes no longer than it.
std::function<bool()> stoppingOf(Host &host, const ServerPtr &server) {
  return [&host, server] {
    return host.phase() == Host::Phase::stopping || host.phase() == Host::Phase::stopped || server->deleted();
  };
}

// A descriptor or a status: the two functions that hand one out share this.
template <typename F> std::int32_t handOut(const pinion_host *raw, pinion_error *error, F &&f) noexcept {
  std::int32_t out = -1;
  const pinion_status status = hosted(raw, error, [&](Host &host) -> Result<void> {
    Result<UniqueFd> fd = f(host);
    if (!fd) return fd.error();
    out = fd->release();
    return {};
  });
  return status == PINION_OK ? out : status;
}

Result<void> unfitToOpen(std::uint32_t flags) {
  const auto has = [&](std::uint32_t bit) { return (flags & bit) != 0; };
  const auto invalid = [](const char *why) { return Error{Code::invalid, why, EINVAL}; };
  if (has(PINION_OPEN_TRUNCATE) && !has(PINION_OPEN_WRITE)) return invalid("TRUNCATE needs WRITE");
  if (has(PINION_OPEN_EXCLUSIVE) && !has(PINION_OPEN_CREATE)) return invalid("EXCLUSIVE needs CREATE");
  if (has(PINION_OPEN_DIRECTORY) && (has(PINION_OPEN_WRITE) || has(PINION_OPEN_EXCLUSIVE)))
    return invalid("a folder is opened for reading only");
  if (has(PINION_OPEN_UNNAMED) && (has(PINION_OPEN_DIRECTORY) || has(PINION_OPEN_TRUNCATE)))
    return invalid("a file without a name is neither a folder nor truncated");
  return {};
}

// Shortens a regular file to nothing; the answer is how many bytes are gone.
Result<std::int64_t> emptied(int fd, std::string_view path) {
  struct stat facts {};
  if (::fstat(fd, &facts) == 0 && (!S_ISREG(facts.st_mode) || facts.st_size == 0)) return std::int64_t{0};
  if (::ftruncate(fd, 0) != 0)
    return Error{Code::io, std::string(path) + ": it cannot be emptied: " + std::strerror(errno), errno};
  return static_cast<std::int64_t>(facts.st_size);
}

// Gives the bytes that are gone back to the server's disk limit. Nobody knows how many are when the work has failed.
Result<void> counted(Host &host, const ServerPtr &server, const Result<std::int64_t> &freed) {
  Disk &disk = host.services().disk;
  if (freed) return disk.reserve(server, -*freed);
  disk.doubt(server);
  return freed.error();
}

std::int32_t open(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t flags, std::uint32_t mode,
                  pinion_error *error) noexcept {
  return handOut(raw, error, [&](Host &host) -> Result<UniqueFd> {
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    if (auto bad = unfitToOpen(flags); !bad) return bad.error();
    const bool create = (flags & PINION_OPEN_CREATE) != 0;
    auto volume = volumeOf(host, uuid, create, flags);
    if (!volume) return volume.error();
    const Tree &tree = volume->tree;
    if ((flags & (PINION_OPEN_DIRECTORY | PINION_OPEN_UNNAMED)) != 0) {
      const bool unnamed = (flags & PINION_OPEN_UNNAMED) != 0;
      if (create)
        if (auto made = tree.makeFolders(*text, unnamed || mode == 0 ? 0755 : static_cast<mode_t>(mode & 07777)); !made)
          return made.error();
      if (!unnamed) return tree.openFolder(*text);
      auto file = tree.openUnnamed(*text);
      if (file) host.services().disk.unplaced(volume->server, file->get());
      return file;
    }
    int bits = (flags & PINION_OPEN_WRITE) != 0 ? O_RDWR : O_RDONLY;
    if (create) bits |= O_CREAT;
    if ((flags & PINION_OPEN_EXCLUSIVE) != 0) bits |= O_EXCL;
    const auto mode_bits = mode == 0 ? mode_t{0644} : static_cast<mode_t>(mode & 07777);
    auto fd = tree.openFile(*text, bits, mode_bits);
    // The folders above it are mostly there: they are made when it turns out that they are not.
    if (!fd && fd.error().detail == ENOENT && create) {
      if (auto made = tree.makeParents(*text); !made) return made.error();
      fd = tree.openFile(*text, bits, mode_bits);
    }
    if (fd && (flags & PINION_OPEN_TRUNCATE) != 0)
      if (auto done = counted(host, volume->server, emptied(fd->get(), *text)); !done) return done.error();
    return fd;
  });
}

std::int32_t openIn(const pinion_host *raw, std::int32_t folder, const char *name, std::uint32_t flags,
                    pinion_error *error) noexcept {
  return handOut(raw, error, [&](Host &) -> Result<UniqueFd> {
    const auto text = pathArgument(name, "name");
    if (!text) return text.error();
    if ((flags & ~(PINION_OPEN_DIRECTORY | PINION_FILES_OWNER)) != 0)
      return Error{Code::invalid, "an entry of a folder is opened for reading only", EINVAL};
    return Tree::openIn(folder, std::string(*text), (flags & PINION_OPEN_DIRECTORY) != 0);
  });
}

pinion_file_info infoOf(const struct stat &facts, const char *name) {
  pinion_file_info out{};
  out.size = sizeof out;
  out.type = typeOf(facts.st_mode);
  out.mode = facts.st_mode & 07777;
  out.links = static_cast<std::uint32_t>(facts.st_nlink);
  out.uid = facts.st_uid;
  out.gid = facts.st_gid;
  out.bytes = facts.st_size;
  out.modified_s = facts.st_mtim.tv_sec;
  out.changed_s = facts.st_ctim.tv_sec;
  out.modified_ns = static_cast<std::uint32_t>(facts.st_mtim.tv_nsec);
  out.changed_ns = static_cast<std::uint32_t>(facts.st_ctim.tv_nsec);
  out.device = facts.st_dev;
  out.inode = facts.st_ino;
  out.name = name;
  return out;
}

// `f(host, volume, path) -> Result<void>` on the server's tree.
template <typename F> pinion_status onTree(const pinion_host *raw, const char *uuid, const char *path, bool create,
                                           std::uint32_t flags, pinion_error *error, F &&f) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    const auto volume = volumeOf(host, uuid, create, flags);
    if (!volume) return volume.error();
    return f(host, *volume, *text);
  });
}

pinion_status stat(const pinion_host *raw, const char *uuid, const char *path, pinion_file_info *out,
                   pinion_error *error) noexcept {
  const auto work = [&](Host &, const Volume &volume, std::string_view text) -> Result<void> {
    if (out == nullptr) return Error{Code::invalid, "the place for the answer is NULL", EINVAL};
    const auto facts = volume.tree.stat(text);
    if (!facts) return facts.error();
    const pinion_file_info info = infoOf(*facts, nullptr);
    const std::uint32_t room = std::min<std::uint32_t>(out->size, sizeof info);
    std::memcpy(out, &info, room);
    out->size = room;
    return {};
  };
  return onTree(raw, uuid, path, false, 0, error, work);
}

pinion_status entries(const pinion_host *raw, const char *uuid, const char *path, pinion_file_fn fn, void *user,
                      pinion_error *error) noexcept {
  const auto work = [&](Host &, const Volume &volume, std::string_view text) -> Result<void> {
    if (fn == nullptr) return Error{Code::invalid, "the function is NULL", EINVAL};
    const auto found = volume.tree.list(text);
    if (!found) return found.error();
    for (const Entry &entry : *found) {
      const pinion_file_info info = infoOf(entry.info, entry.name.c_str());
      if (const pinion_status status = fn(user, &info); status != PINION_OK)
        return Error{codeOf(status), "the listing was ended"};
    }
    return {};
  };
  return onTree(raw, uuid, path, false, 0, error, work);
}

pinion_status makeFolder(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t mode,
                         std::uint32_t flags, pinion_error *error) noexcept {
  const auto work = [&](Host &, const Volume &volume, std::string_view text) {
    return volume.tree.makeFolders(text, mode == 0 ? 0755 : static_cast<mode_t>(mode & 07777));
  };
  return onTree(raw, uuid, path, true, flags, error, work);
}

pinion_status rename(const pinion_host *raw, const char *uuid, const char *from, const char *to, std::uint32_t flags,
                     pinion_error *error) noexcept {
  const auto work = [&](Host &, const Volume &volume, std::string_view text) -> Result<void> {
    const auto target = pathArgument(to, "path");
    if (!target) return target.error();
    return volume.tree.rename(text, *target);
  };
  return onTree(raw, uuid, from, false, flags, error, work);
}

pinion_status remove(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t flags,
                     pinion_error *error) noexcept {
  const auto work = [&](Host &host, const Volume &volume, std::string_view text) -> Result<void> {
    const auto clean = Tree::clean(text);
    if (!clean) return clean.error();
    return counted(host, volume.server, clean->empty() ? volume.tree.removeAll() : volume.tree.remove(*clean));
  };
  return onTree(raw, uuid, path, false, flags, error, work);
}

pinion_status copy(const pinion_host *raw, const char *uuid, const char *from, const char *to, std::uint32_t flags,
                   pinion_error *error) noexcept {
  const auto work = [&](Host &host, const Volume &volume, std::string_view text) -> Result<void> {
    const auto target = pathArgument(to, "path");
    if (!target) return target.error();
    Disk &disk = host.services().disk;
    std::int64_t reserved = 0;
    const auto reserve = [&](std::int64_t bytes) {
      auto room = disk.reserve(volume.server, bytes);
      if (room) reserved = bytes;
      return room;
    };
    const auto copied = volume.tree.copy(text, *target, reserve, stoppingOf(host, volume.server));
    if (auto given_back = disk.reserve(volume.server, (copied ? *copied : 0) - reserved); !given_back)
      return given_back.error();
    if (!copied) return copied.error();
    return {};
  };
  return onTree(raw, uuid, from, false, flags, error, work);
}

pinion_status link(const pinion_host *raw, const char *uuid, const char *target, const char *path, std::uint32_t flags,
                   pinion_error *error) noexcept {
  const auto work = [&](Host &, const Volume &volume, std::string_view text) -> Result<void> {
    const auto kept = pathArgument(target, "target");
    if (!kept) return kept.error();
    return volume.tree.link(std::string(*kept), text);
  };
  return onTree(raw, uuid, path, true, flags, error, work);
}

pinion_status setMode(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t mode,
                      std::uint32_t flags, pinion_error *error) noexcept {
  const auto work = [&](Host &, const Volume &volume, std::string_view text) {
    return volume.tree.chmod(text, static_cast<mode_t>(mode & 07777));
  };
  return onTree(raw, uuid, path, false, flags, error, work);
}

pinion_status setTimes(const pinion_host *raw, const char *uuid, const char *path, std::int64_t accessed_s,
                       std::int64_t modified_s, std::uint32_t flags, pinion_error *error) noexcept {
  const auto work = [&](Host &, const Volume &volume, std::string_view text) {
    return volume.tree.setTimes(text, accessed_s, modified_s);
  };
  return onTree(raw, uuid, path, false, flags, error, work);
}

pinion_status setOwner(const pinion_host *raw, const char *uuid, const char *path, pinion_error *error) noexcept {
  const auto work = [&](Host &host, const Volume &volume, std::string_view text) {
    const ConfigPtr config = host.services().config.get();
    return volume.tree.chown(text, static_cast<uid_t>(config->system.uid), static_cast<gid_t>(config->system.gid));
  };
  return onTree(raw, uuid, path, false, 0, error, work);
}

pinion_status place(const pinion_host *raw, const char *uuid, std::int32_t unnamed, const char *path,
                    std::uint32_t flags, pinion_error *error) noexcept {
  const auto work = [&](Host &host, const Volume &volume, std::string_view text) -> Result<void> {
    struct stat placed {};
    const std::int64_t size = ::fstat(unnamed, &placed) == 0 ? placed.st_size : 0;
    auto freed = volume.tree.place(unnamed, text, stoppingOf(host, volume.server));
    // Bytes that come in the place of others were never free for anyone: they need no room, also beyond the limit.
    if (freed) *freed -= std::min<std::int64_t>(*freed, size);
    return counted(host, volume.server, freed);
  };
  return onTree(raw, uuid, path, true, flags, error, work);
}

std::int32_t denied(const pinion_host *raw, const char *uuid, const char *path) noexcept {
  bool named = false;
  const pinion_status status = hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    const auto clean = Tree::clean(*text);
    if (!clean) return clean.error();
    named = host.shared().denylists.of(*server)->matches(*clean);
    return {};
  });
  if (status != PINION_OK) return status;
  return named ? 1 : 0;
}

// Whatever somebody left below a folder of the node goes as a server's files do: by descriptors, following no link.
pinion_status removeIn(const pinion_host *raw, const char *folder, const char *path, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto which = nameArgument(folder, "folder's name");
    if (!which) return which.error();
    if (*which == "root") return Error{Code::denied, "what the daemon itself keeps is not removed"};
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    const auto made = nodeFolder(*host.services().config.get(), *which);
    if (!made) return made.error();
    const auto tree = Tree::open(*made, false);
    if (!tree) return tree.error();
    const auto removed = tree->remove(*text);
    if (!removed) return removed.error();
    return {};
  });
}

pinion_status usage(const pinion_host *raw, const char *uuid, std::int32_t fresh, const pinion_sink *out,
                    pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    std::int64_t bytes = 0;
    if (fresh != 0) {
      const auto measured = host.services().disk.measure(*server);
      if (!measured) return measured.error();
      bytes = *measured;
    } else {
      bytes = host.services().disk.known(*server);
    }
    return emit(out,
                "{\"bytes\":" + std::to_string(bytes) + ",\"limit\":" + std::to_string(Disk::limit(**server)) + "}");
  });
}

pinion_status reserve(const pinion_host *raw, const char *uuid, std::int64_t bytes, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    return host.services().disk.reserve(*server, bytes);
  });
}

std::int32_t folder(const pinion_host *raw, const char *name, pinion_error *error) noexcept {
  return handOut(raw, error, [&](Host &host) -> Result<UniqueFd> {
    const auto which = nameArgument(name, "folder's name");
    if (!which) return which.error();
    return openNodeFolder(*host.services().config.get(), *which);
  });
}

} // namespace

Result<Tree> serverTree(Host &host, const ServerPtr &server, bool create, bool for_owner) {
  auto tree = host.services().disk.tree(server->id(), create);
  if (!tree || !for_owner) return tree;
  const ConfigPtr config = host.services().config.get();
  tree->impose({host.shared().denylists.of(server), static_cast<uid_t>(config->system.uid),
                static_cast<gid_t>(config->system.gid)});
  return tree;
}

const pinion_files_v1 *filesTable() {
  static constexpr pinion_files_v1 table = [] {
    pinion_files_v1 out{};
    out.size = sizeof out;
    out.open = &open;
    out.open_in = &openIn;
    out.stat = &stat;
    out.entries = &entries;
    out.make_folder = &makeFolder;
    out.rename = &rename;
    out.remove = &remove;
    out.copy = &copy;
    out.link = &link;
    out.set_mode = &setMode;
    out.set_times = &setTimes;
    out.set_owner = &setOwner;
    out.place = &place;
    out.denied = &denied;
    out.usage = &usage;
    out.reserve = &reserve;
    out.folder = &folder;
    out.remove_in = &removeIn;
    return out;
  }();
  return &table;
}

} // namespace pinion::core
