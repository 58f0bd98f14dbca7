// What the administrator may set in `plugins.sftp`, beside the node's own `system.sftp`.
#pragma once

#include <pinion/cpp/host.hpp>

#include <cstddef>
#include <string>

namespace sftp {

struct Settings {
  std::string bind_address = "0.0.0.0";
  int bind_port = 2022;
  bool read_only = false, key_only = false;
  std::size_t max_connections = 512; // of the node
  std::size_t max_per_address = 256;
  std::size_t max_logging_in = 128; // connections that are not logged in yet
  std::size_t max_logging_in_per_address = 32;
  std::size_t max_per_user = 64;
  int login_seconds = 60;
  int idle_minutes = 120; // 0: for ever
};

// PINION_E_INVALID names the setting that makes no sense.
pinion::Result<Settings> readSettings(const pinion::Host &host);

} // namespace sftp
