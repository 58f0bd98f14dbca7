#include "machine/preparation.hpp"

#include "machine/facts.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

extern char **environ;

namespace pinion::core::machine {

namespace {

constexpr const char *kZones = "/usr/share/zoneinfo/";
constexpr int kUserToolDeadlineMs = 20000;

std::string trimmed(std::string text) {
  const char *blank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

bool zoneExists(const std::string &zone) {
  if (zone == "UTC") return true; // also where no zone database is installed
  if (zone.empty() || zone.front() == '/' || zone.find("..") != std::string::npos) return false;
  return std::filesystem::is_regular_file(kZones + zone);
}

std::string localtimeZone() {
  std::error_code error;
  const std::string target = std::filesystem::canonical("/etc/localtime", error).string();
  return !error && target.starts_with(kZones) ? target.substr(std::strlen(kZones)) : std::string();
}

std::optional<User> lookUp(const std::string &name) {
  passwd entry{};
  passwd *found = nullptr;
  std::vector<char> buffer(16384);
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return User{name, static_cast<int>(found->pw_uid), static_cast<int>(found->pw_gid)};
}

// Runs a program of the system with these arguments (no shell); true when it ended well in time.
bool run(std::vector<std::string> arguments) {
  std::vector<char *> raw;
  for (auto &argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawnp(&child, raw[0], nullptr, nullptr, raw.data(), environ) != 0) return false;
  const int watch = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  pollfd ready{watch, POLLIN, 0};
  if (watch < 0 || ::poll(&ready, 1, kUserToolDeadlineMs) != 1) ::kill(child, SIGKILL);
  if (watch >= 0) ::close(watch);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int number(const char *variable, int fallback) {
  const char *value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? std::atoi(value) : fallback;
}

Result<void> makeFolder(const std::string &path, mode_t mode) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return Error{Code::io, "cannot make the folder " + path + ": " + std::strerror(errno)};
  return {};
}

std::string below(const std::string &configured, const Config &config, const char *name) {
  return configured.empty() ? config.system.root_directory + "/" + name : configured;
}

} // namespace

Result<std::string> timezone(const std::string &configured) {
  const char *variable = std::getenv("TZ");
  for (std::string zone : {trimmed(configured), trimmed(variable != nullptr ? variable : "")}) {
    if (zone.empty()) continue;
    if (zone.front() == ':') zone.erase(0, 1);
    if (zoneExists(zone)) return zone;
    return Error{Code::invalid, "the supplied timezone " + zone + " is invalid: set system.timezone to a name below " +
                                    kZones + ", such as Europe/Berlin"};
  }
  for (const std::string &zone : {trimmed(slurp("/etc/timezone")), localtimeZone()})
    if (!zone.empty() && zoneExists(zone)) return zone;
  return std::string("UTC");
}

Result<User> systemUser(const Config &config) {
  if (config.system.rootless) {
    passwd *entry = ::getpwuid(::getuid());
    return User{entry != nullptr ? entry->pw_name : std::to_string(::getuid()), static_cast<int>(::getuid()),
                static_cast<int>(::getgid())};
  }
  const auto names = osRelease();
  const auto id = names.find("ID");
  const std::string os = id == names.end() ? "" : id->second;
  if (os == "distroless") {
    const char *name = std::getenv("WINGS_USERNAME");
    return User{name != nullptr && *name != '\0' ? name : "pterodactyl", number("WINGS_UID", 988),
                number("WINGS_GID", 988)};
  }
  const std::string &name = config.system.username;
  if (auto found = lookUp(name)) return *found;
  const bool made =
      os.starts_with("alpine")
          ? run({"addgroup", "-S", name}) && run({"adduser", "-S", "-D", "-H", "-G", name, "-s", "/sbin/nologin", name})
          : run({"useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name});
  if (made)
    if (auto found = lookUp(name)) return *found;
  return Error{Code::io, "the user " + name + " does not exist and could not be made: create it (useradd --system " +
                             name + ") or name another in system.username"};
}

std::string dataFolder(const Config &config) { return below(config.system.data, config, "volumes"); }
std::string archiveFolder(const Config &config) { return below(config.system.archive_directory, config, "archives"); }
std::string backupFolder(const Config &config) { return below(config.system.backup_directory, config, "backups"); }

Result<void> makeFolders(const Config &config) {
  for (const std::string &path :
       {config.system.root_directory, dataFolder(config), archiveFolder(config), backupFolder(config)})
    if (auto made = makeFolder(path, 0700); !made) return made;
  return makeFolder(config.system.log_directory, 0755);
}

} // namespace pinion::core::machine
