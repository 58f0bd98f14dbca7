#include "config/keys.hpp"
#include "config/store_state.hpp"

#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace pinion::core {

namespace {

Value &place(Value &tree, std::string_view path) {
  Value *here = &tree;
  for (;;) {
    const auto dot = path.find('.');
    here = &here->at(std::string(path.substr(0, dot)));
    if (dot == std::string_view::npos) return *here;
    path.remove_prefix(dot + 1);
  }
}

bool isDefault(const Key &key, const Value &value) {
  static const Config defaults;
  std::string now, then;
  appendJson(now, value);
  appendJson(then, valueOf(key, defaults));
  return now == then;
}

// Adds what the file has and the table does not know, behind the known keys of the same mapping.
void keepUnknown(Value &known, const Value &document) {
  if (known.kind != Value::Kind::map || document.kind != Value::Kind::map) return;
  for (const auto &[name, value] : document.members) {
    if (known.find(name))
      keepUnknown(known.at(name), value);
    else if (!known.closed)
      known.members.emplace_back(name, value);
  }
}

Error failed(const std::string &path, int number) {
  const Code code = number == EACCES || number == EPERM || number == EROFS ? Code::denied : Code::io;
  return {code, "cannot write the configuration to " + path + ": " + std::strerror(number)};
}

int writeAll(int fd, const std::string &text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t count = ::write(fd, text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    at += static_cast<std::size_t>(count);
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

// Where the bytes are to go when the configuration is reached through a link.
std::string target(const std::string &path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) ? resolved : path;
}

void syncFolder(const std::string &path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

// The file cannot be replaced (a bind mount, or a folder that may not be written): over-write it, as Wings does.
Result<void> overwrite(const std::string &path, const std::string &text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!fd) return failed(path, errno);
  if (const int number = writeAll(fd.get(), text)) return failed(path, number);
  ::fchmod(fd.get(), 0600);
  return {};
}

} // namespace

std::string configText(const Config &config, const Origin &origin) {
  Value tree = Value::map();
  Config written = config;
  written.token_id = origin.token_id;
  written.token = origin.token;
  for (const auto &key : keys()) {
    Value value = valueOf(key, written);
    if (key.presence == Presence::newer && !origin.document.findPath(key.path) && isDefault(key, value)) continue;
    place(tree, key.path) = std::move(value);
  }
  keepUnknown(tree, origin.document);
  return yamlText(tree);
}

Result<void> replaceFile(const std::string &path, const std::string &text) {
  const std::string end = target(path);
  struct stat before {};
  const bool there = ::stat(end.c_str(), &before) == 0;
  if (there && S_ISDIR(before.st_mode)) return failed(path, EISDIR);
  std::string temporary = end + ".XXXXXX";
  {
    const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC)); // mode 0600
    if (!fd) return there ? overwrite(end, text) : Result<void>(failed(path, errno));
    // Where it cannot be given away it becomes the daemon's own, who can read it.
    [[maybe_unused]] const int kept = there ? ::fchown(fd.get(), before.st_uid, before.st_gid) : 0;
    if (const int number = writeAll(fd.get(), text)) {
      ::unlink(temporary.c_str());
      return failed(path, number);
    }
  }
  if (::rename(temporary.c_str(), end.c_str()) == 0) {
    syncFolder(end);
    return {};
  }
  const int number = errno;
  ::unlink(temporary.c_str());
  return number == EBUSY ? overwrite(end, text) : Result<void>(failed(path, number));
}

} // namespace pinion::core
