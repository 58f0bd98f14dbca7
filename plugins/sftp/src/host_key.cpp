#include "host_key.hpp"

#include "packets.hpp"

#include <pinion/cpp/files.hpp>

#include <libssh/libssh.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace sftp {

using pinion::Error;
using pinion::Fd;
using pinion::Files;
using pinion::Host;
using pinion::Result;

namespace {

constexpr const char *key_name = "id_ed25519";
constexpr std::size_t key_bytes = 64 * 1024;

Error failed(const char *what) {
  const int reason = errno;
  return {PINION_E_IO, std::string(what) + ": " + std::strerror(reason), reason};
}

Result<std::string> freshKey() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                                &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!key || !out || PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return Error{PINION_E_INTERNAL, "OpenSSL cannot make an ed25519 key for the SFTP server"};
  char *bytes = nullptr;
  const long length = BIO_get_mem_data(out.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(length));
}

Result<std::string> readAll(const Fd &file) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0) return failed("the SFTP host key cannot be read");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > key_bytes)
      return Error{PINION_E_INVALID, "the SFTP host key .sftp/id_ed25519 is far too long to be a key"};
  }
}

// Whole or not at all, also when the power goes: a half key would be another key after the next start.
Result<void> keep(const Fd &folder, const std::string &text) {
  const std::string draft = std::string(key_name) + ".new";
  Fd file(::openat(folder.get(), draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || ::fchmod(file.get(), 0600) != 0) return failed("the SFTP host key cannot be made");
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = ::write(file.get(), rest.data(), rest.size());
    if (count <= 0) return failed("the SFTP host key cannot be written");
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(file.get()) != 0 || ::renameat(folder.get(), draft.c_str(), folder.get(), key_name) != 0 ||
      ::fsync(folder.get()) != 0)
    return failed("the SFTP host key cannot be kept");
  return {};
}

} // namespace

namespace {

// PKCS#8 to OpenSSH's form: libssh takes the public half from the file, and PKCS#8 has only the private one.
std::string opensshForm(const std::string &text) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                     &BIO_free);
  // Without the function OpenSSL would ask for a password on the terminal.
  const auto no_password = [](char *, int, int, void *) { return 0; };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr), &EVP_PKEY_free);
  unsigned char secret[32], open[32];
  std::size_t secret_size = sizeof secret, open_size = sizeof open;
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_private_key(key.get(), secret, &secret_size) != 1 ||
      EVP_PKEY_get_raw_public_key(key.get(), open, &open_size) != 1)
    return {};
  const auto number = [](std::uint32_t value) {
    std::string out(4, '\0');
    putNumber(out.data(), value);
    return out;
  };
  const auto string = [&](const std::string &bytes) {
    return number(static_cast<std::uint32_t>(bytes.size())) + bytes;
  };
  const std::string open_half(reinterpret_cast<const char *>(open), open_size);
  const std::string both = std::string(reinterpret_cast<const char *>(secret), secret_size) + open_half;
  const std::string kind = "ssh-ed25519";
  std::string section = number(1) + number(1) + string(kind) + string(open_half) + string(both) + string("");
  for (char pad = 1; section.size() % 8 != 0; ++pad) section += pad;
  const std::string blob = std::string("openssh-key-v1\0", 15) + string("none") + string("none") + string("") +
                           number(1) + string(string(kind) + string(open_half)) + string(section);
  std::string base64(blob.size() * 4 / 3 + 8, '\0');
  base64.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char *>(base64.data()),
                                                         reinterpret_cast<const unsigned char *>(blob.data()),
                                                         static_cast<int>(blob.size()))));
  std::string out = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < base64.size(); at += 70) out += base64.substr(at, 70) + "\n";
  return out + "-----END OPENSSH PRIVATE KEY-----\n";
}

Result<std::string> usable(const std::string &text) {
  std::string form = opensshForm(text);
  if (form.empty()) form = text; // it may have that form already
  ssh_key key = nullptr;
  const int got = ssh_pki_import_privkey_base64(form.c_str(), nullptr, nullptr, nullptr, &key);
  const ssh_keytypes_e type = got == SSH_OK ? ssh_key_type(key) : SSH_KEYTYPE_UNKNOWN;
  ssh_key_free(key);
  if (type == SSH_KEYTYPE_ED25519) return form;
  return Error{PINION_E_INVALID, "the SFTP host key .sftp/id_ed25519 in the data folder is no ed25519 key without a "
                                 "password; move it away and a new one is made"};
}

} // namespace

Result<std::string> hostKey(const Host &host) {
  auto folder = Files::folder(host, "sftp");
  if (!folder) return folder.error();
  auto file = Files::openIn(host, *folder, key_name);
  if (!file && file.error().detail != ENOENT) return file.error();
  if (!file) {
    auto text = freshKey();
    if (!text) return text;
    if (auto kept = keep(*folder, *text); !kept) return kept.error();
    host.info("made a host key for the SFTP server");
    return usable(*text);
  }
  auto text = readAll(*file);
  if (!text) return text;
  return usable(*text);
}

} // namespace sftp
