// "pinion.files/1": all [pool], all on the confined tree of a server, but for the node's own folders.
#include "base/json_text.hpp"
#include "loader/arguments.hpp"
#include "loader/tables.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

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

Result<Tree> treeOf(Host &host, const char *uuid, bool create = false) {
  const auto server = serverArgument(host, uuid);
  if (!server) return server.error();
  return host.services().disk.tree((*server)->id(), create);
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

std::int32_t open(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t flags, std::uint32_t mode,
                  pinion_error *error) noexcept {
  return handOut(raw, error, [&](Host &host) -> Result<UniqueFd> {
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    const bool write = (flags & PINION_OPEN_WRITE) != 0, create = (flags & PINION_OPEN_CREATE) != 0;
    if (((flags & PINION_OPEN_TRUNCATE) != 0 && !write) || ((flags & PINION_OPEN_EXCLUSIVE) != 0 && !create))
      return Error{Code::invalid, "TRUNCATE needs WRITE, and EXCLUSIVE needs CREATE"};
    auto tree = treeOf(host, uuid, create);
    if (!tree) return tree.error();
    if ((flags & PINION_OPEN_DIRECTORY) != 0) {
      if (write || (flags & PINION_OPEN_EXCLUSIVE) != 0)
        return Error{Code::invalid, "a folder is opened for reading only"};
      if (create)
        if (auto made = tree->makeFolders(*text, mode == 0 ? 0755 : static_cast<mode_t>(mode)); !made)
          return made.error();
      return tree->openFolder(*text);
    }
    if (const auto slash = text->rfind('/'); create && slash != std::string_view::npos && slash > 0)
      if (auto made = tree->makeFolders(text->substr(0, slash)); !made) return made.error();
    int bits = write ? O_RDWR : O_RDONLY;
    if (create) bits |= O_CREAT;
    if ((flags & PINION_OPEN_TRUNCATE) != 0) bits |= O_TRUNC;
    if ((flags & PINION_OPEN_EXCLUSIVE) != 0) bits |= O_EXCL;
    return tree->openFile(*text, bits, mode == 0 ? 0644 : static_cast<mode_t>(mode & 07777));
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

// The server's tree and the path, for a function that changes something there.
template <typename F> pinion_status onTree(const pinion_host *raw, const char *uuid, const char *path, bool create,
                                           pinion_error *error, F &&f) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    const auto tree = treeOf(host, uuid, create);
    if (!tree) return tree.error();
    return f(host, *tree, *text);
  });
}

pinion_status stat(const pinion_host *raw, const char *uuid, const char *path, pinion_file_info *out,
                   pinion_error *error) noexcept {
  return onTree(raw, uuid, path, false, error, [&](Host &, const Tree &tree, std::string_view text) -> Result<void> {
    if (out == nullptr) return Error{Code::invalid, "the place for the answer is NULL"};
    const auto facts = tree.stat(text);
    if (!facts) return facts.error();
    const pinion_file_info info = infoOf(*facts, nullptr);
    const std::uint32_t room = std::min<std::uint32_t>(out->size, sizeof info);
    std::memcpy(out, &info, room);
    out->size = room;
    return {};
  });
}

pinion_status entries(const pinion_host *raw, const char *uuid, const char *path, pinion_file_fn fn, void *user,
                      pinion_error *error) noexcept {
  return onTree(raw, uuid, path, false, error, [&](Host &, const Tree &tree, std::string_view text) -> Result<void> {
    if (fn == nullptr) return Error{Code::invalid, "the function is NULL"};
    const auto found = tree.list(text);
    if (!found) return found.error();
    for (const Entry &entry : *found) {
      const pinion_file_info info = infoOf(entry.info, entry.name.c_str());
      if (const pinion_status status = fn(user, &info); status != PINION_OK)
        return Error{codeOf(status), "the listing was ended"};
    }
    return {};
  });
}

pinion_status makeFolder(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t mode, std::uint32_t,
                         pinion_error *error) noexcept {
  return onTree(raw, uuid, path, true, error, [&](Host &, const Tree &tree, std::string_view text) {
    return tree.makeFolders(text, mode == 0 ? 0755 : static_cast<mode_t>(mode & 07777));
  });
}

pinion_status rename(const pinion_host *raw, const char *uuid, const char *from, const char *to, std::uint32_t,
                     pinion_error *error) noexcept {
  return onTree(raw, uuid, from, false, error, [&](Host &, const Tree &tree, std::string_view text) -> Result<void> {
    const auto target = pathArgument(to, "path");
    if (!target) return target.error();
    return tree.rename(text, *target);
  });
}

pinion_status remove(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t,
                     pinion_error *error) noexcept {
  return onTree(raw, uuid, path, false, error, [&](Host &, const Tree &tree, std::string_view text) -> Result<void> {
    const auto clean = Tree::clean(text);
    if (!clean) return clean.error();
    return clean->empty() ? tree.removeAll() : tree.remove(*clean);
  });
}

pinion_status setMode(const pinion_host *raw, const char *uuid, const char *path, std::uint32_t mode, std::uint32_t,
                      pinion_error *error) noexcept {
  return onTree(raw, uuid, path, false, error, [&](Host &, const Tree &tree, std::string_view text) {
    return tree.chmod(text, static_cast<mode_t>(mode & 07777));
  });
}

pinion_status setOwner(const pinion_host *raw, const char *uuid, const char *path, pinion_error *error) noexcept {
  return onTree(raw, uuid, path, false, error, [&](Host &host, const Tree &tree, std::string_view text) {
    const ConfigPtr config = host.services().config.get();
    return tree.chown(text, static_cast<uid_t>(config->system.uid), static_cast<gid_t>(config->system.gid));
  });
}

// One of the node's own folders, made when it is missing.
Result<std::string> nodeFolder(const Config &config, std::string_view which) {
  const auto below_root = [&](const std::string &given, const char *last) {
    return given.empty() ? config.system.root_directory + last : given;
  };
  std::string path;
  mode_t mode = 0700;
  if (which == "log") {
    path = config.system.log_directory;
    mode = 0755;
  } else if (which == "tmp") {
    path = config.system.tmp_directory;
  } else if (which == "backup") {
    path = below_root(config.system.backup_directory, "/backups");
  } else if (which == "sftp") {
    path = config.system.data + "/.sftp";
    mode = 0755;
  } else if (which == "archive") {
    path = below_root(config.system.archive_directory, "/archives");
  } else {
    return Error{Code::notFound, "the node has no folder " + jsonString(which)};
  }
  std::error_code failed;
  const std::filesystem::path whole(path);
  if (whole.has_parent_path()) std::filesystem::create_directories(whole.parent_path(), failed);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return Error{Code::io, "the folder " + path + " cannot be made: " + std::strerror(errno)};
  return path;
}

// Whatever somebody left below a folder of the node goes as a server's files do: by descriptors, following no link.
pinion_status removeIn(const pinion_host *raw, const char *folder, const char *path, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto which = nameArgument(folder, "folder's name");
    if (!which) return which.error();
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    const auto made = nodeFolder(*host.services().config.get(), *which);
    if (!made) return made.error();
    const auto tree = Tree::open(*made, false);
    if (!tree) return tree.error();
    return tree->remove(*text);
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
    const std::int64_t limit = (*server)->definition()->settings.build.disk_space * 1024 * 1024;
    return emit(out, "{\"bytes\":" + std::to_string(bytes) + ",\"limit\":" + std::to_string(limit) + "}");
  });
}

std::int32_t folder(const pinion_host *raw, const char *name, pinion_error *error) noexcept {
  return handOut(raw, error, [&](Host &host) -> Result<UniqueFd> {
    const auto which = nameArgument(name, "folder's name");
    if (!which) return which.error();
    const auto made = nodeFolder(*host.services().config.get(), *which);
    if (!made) return made.error();
    const std::string &path = *made;
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return Error{Code::io, "the folder " + path + " cannot be opened: " + std::strerror(errno)};
    return fd;
  });
}

} // namespace

const pinion_files_v1 *filesTable() {
  static constexpr pinion_files_v1 table = [] {
    pinion_files_v1 out{};
    out.size = sizeof out;
    out.open = &open;
    out.stat = &stat;
    out.entries = &entries;
    out.make_folder = &makeFolder;
    out.rename = &rename;
    out.remove = &remove;
    out.set_mode = &setMode;
    out.set_owner = &setOwner;
    out.usage = &usage;
    out.folder = &folder;
    out.remove_in = &removeIn;
    return out;
  }();
  return &table;
}

} // namespace pinion::core
