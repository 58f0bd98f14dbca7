// "pinion.files/1": all [pool], all on the confined tree of a server, but for the node's own folders.
#include "base/json_text.hpp"
#include "loader/arguments.hpp"
#include "loader/tables.hpp"
#include "servers/json_cursor.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

namespace pinion::core {

namespace {

const char *typeOf(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "symlink";
  return "other";
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

pinion_status list(const pinion_host *raw, const char *uuid, const char *path, const pinion_sink *out,
                   pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = pathArgument(path, "path");
    if (!text) return text.error();
    const auto tree = treeOf(host, uuid);
    if (!tree) return tree.error();
    const auto entries = tree->list(*text);
    if (!entries) return entries.error();
    std::string json = "[";
    for (const Entry &entry : *entries) {
      if (json.size() > 1) json.push_back(',');
      json += "{\"name\":";
      appendJsonString(json, entry.name);
      json += ",\"size\":" + std::to_string(entry.info.st_size) +
              ",\"mode\":" + std::to_string(entry.info.st_mode & 07777) +
              ",\"mtime\":" + std::to_string(entry.info.st_mtim.tv_sec) + ",\"type\":\"" + typeOf(entry.info.st_mode) +
              "\"}";
    }
    json.push_back(']');
    return emit(out, json);
  });
}

struct Change {
  std::string op, path, from, to, mode, folder;
  bool has_path = false;
};

Result<Change> changeArgument(pinion_span op) {
  const auto text = spanArgument(op, "operation", 65536);
  if (!text) return text.error();
  Change out;
  JsonCursor cursor(*text);
  const bool object = cursor.kind() == JsonCursor::Kind::object;
  cursor.object([&](std::string_view key) {
    if (key == "op") cursor.read(out.op);
    if (key == "path") {
      out.has_path = cursor.kind() == JsonCursor::Kind::string;
      cursor.read(out.path);
    }
    if (key == "folder") cursor.read(out.folder);
    if (key == "from") cursor.read(out.from);
    if (key == "to") cursor.read(out.to);
    if (key == "mode") out.mode = cursor.compact();
  });
  cursor.finish();
  if (!object || cursor.failed()) return Error{Code::invalid, "the operation is no JSON object: " + cursor.error()};
  return out;
}

// 420 or "644" or "0644": a number is the mode itself, text is octal.
std::optional<mode_t> modeOf(const std::string &json) {
  const bool octal = json.size() > 2 && json.front() == '"';
  const char *const begin = json.data() + (octal ? 1 : 0);
  const char *const end = json.data() + json.size() - (octal ? 1 : 0);
  unsigned value = 0;
  const auto [stop, failed] = std::from_chars(begin, end, value, octal ? 8 : 10);
  if (json.empty() || failed != std::errc{} || stop != end || value > 07777) return std::nullopt;
  return static_cast<mode_t>(value);
}

Result<void> apply(Host &host, const Tree &tree, const Change &change) {
  if (change.op == "remove-all") return tree.removeAll();
  if (change.op == "rename") {
    if (change.from.empty() || change.to.empty()) return Error{Code::invalid, "rename needs \"from\" and \"to\""};
    return tree.rename(change.from, change.to);
  }
  if (!change.has_path) return Error{Code::invalid, "the operation " + jsonString(change.op) + " needs a \"path\""};
  if (change.op == "remove") return tree.remove(change.path);
  if (change.op == "chown") {
    const ConfigPtr config = host.services().config.get();
    return tree.chown(change.path, static_cast<uid_t>(config->system.uid), static_cast<gid_t>(config->system.gid));
  }
  const auto mode = modeOf(change.mode);
  if (!mode && !change.mode.empty()) return Error{Code::invalid, "\"mode\" is no file mode"};
  if (change.op == "mkdir") return tree.makeFolders(change.path, mode.value_or(0755));
  if (change.op == "chmod") {
    if (!mode) return Error{Code::invalid, "chmod needs a \"mode\""};
    return tree.chmod(change.path, *mode);
  }
  return Error{Code::unsupported, "there is no operation " + jsonString(change.op)};
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
Result<void> removeFromNode(const Config &config, const Change &change) {
  if (change.op != "remove" || !change.has_path)
    return Error{Code::invalid, "in a folder of the node there is only \"remove\", with a \"path\""};
  const auto folder = nodeFolder(config, change.folder);
  if (!folder) return folder.error();
  const auto tree = Tree::open(*folder, false);
  if (!tree) return tree.error();
  return tree->remove(change.path);
}

pinion_status change(const pinion_host *raw, const char *uuid, pinion_span op, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto what = changeArgument(op);
    if (!what) return what.error();
    if (!what->folder.empty()) return removeFromNode(*host.services().config.get(), *what);
    const auto tree = treeOf(host, uuid, what->op == "mkdir");
    if (!tree) return tree.error();
    return apply(host, *tree, *what);
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
  static constexpr pinion_files_v1 table{sizeof(pinion_files_v1), 0, &open, &list, &change, &usage, &folder};
  return &table;
}

} // namespace pinion::core
