// The key by which clients know this node: <data>/.sftp/id_ed25519, as Wings keeps it.
#pragma once

#include <pinion/cpp/host.hpp>

#include <string>

namespace sftp {

// The key as libssh takes it; made when there is none. A file in PKCS#8 or in OpenSSH's form is used as it is, one that
// is no key is PINION_E_INVALID. [main]
pinion::Result<std::string> hostKey(const pinion::Host &host);

} // namespace sftp
