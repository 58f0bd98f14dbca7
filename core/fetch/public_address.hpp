// Which addresses lie outside this machine and the networks it is part of. What a user makes the daemon fetch may only
// come from there.
#pragma once

#include <sys/socket.h>

namespace pinion::core::fetch {

// False for loopback, private, link-local, shared, multicast, reserved and unspecified addresses, for IPv6 forms that
// carry such an IPv4 address, and for what is no IP address.
bool isPublic(const sockaddr_storage &address);

} // namespace pinion::core::fetch
