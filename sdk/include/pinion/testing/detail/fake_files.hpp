// The fake host's disk: a folder of its own under the system's temporary folder, removed with the fake. Included by
// fake_host.hpp.
#pragma once

#include <pinion/testing/detail/fake_lane.hpp>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace pinion::testing::detail {

// Stricter than the daemon in one thing: it follows no link at all.
class FakeFiles {
public:
  FakeFiles() = default;
  FakeFiles(const FakeFiles &) = delete;
  FakeFiles &operator=(const FakeFiles &) = delete;
  ~FakeFiles() {
    std::error_code ignored; // a left-over folder below /tmp is no reason to end a test program
    if (!root_.empty()) std::filesystem::remove_all(root_, ignored);
  }

  std::map<std::string, std::int64_t> limits; // bytes, by server; 0 or absent: none

  // The folder of a server's files; made when it is first asked for.
  std::filesystem::path server(const std::string &uuid) { return made("volumes/" + uuid); }
  std::filesystem::path folderPath(const std::string &name) { return made(name); }

  int32_t open(const std::string &uuid, const std::string &path, uint32_t flags, uint32_t mode, pinion_error *error) {
    const auto parts = split(path);
    if (!parts) return leaves(path, error);
    if ((flags & PINION_FILES_OWNER) != 0 && isDenied(uuid, path))
      return refuse(error, PINION_E_DENIED, "\"" + path + "\" is denied", EACCES);
    if ((flags & (PINION_OPEN_UNNAMED | PINION_OPEN_DIRECTORY)) != 0 && (flags & PINION_OPEN_CREATE) != 0) {
      std::error_code problem;
      std::filesystem::create_directories(at(uuid, *parts), problem);
      if (problem) return failed(problem, path, error);
      flags &= ~PINION_OPEN_CREATE;
    }
    if ((flags & PINION_OPEN_UNNAMED) != 0) {
      const int unnamed = ::open(at(uuid, *parts).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
      return unnamed >= 0 ? unnamed : failed(path, error);
    }
    if (parts->empty() && (flags & PINION_OPEN_DIRECTORY) == 0)
      return refuse(error, PINION_E_INVALID, "\"" + path + "\" is the server's folder: open it with OPEN_DIRECTORY");
    int folder = ::open(server(uuid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (std::size_t i = 0; folder >= 0 && i + 1 < parts->size(); ++i) {
      const char *name = (*parts)[i].c_str();
      if ((flags & PINION_OPEN_CREATE) != 0) ::mkdirat(folder, name, 0755);
      const int next = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      ::close(folder);
      folder = next;
    }
    if (folder < 0 || parts->empty()) return folder < 0 ? failed(path, error) : folder;
    int how = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | ((flags & PINION_OPEN_WRITE) != 0 ? O_RDWR : O_RDONLY);
    if ((flags & PINION_OPEN_CREATE) != 0) how |= O_CREAT;
    if ((flags & PINION_OPEN_TRUNCATE) != 0) how |= O_TRUNC;
    if ((flags & PINION_OPEN_EXCLUSIVE) != 0) how |= O_EXCL;
    if ((flags & PINION_OPEN_DIRECTORY) != 0) how |= O_DIRECTORY;
    const int file = ::openat(folder, parts->back().c_str(), how, static_cast<mode_t>(mode));
    const int reason = errno;
    ::close(folder);
    errno = reason;
    return file >= 0 ? file : failed(path, error);
  }

  int32_t openIn(int32_t folder, const std::string &name, uint32_t flags, pinion_error *error) {
    if ((flags & ~(PINION_OPEN_DIRECTORY | PINION_FILES_OWNER)) != 0)
      return refuse(error, PINION_E_INVALID, "an entry of a folder is opened for reading only", EINVAL);
    if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
      return refuse(error, PINION_E_INVALID, "\"" + name + "\" is no name of an entry");
    const int how = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | ((flags & PINION_OPEN_DIRECTORY) != 0 ? O_DIRECTORY : 0);
    const int file = ::openat(folder, name.c_str(), O_RDONLY | how);
    return file >= 0 ? file : failed(name, error);
  }

  pinion_status stat(const std::string &uuid, const std::string &path, pinion_file_info *out, pinion_error *error) {
    const auto parts = split(path);
    if (!parts) return leaves(path, error);
    struct stat facts {};
    if (::lstat(at(uuid, *parts).c_str(), &facts) != 0) return failed(path, error);
    *out = info(facts, nullptr);
    return PINION_OK;
  }

  pinion_status entries(const std::string &uuid, const std::string &path, pinion_file_fn fn, void *user,
                        pinion_error *error) {
    const auto parts = split(path);
    if (!parts) return leaves(path, error);
    std::error_code problem;
    std::map<std::string, struct stat>
        sorted; // the daemon's order is the folder's; the fake's is the same in every run
    for (const auto &entry : std::filesystem::directory_iterator(at(uuid, *parts), problem))
      if (struct stat facts{}; ::lstat(entry.path().c_str(), &facts) == 0) sorted[entry.path().filename()] = facts;
    if (problem) return failed(problem, path, error);
    for (const auto &[name, facts] : sorted) {
      const pinion_file_info one = info(facts, name.c_str());
      if (const pinion_status status = fn(user, &one); status != PINION_OK) return status;
    }
    return PINION_OK;
  }

  // One change; `apply(path, problem)` with the place it names.
  template <typename F>
  pinion_status change(const std::string &uuid, const std::string &path, uint32_t flags, pinion_error *error, F apply) {
    const auto parts = split(path);
    if (!parts) return leaves(path, error);
    if ((flags & PINION_FILES_OWNER) != 0 && isDenied(uuid, path))
      return refuse(error, PINION_E_DENIED, "\"" + path + "\" is denied", EACCES);
    std::error_code problem;
    apply(at(uuid, *parts), problem);
    return problem ? failed(problem, path, error) : PINION_OK;
  }
  pinion_status move(const std::string &uuid, const std::string &from, const std::string &to, uint32_t flags, bool keep,
                     pinion_error *error) {
    const auto source = split(from);
    if (!source) return leaves(from, error);
    if ((flags & PINION_FILES_OWNER) != 0 && isDenied(uuid, from))
      return refuse(error, PINION_E_DENIED, "\"" + from + "\" is denied", EACCES);
    if ((flags & PINION_FILES_OWNER) != 0 && !keep && holdsDenied(uuid, at(uuid, *source)))
      return refuse(error, PINION_E_DENIED, "\"" + from + "\" holds what is denied", EACCES);
    return change(uuid, to, flags, error, [&](const std::filesystem::path &target, std::error_code &problem) {
      const auto what = std::filesystem::symlink_status(at(uuid, *source), problem);
      if (problem) return;
      if (keep && !std::filesystem::is_regular_file(what))
        problem = std::error_code(std::filesystem::is_symlink(what)     ? ELOOP
                                  : std::filesystem::is_directory(what) ? EISDIR
                                                                        : ENXIO,
                                  std::generic_category());
      if (problem) return;
      if (std::filesystem::exists(std::filesystem::symlink_status(target)))
        problem = std::make_error_code(std::errc::file_exists);
      if (!problem) std::filesystem::create_directories(target.parent_path(), problem);
      if (problem) return;
      if (keep)
        std::filesystem::copy_file(at(uuid, *source), target, problem);
      else
        std::filesystem::rename(at(uuid, *source), target, problem);
    });
  }
  pinion_status place(const std::string &uuid, int32_t unnamed, const std::string &path, uint32_t flags,
                      pinion_error *error) {
    return change(uuid, path, flags, error, [&](const std::filesystem::path &target, std::error_code &problem) {
      std::filesystem::create_directories(target.parent_path(), problem);
      if (std::filesystem::is_directory(std::filesystem::symlink_status(target)))
        problem = std::make_error_code(std::errc::is_a_directory);
      else
        refuseLink(target, problem);
      if (!problem)
        std::filesystem::copy_file("/proc/self/fd/" + std::to_string(unnamed), target,
                                   std::filesystem::copy_options::overwrite_existing, problem);
    });
  }
  pinion_status remove(const std::string &uuid, const std::string &path, uint32_t flags, pinion_error *error) {
    const auto parts = split(path);
    if (!parts) return leaves(path, error);
    const bool owner = (flags & PINION_FILES_OWNER) != 0;
    if (parts->empty()) {
      for (const auto &entry : std::filesystem::directory_iterator(server(uuid))) removeBut(uuid, entry.path(), owner);
    } else {
      removeBut(uuid, at(uuid, *parts), owner);
    }
    return PINION_OK;
  }
  pinion_status removeIn(const std::string &folder, const std::string &path, pinion_error *error) {
    const auto parts = split(path);
    if (!parts || parts->empty()) return leaves(path, error);
    std::error_code problem;
    std::filesystem::remove_all(folderPath(folder) / path, problem);
    return problem ? failed(problem, path, error) : PINION_OK;
  }

  // Paths from the root, without the first slash, that the server's denylist is to name, with all below them.
  std::map<std::string, std::set<std::string>> denials;
  bool isDenied(const std::string &uuid, const std::string &path) {
    const auto parts = split(path);
    if (!parts) return false;
    std::string so_far;
    for (const auto &part : *parts) {
      so_far += (so_far.empty() ? "" : "/") + part;
      if (denials[uuid].count(so_far) != 0) return true;
    }
    return false;
  }
  // For what is changed and may be no link.
  static void refuseLink(const std::filesystem::path &at, std::error_code &problem) {
    if (std::filesystem::is_symlink(std::filesystem::symlink_status(at)))
      problem = std::error_code(ELOOP, std::generic_category());
  }

  pinion_status reserve(const std::string &uuid, std::int64_t bytes, pinion_error *error) {
    const auto limit = limits.find(uuid);
    if (bytes > 0 && limit != limits.end() && limit->second != 0 && used(uuid) + reserved[uuid] + bytes > limit->second)
      return refuse(error, PINION_E_FULL, "the server's disk limit is reached", EDQUOT);
    reserved[uuid] += bytes;
    return PINION_OK;
  }
  std::map<std::string, std::int64_t> reserved; // the sum of what was reserved, by server

  pinion_status usage(const std::string &uuid, const pinion_sink *out) {
    const std::int64_t bytes = used(uuid);
    const auto limit = limits.find(uuid);
    return put(out, Json{{"bytes", bytes}, {"limit", limit == limits.end() ? 0 : limit->second}}.dump());
  }

  std::int64_t used(const std::string &uuid) {
    std::uintmax_t bytes = 0;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(server(uuid)))
      if (entry.is_regular_file() && !entry.is_symlink()) bytes += entry.file_size();
    return static_cast<std::int64_t>(bytes);
  }

  int32_t folder(const std::string &name, pinion_error *error) {
    static const std::set<std::string> known = {"log", "tmp", "backup", "archive", "sftp", "root"};
    if (known.count(name) == 0) return refuse(error, PINION_E_NOT_FOUND, "the node has no folder \"" + name + "\"");
    const int fd = ::open(folderPath(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : failed(name, error);
  }

private:
  // The path's parts, or nothing when it leaves its root. "" and "/" are the root.
  static std::optional<std::vector<std::string>> split(const std::string &path) {
    std::vector<std::string> out;
    for (const auto &part : std::filesystem::path("/" + path).lexically_normal().relative_path())
      if (!part.empty()) out.push_back(part);
    for (const auto &part : std::filesystem::path(path))
      if (part == "..") return std::nullopt;
    return out;
  }
  std::filesystem::path at(const std::string &uuid, const std::vector<std::string> &parts) {
    std::filesystem::path path = server(uuid);
    for (const auto &part : parts) path /= part;
    return path;
  }
  std::filesystem::path made(const std::string &below) {
    if (root_.empty()) {
      std::string pattern = std::filesystem::temp_directory_path() / "pinion-fake-XXXXXX";
      if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder for the fake's files");
      root_ = pattern;
    }
    std::filesystem::create_directories(root_ / below);
    return root_ / below;
  }
  std::string below(const std::string &uuid, const std::filesystem::path &path) {
    return path.lexically_relative(server(uuid)).string();
  }
  bool holdsDenied(const std::string &uuid, const std::filesystem::path &folder) {
    std::error_code ignored; // what is no folder holds nothing
    if (std::filesystem::is_symlink(std::filesystem::symlink_status(folder))) return false;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder, ignored))
      if (isDenied(uuid, below(uuid, entry.path()))) return true;
    return false;
  }
  void removeBut(const std::string &uuid, const std::filesystem::path &path, bool owner) {
    if (owner && isDenied(uuid, below(uuid, path))) return;
    std::error_code ignored; // absent is success; a folder that holds what stays does, too
    if (owner && std::filesystem::is_directory(std::filesystem::symlink_status(path)))
      for (const auto &entry : std::filesystem::directory_iterator(path, ignored)) removeBut(uuid, entry.path(), owner);
    if (owner)
      std::filesystem::remove(path, ignored);
    else
      std::filesystem::remove_all(path, ignored);
  }
  static pinion_status leaves(const std::string &path, pinion_error *error) {
    return refuse(error, PINION_E_DENIED, "\"" + path + "\" leaves the server's folder", EXDEV);
  }
  static pinion_file_info info(const struct stat &facts, const char *name) {
    pinion_file_info out{};
    out.size = sizeof out;
    out.type = S_ISREG(facts.st_mode)    ? PINION_FILE_REGULAR
               : S_ISDIR(facts.st_mode)  ? PINION_FILE_DIRECTORY
               : S_ISLNK(facts.st_mode)  ? PINION_FILE_LINK
               : S_ISFIFO(facts.st_mode) ? PINION_FILE_PIPE
               : S_ISSOCK(facts.st_mode) ? PINION_FILE_SOCKET
               : S_ISBLK(facts.st_mode)  ? PINION_FILE_DEVICE
                                         : PINION_FILE_CHARACTER;
    out.mode = facts.st_mode & 07777;
    out.links = static_cast<uint32_t>(facts.st_nlink);
    out.uid = facts.st_uid;
    out.gid = facts.st_gid;
    out.bytes = facts.st_size;
    out.modified_s = facts.st_mtim.tv_sec;
    out.changed_s = facts.st_ctim.tv_sec;
    out.modified_ns = static_cast<uint32_t>(facts.st_mtim.tv_nsec);
    out.changed_ns = static_cast<uint32_t>(facts.st_ctim.tv_nsec);
    out.device = facts.st_dev;
    out.inode = facts.st_ino;
    out.name = name;
    return out;
  }
  static pinion_status failed(const std::error_code &problem, const std::string &path, pinion_error *error) {
    errno = problem.value();
    return failed(path, error);
  }
  static pinion_status failed(const std::string &path, pinion_error *error) {
    const int reason = errno;
    const pinion_status code =
        reason == ENOENT                      ? PINION_E_NOT_FOUND
        : reason == ELOOP || reason == EACCES ? PINION_E_DENIED
        : reason == EEXIST                    ? PINION_E_BUSY
        : reason == EISDIR || reason == ENOTDIR || reason == ENXIO || reason == EINVAL || reason == ENAMETOOLONG
            ? PINION_E_INVALID
            : PINION_E_IO;
    return refuse(error, code, "\"" + path + "\": " + std::strerror(reason), reason);
  }
  std::filesystem::path root_;
};

} // namespace pinion::testing::detail
