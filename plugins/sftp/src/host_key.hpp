// The key by which clients know this node: <data>/.sftp/id_ed25519, as Wings keeps it.
#pragma once

#include <pinion/cpp/host.hpp>

#include <string>

namespace sftp {

// The text of the key file, made when there is none. [main]
pinion::Result<std::string> hostKeyText(const pinion::Host &host);

// Checks that the text is a private key that clients can be shown: PKCS#8 or OpenSSH's form, without a password.
pinion::Result<void> checkKeyText(const std::string &text);

} // namespace sftp
