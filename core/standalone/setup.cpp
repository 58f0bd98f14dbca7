#include "base/fd.hpp"
#include "base/ids.hpp"
#include "base/json_text.hpp"
#include "config/config.hpp"
#include "demo_files.hpp"
#include "standalone/folder_source.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pinion::core {

namespace fs = std::filesystem;

namespace {

constexpr int first_port = 8080, first_sftp_port = 2022, ports_to_try = 100;

Result<std::string> randomText(std::size_t length) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < length) {
    std::uint8_t bytes[64];
    const ssize_t got = ::getrandom(bytes, sizeof bytes, 0);
    if (got < 0 && errno != EINTR) return Error{Code::io, std::string("no random bytes: ") + std::strerror(errno)};
    for (ssize_t i = 0; i < got && out.size() < length; ++i)
      if (bytes[i] < 256 / letters.size() * letters.size()) out += letters[bytes[i] % letters.size()]; // no bias
  }
  return out;
}

// The first port from `first` on that nobody listens on at 127.0.0.1; `first` when all are taken.
int freePort(int first) {
  for (int port = first; port < first + ports_to_try; ++port) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1; // a port that was left a moment ago is free, as it is for the daemon
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(socket.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0 &&
        ::listen(socket.get(), 1) == 0)
      return port;
  }
  return first;
}

Result<void> writeNew(const std::string &path, const std::string &text, mode_t mode) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  const auto failed = [&] { return Error{Code::io, path + ": cannot be written: " + std::strerror(errno)}; };
  if (!file) return failed();
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(file.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const Error error = failed();
      ::unlink(path.c_str()); // half a file would count as there
      return error;
    }
    done += static_cast<std::size_t>(wrote);
  }
  return {};
}

std::string configText(const std::string &directory, const std::string &token_id, const std::string &token, int port) {
  // A JSON string is a YAML string.
  const auto below = [&](const std::string &name) { return jsonString(directory + "/" + name); };
  std::string user;
  if (::geteuid() == 0) {
    user = "  username: pinion\n  user:\n    passwd:\n      enable: false\n";
  } else {
    user = "  user:\n    rootless:\n      enabled: true\n      container_uid: " + std::to_string(::geteuid()) +
           "\n      container_gid: " + std::to_string(::getegid()) + "\n    passwd:\n      enable: false\n";
  }
  return "# Pinion without a Panel. The daemon adds the other keys with their defaults at its first start.\n"
         "uuid: " +
         randomUuid() + "\ntoken_id: " + token_id + "\ntoken: " + token + "\nstandalone: " + jsonString(directory) +
         "\napi:\n  host: 127.0.0.1\n  port: " + std::to_string(port) +
         "\nsystem:\n  root_directory: " + below("data") + "\n  log_directory: " + below("logs") +
         "\n  data: " + below("data/volumes") + "\n  archive_directory: " + below("data/archives") +
         "\n  backup_directory: " + below("data/backups") + "\n  tmp_directory: " + below("data/tmp") + "\n" + user +
         "  machine_id:\n    enable: false\n  enable_log_rotate: false\n  sftp:\n    bind_address: 127.0.0.1\n    "
         "bind_port: " +
         std::to_string(freePort(first_sftp_port)) +
         "\ndocker:\n  network:\n    name: pinion_nw\n    network_mode: pinion_nw\n    IPv6: false\n"
         // Out of the pools that Docker hands out by itself and of the usual home and office networks.
         "    interface: 10.201.173.1\n    interfaces:\n      v4:\n        subnet: 10.201.173.0/24\n"
         "        gateway: 10.201.173.1\n"
         // What `pinion console` calls itself; no page in a browser can.
         "allowed_origins:\n  - pinion://console\n";
}

bool hasDefinitions(const std::string &folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string extension = entry->path().extension();
    if (extension == ".yml" || extension == ".yaml") return true;
  }
  return false;
}

} // namespace

Result<StandaloneSetup> prepareStandalone(const std::string &given) {
  std::error_code error;
  std::string directory = fs::absolute(given, error).lexically_normal().string();
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  StandaloneSetup setup;
  setup.config_path = directory + "/config.yml";
  fs::create_directories(directory + "/servers", error);
  if (error) return Error{Code::io, directory + "/servers: cannot be made: " + error.message()};

  int port = 0;
  if (fs::exists(setup.config_path, error)) {
    const auto config = ConfigStore::load(setup.config_path);
    if (!config) return config.error();
    if ((*config)->get()->standalone.empty())
      return Error{Code::invalid, setup.config_path +
                                      " belongs to a Panel; choose another folder, or add the line "
                                      "\"standalone: " +
                                      directory + "\" to it"};
    port = (*config)->get()->api.port;
  } else {
    auto token_id = randomText(16), token = randomText(64);
    if (!token_id) return token_id.error();
    if (!token) return token.error();
    port = freePort(first_port);
    if (auto made = writeNew(setup.config_path, configText(directory, *token_id, *token, port), 0600); !made)
      return made.error();
    setup.first_run = true;
    setup.notes.push_back("Made " + setup.config_path +
                          ": the daemon listens on http://127.0.0.1:" + std::to_string(port) + ".");
    setup.notes.push_back("Its token, for the API and for consoles, is " + *token + " (kept in that file).");
  }
  if (!hasDefinitions(directory + "/servers")) {
    const std::string path = directory + "/servers/demo.yml";
    if (auto made = writeNew(path, demo_definition, 0644); !made) return made.error();
    setup.notes.push_back("Made " + path + ": a small server to try; add your own beside it.");
  }
  return setup;
}

} // namespace pinion::core
