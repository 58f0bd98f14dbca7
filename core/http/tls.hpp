// The TLS side of the listener: one OpenSSL context a loaded certificate (contract http.md 1).
#pragma once

#include "base/result.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace pinion::core::http {

using TlsContext = std::shared_ptr<SSL_CTX>;

// TLS 1.2 and 1.3, forward secret AEAD suites, X25519 and P-256, ALPN http/1.1. The error names the file and why.
Result<TlsContext> loadTlsContext(const std::string &certificate, const std::string &key);

// What OpenSSL says of the last failure on this thread; clears it.
std::string tlsErrorText();

} // namespace pinion::core::http
