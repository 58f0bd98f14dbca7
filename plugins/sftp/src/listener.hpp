// The listening socket of the SFTP server.
#pragma once

#include <pinion/cpp/files.hpp>

#include <optional>
#include <string>

namespace sftp {

struct Caller {
  pinion::Fd fd;            // non-blocking, without delay
  std::string address;      // "198.51.100.4"
  std::string full_address; // "198.51.100.4:50122", "[2001:db8::1]:50122"
};

// PINION_E_IO when the address is taken or not this machine's.
pinion::Result<pinion::Fd> listenAt(const std::string &address, int port);

// Nobody when there is none now. An error when no descriptor is left.
pinion::Result<std::optional<Caller>> acceptFrom(const pinion::Fd &listener);

} // namespace sftp
