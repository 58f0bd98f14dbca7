// The fake host's disk: a folder of its own under the system's temporary folder, removed with the fake. Included by
// fake_host.hpp.
#pragma once

#include <pinion/testing/detail/fake_lane.hpp>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
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
    if (!parts) return refuse(error, PINION_E_DENIED, "\"" + path + "\" leaves the server's folder");
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
    int how = O_CLOEXEC | O_NOFOLLOW | ((flags & PINION_OPEN_WRITE) != 0 ? O_RDWR : O_RDONLY);
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

  pinion_status list(const std::string &uuid, const std::string &path, const pinion_sink *out, pinion_error *error) {
    const auto parts = split(path);
    if (!parts) return refuse(error, PINION_E_DENIED, "\"" + path + "\" leaves the server's folder");
    std::error_code problem;
    std::map<std::string, Json> sorted;
    for (const auto &entry : std::filesystem::directory_iterator(at(uuid, *parts), problem)) {
      struct stat facts {};
      if (::lstat(entry.path().c_str(), &facts) != 0) continue; // removed meanwhile
      const char *type = S_ISDIR(facts.st_mode) ? "directory" : S_ISLNK(facts.st_mode) ? "link" : "file";
      const std::string name = entry.path().filename();
      sorted[name] = Json{{"name", name},
                          {"size", facts.st_size},
                          {"mode", facts.st_mode & 07777},
                          {"mtime", facts.st_mtime},
                          {"type", type}};
    }
    if (problem) return refuse(error, PINION_E_NOT_FOUND, "\"" + path + "\": " + problem.message());
    Json all = Json::array();
    for (auto &[name, entry] : sorted) all.push_back(std::move(entry));
    return put(out, all.dump());
  }

  pinion_status change(const std::string &uuid, std::string_view text, pinion_error *error) {
    const Json op = Json::parse(text, nullptr, false);
    if (!op.is_object() || !op.contains("op")) return refuse(error, PINION_E_INVALID, "a change needs an \"op\"");
    const std::string what = op["op"];
    const auto path = split(op.value("path", "")), from = split(op.value("from", "")), to = split(op.value("to", ""));
    if (!path || !from || !to) return refuse(error, PINION_E_DENIED, what + ": a path leaves the server's folder");
    const bool of_node = op.contains("folder");
    if (of_node && what != "remove")
      return refuse(error, PINION_E_INVALID, "in a folder of the node there is only \"remove\"");
    const auto target = of_node ? folderPath(op.value("folder", "")) / op.value("path", "") : at(uuid, *path);
    std::error_code problem;
    if (what == "mkdir") {
      std::filesystem::create_directories(target, problem);
    } else if (what == "rename") {
      std::filesystem::create_directories(at(uuid, *to).parent_path(), problem);
      std::filesystem::rename(at(uuid, *from), at(uuid, *to), problem);
    } else if (what == "remove") {
      if (!std::filesystem::exists(std::filesystem::symlink_status(target)))
        return refuse(error, PINION_E_NOT_FOUND, "\"" + op.value("path", "") + "\" is not there");
      std::filesystem::remove_all(target, problem);
    } else if (what == "chmod") {
      std::filesystem::permissions(target, static_cast<std::filesystem::perms>(op.value("mode", 0)), problem);
    } else if (what == "remove-all") {
      for (const auto &entry : std::filesystem::directory_iterator(server(uuid)))
        std::filesystem::remove_all(entry.path(), problem);
    } else if (what != "chown") { // the node's user is whoever runs the test
      return refuse(error, PINION_E_INVALID, "\"" + what + "\" is no op");
    }
    if (!problem) return PINION_OK;
    const bool missing = problem == std::errc::no_such_file_or_directory;
    return refuse(error, missing ? PINION_E_NOT_FOUND : PINION_E_IO, what + ": " + problem.message());
  }

  pinion_status usage(const std::string &uuid, const pinion_sink *out) {
    std::uintmax_t bytes = 0;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(server(uuid)))
      if (entry.is_regular_file() && !entry.is_symlink()) bytes += entry.file_size();
    const auto limit = limits.find(uuid);
    return put(out, Json{{"bytes", bytes}, {"limit", limit == limits.end() ? 0 : limit->second}}.dump());
  }

  int32_t folder(const std::string &name, pinion_error *error) {
    if (name != "log" && name != "tmp" && name != "backup" && name != "archive")
      return refuse(error, PINION_E_NOT_FOUND, "the node has no folder \"" + name + "\"");
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
  static pinion_status failed(const std::string &path, pinion_error *error) {
    const int reason = errno;
    const pinion_status code = reason == ENOENT                      ? PINION_E_NOT_FOUND
                               : reason == ELOOP || reason == EACCES ? PINION_E_DENIED
                               : reason == EEXIST                    ? PINION_E_BUSY
                                                                     : PINION_E_IO;
    return refuse(error, code, "\"" + path + "\": " + std::strerror(reason));
  }
  std::filesystem::path root_;
};

} // namespace pinion::testing::detail
