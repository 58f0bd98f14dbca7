#include "http/tls.hpp"

#include <openssl/err.h>

#include <array>

namespace pinion::core::http {
namespace {

int selectProtocol(SSL *, const unsigned char **out, unsigned char *out_size, const unsigned char *offered,
                   unsigned int offered_size, void *) {
  static constexpr std::array<unsigned char, 9> kOurs{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char *selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kOurs.data(), kOurs.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK; // the client may still speak HTTP/1.1, which needs no agreement
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Error broken(const std::string &what) { return {Code::invalid, what + ": " + tlsErrorText()}; }

} // namespace

std::string tlsErrorText() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

Result<TlsContext> loadTlsContext(const std::string &certificate, const std::string &key) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return broken("TLS cannot be set up");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Released buffers are what keeps an idle connection small.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_set_cipher_list(
          context.get(),
          "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
          "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") != 1 ||
      SSL_CTX_set1_groups_list(context.get(), "X25519:P-256") != 1)
    return broken("the TLS suites cannot be set");
  SSL_CTX_set_alpn_select_cb(context.get(), selectProtocol, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF); // tickets do it without memory
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1)
    return broken("the certificate " + certificate + " cannot be read (check api.ssl.cert)");
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    return broken("the private key " + key + " cannot be read (check api.ssl.key)");
  if (SSL_CTX_check_private_key(context.get()) != 1)
    return broken("the private key " + key + " does not belong to the certificate " + certificate);
  return context;
}

} // namespace pinion::core::http
