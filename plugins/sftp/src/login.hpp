// Who is at the other end, as the Panel said.
#pragma once

#include <set>
#include <string>

namespace sftp {

struct Login {
  std::string user;    // UUID
  std::string server;  // UUID
  std::string address; // with the port
  std::set<std::string> permissions;
  bool may(const char *permission) const { return permissions.contains("*") || permissions.contains(permission); }
};

} // namespace sftp
