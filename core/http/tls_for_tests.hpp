// Certificates and a client for tests over TLS. Only for *_test.cpp files.
#pragma once

#include "http/client_for_tests.hpp"
#include "http/tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>

namespace pinion::core::testing {

// A folder with a fresh self-signed certificate and its key; gone with the object.
class TestCertificate {
public:
  TestCertificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pinion-tls-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    write("first");
  }
  ~TestCertificate() { std::filesystem::remove_all(folder_); }
  TestCertificate(const TestCertificate &) = delete;
  TestCertificate &operator=(const TestCertificate &) = delete;
  void write(const char *name) const {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY *)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509 *)> made(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key.get());
    auto *subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char *>(name), -1, -1, 0);
    X509_set_issuer_name(made.get(), subject);
    REQUIRE(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);
    const std::unique_ptr<FILE, int (*)(FILE *)> key_file(std::fopen(this->key().c_str(), "w"), std::fclose);
    REQUIRE(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(certificate().c_str(), "w"), std::fclose);
    REQUIRE(PEM_write_X509(file.get(), made.get()) == 1);
  }
  [[nodiscard]] std::string certificate() const { return folder_ + "/cert.pem"; }
  [[nodiscard]] std::string key() const { return folder_ + "/key.pem"; }

private:
  std::string folder_;
};

class TlsClient {
public:
  explicit TlsClient(int port, int max_version = TLS1_3_VERSION, const char *ciphers = nullptr)
      : raw_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0); // old versions must fail for the front's reasons, not for ours
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    if (ciphers != nullptr) SSL_CTX_set_cipher_list(context_.get(), ciphers);
    ssl_.reset(SSL_new(context_.get()));
    const timeval deadline{20, 0};
    ::setsockopt(raw_.fd(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(ssl_.get(), kProtocols, sizeof kProtocols - 1);
    SSL_set_fd(ssl_.get(), raw_.fd());
    connected = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }
  void write(const std::string &bytes) {
    REQUIRE(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0);
  }
  std::string ask(const std::string &request) {
    write(request);
    return rest();
  }
  // To the end of the connection.
  std::string rest() {
    std::string out;
    char buffer[16384];
    while (true) {
      const int got = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (got <= 0) break;
      out.append(buffer, static_cast<std::size_t>(got));
    }
    ERR_clear_error();
    return out;
  }
  [[nodiscard]] std::string protocol() const {
    const unsigned char *name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char *>(name), size};
  }
  [[nodiscard]] std::string peerName() const {
    const std::unique_ptr<X509, void (*)(X509 *)> peer(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    return name;
  }
  [[nodiscard]] int version() const { return SSL_version(ssl_.get()); }

  bool connected = false;

private:
  RawClient raw_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX *)> context_;
  std::unique_ptr<SSL, void (*)(SSL *)> ssl_;
};

inline FrontOptions tlsOptions(const TestCertificate &certificate) {
  auto options = ServedFront::loopback();
  options.tls = true;
  options.certificate = certificate.certificate();
  options.key = certificate.key();
  return options;
}

} // namespace pinion::core::testing
