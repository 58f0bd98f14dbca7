#include "loader/node_folders.hpp"

#include "base/json_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pinion::core {

Result<std::string> nodeFolder(const Config &config, std::string_view which) {
  const auto below_root = [&](const std::string &given, const char *last) {
    return given.empty() ? config.system.root_directory + last : given;
  };
  std::string path;
  mode_t mode = 0700;
  if (which == "log") {
    path = config.system.log_directory;
    mode = 0755;
  } else if (which == "root") {
    path = config.system.root_directory;
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
    return Error{Code::io, "the folder " + path + " cannot be made: " + std::strerror(errno), errno};
  return path;
}

Result<UniqueFd> openNodeFolder(const Config &config, std::string_view which) {
  const auto path = nodeFolder(config, which);
  if (!path) return path.error();
  UniqueFd fd(::open(path->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error{Code::io, "the folder " + *path + " cannot be opened: " + std::strerror(errno), errno};
  return fd;
}

} // namespace pinion::core
