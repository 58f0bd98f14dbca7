// What a boot settles on the machine before anything runs: zone, folders, the system user (contract config.md 4, 6, 7).
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"

#include <string>

namespace pinion::core::machine {

// Configured zone, else TZ, else /etc/timezone, else the target of /etc/localtime, else UTC. Refuses a zone that is not
// in the zone database.
Result<std::string> timezone(const std::string &configured);

struct User {
  std::string name;
  int uid = 0, gid = 0;
};
// The owner of server files: the current user when rootless; the fixed one of a distroless image; else system.username,
// which is made with useradd (Alpine: adduser) when it does not exist.
Result<User> systemUser(const Config &config);

// Makes root, data, archive, backup (0700) and log folders; those that exist keep their mode.
Result<void> makeFolders(const Config &config);

// Where server data, archives and backups live: the configured folder, else the one below root_directory.
std::string dataFolder(const Config &config);
std::string archiveFolder(const Config &config);
std::string backupFolder(const Config &config);

} // namespace pinion::core::machine
