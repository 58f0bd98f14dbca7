#include "loader/library.hpp"

#include "loader/arguments.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pinion::core {

namespace {

constexpr std::size_t kMaxNeeds = 64;

// Code of a plugin runs with the daemon's rights, so nobody else may be able to put it there.
Result<void> checkOwner(const std::string &path, const char *what) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return Error{Code::io, std::string(what) + " cannot be read: " + std::strerror(errno)};
  const uid_t self = ::geteuid();
  if (self == 0 && info.st_uid != 0)
    return Error{Code::denied, std::string(what) + " is not owned by root; run: chown root " + path};
  if ((info.st_mode & S_IWOTH) != 0)
    return Error{Code::denied, std::string(what) + " can be written by everyone; run: chmod o-w " + path};
  return {};
}

Result<void> checkFile(const std::string &file) {
  std::error_code failed;
  const auto real = std::filesystem::canonical(file, failed);
  if (failed) return Error{Code::io, "the file cannot be read: " + failed.message()};
  if (!std::filesystem::is_regular_file(real, failed)) return Error{Code::invalid, "it is no regular file"};
  if (auto good = checkOwner(real.string(), "the file"); !good) return good;
  return checkOwner(real.parent_path().string(), "its folder");
}

std::string text(const char *value) {
  return value == nullptr ? std::string() : std::string(value, ::strnlen(value, 256));
}

// Sizes and numbers first: what lies beyond `size` is not read.
Result<void> checkEntry(const pinion_entry_v1 &entry, std::string &id) {
  if (entry.size < sizeof(pinion_entry_v1))
    return Error{Code::invalid, "its entry says it has " + std::to_string(entry.size) + " bytes, the ABI's first has " +
                                    std::to_string(sizeof(pinion_entry_v1))};
  const std::string theirs = std::to_string(entry.abi_major) + "." + std::to_string(entry.abi_minor);
  const std::string ours = std::to_string(PINION_ABI_MAJOR) + "." + std::to_string(PINION_ABI_MINOR);
  if (entry.id != nullptr && validId(text(entry.id))) id = entry.id;
  if (entry.abi_major != PINION_ABI_MAJOR)
    return Error{Code::unsupported, "it is built for ABI " + theirs + ", this daemon has " + ours};
  if (PINION_ABI_MAJOR == 0 && entry.abi_minor != PINION_ABI_MINOR)
    return Error{Code::unsupported, "it is built for ABI " + theirs + ", this daemon has " + ours +
                                        "; until 1.0 they must be the same, so build it again"};
  if (entry.id == nullptr) return Error{Code::invalid, "its entry has no id"};
  if (id.empty()) return Error{Code::invalid, "its id is not 1 to 64 of a-z, 0-9, . and -, or it is \"core\""};
  if (entry.create == nullptr) return Error{Code::invalid, "its entry has no create function"};
  return {};
}

} // namespace

bool validId(std::string_view id) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
  return !id.empty() && id.size() <= 64 && id != "core" && std::all_of(id.begin(), id.end(), good);
}

std::string refusal(const std::string &file, std::string_view id, const std::string &reason) {
  if (id.empty()) return "plugin " + file + ": " + reason;
  return "plugin \"" + std::string(id) + "\" (" + file + "): " + reason;
}

Result<Library> openLibrary(const std::string &file) {
  Library out;
  out.file = file;
  const auto refuse = [&](const Error &error) { return Error{error.code, refusal(file, out.id, error.text)}; };
  if (auto good = checkFile(file); !good) return refuse(good.error());
  ::dlerror();
  void *const handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const char *const why = ::dlerror();
    return refuse(Error{Code::invalid, std::string("it cannot be loaded: ") + (why != nullptr ? why : "unknown")});
  }
  out.entry = static_cast<const pinion_entry_v1 *>(::dlsym(handle, "pinion_plugin_entry_v1"));
  if (out.entry == nullptr)
    return refuse(Error{Code::invalid, "it has no symbol pinion_plugin_entry_v1, so it is no plugin"});
  if (auto good = checkEntry(*out.entry, out.id); !good) return refuse(good.error());
  out.version = text(out.entry->version);
  out.summary = text(out.entry->summary);
  if (out.entry->needs != nullptr)
    for (std::size_t i = 0; out.entry->needs[i] != nullptr; ++i) {
      if (i == kMaxNeeds) return refuse(Error{Code::invalid, "it names more than 64 needs; is the list NULL-ended?"});
      out.needs.push_back(text(out.entry->needs[i]));
    }
  return out;
}

} // namespace pinion::core
