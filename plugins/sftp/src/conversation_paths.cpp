// What is done to a path: looking, renaming, removing, making, changing.
#include "conversation.hpp"
#include "listing.hpp"

#include <fcntl.h>

#include <cerrno>
#include <limits>

namespace sftp {

namespace {

constexpr const char *denied_text = "the server's file denylist does not allow this";

// As Wings does: the permission bits alone, and none of them means 0644; what the client calls a folder gets 0755.
mode_t modeOf(std::uint32_t asked) {
  if (S_ISDIR(asked)) return 0755;
  const mode_t mode = asked & 0777;
  return mode == 0 ? 0644 : mode;
}

} // namespace

void Conversation::stat(Request &r) {
  auto path = r.in.path();
  if (!path) return malformed(r);
  if (!allowed(r, "file.read")) return;
  const auto info = files_.stat(cleanPath(*path));
  if (!info) return fail(r, info.error());
  if (info->type == PINION_FILE_LINK) return fail(r, Error{PINION_E_DENIED, "a link", ELOOP});
  Writer(r.out.reply, Type::attrs).number(r.id).attributes(attributesOf(*info)).end();
}

void Conversation::setstat(Request &r) {
  auto path = r.in.path();
  const auto wanted = r.in.attributes();
  if (!path || !wanted) return malformed(r);
  if (!mayChange(r, "file.update")) return;
  *path = cleanPath(*path);
  const auto info = files_.stat(*path);
  if (!info) return fail(r, info.error());
  if ((wanted->flags & attribute_size) != 0)
    if (auto resized = resize(*path, wanted->size); !resized) return fail(r, resized.error());
  if ((wanted->flags & attribute_mode) != 0)
    if (auto changed = files_.setMode(*path, modeOf(wanted->mode)); !changed) return fail(r, changed.error());
  if ((wanted->flags & attribute_times) != 0)
    if (auto changed = files_.setTimes(*path, wanted->accessed_s, wanted->modified_s); !changed)
      return fail(r, changed.error());
  reply(r, Status::ok, "");
}

void Conversation::fsetstat(Request &r) {
  Handle *handle = find(r, r.in.text());
  if (handle == nullptr) return;
  const auto wanted = r.in.attributes();
  if (!wanted) return malformed(r);
  if (!mayChange(r, "file.update")) return;
  const int fd = handle->file();
  if ((wanted->flags & attribute_size) != 0) {
    if (!handle->writable) return reply(r, Status::failure, "the handle is not open for writing");
    if (auto resized = resize(*handle->growth, wanted->size); !resized) return fail(r, resized.error());
  }
  if ((wanted->flags & attribute_mode) != 0 && ::fchmod(fd, modeOf(wanted->mode)) != 0)
    return fail(r, Error{PINION_E_IO, "the mode cannot be set", errno});
  if ((wanted->flags & attribute_times) != 0) {
    const timespec times[2] = {{wanted->accessed_s, 0}, {wanted->modified_s, 0}};
    if (::futimens(fd, times) != 0) return fail(r, Error{PINION_E_IO, "the times cannot be set", errno});
  }
  reply(r, Status::ok, "");
}

Result<void> Conversation::resize(const std::string &path, std::uint64_t size) {
  auto file = files_.open(path, PINION_OPEN_WRITE);
  if (!file) return file.error();
  struct stat facts {};
  if (::fstat(file->get(), &facts) != 0) return Error{PINION_E_IO, "the file cannot be looked at", errno};
  return resize(*growths_.of(files_, std::move(*file), facts, false), size);
}

Result<void> Conversation::resize(Growth &growth, std::uint64_t size) {
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return Error{PINION_E_IO, "the size is beyond what a file may have", EFBIG};
  const auto wanted = static_cast<std::int64_t>(size);
  if (auto covered = growth.cover(wanted); !covered) return covered.error();
  if (::ftruncate(growth.fd(), wanted) != 0) return Error{PINION_E_IO, "the size cannot be set", errno};
  growth.cut(wanted, false);
  return {};
}

void Conversation::remove(Request &r) {
  auto path = r.in.path();
  if (!path) return malformed(r);
  if (!mayChange(r, "file.delete")) return;
  if (r.effort == Effort::quick && r.type == Type::rmdir) {
    r.out.step = Step::longer;
    return;
  }
  *path = cleanPath(*path);
  if (*path == "/") return reply(r, Status::failure, "the server's folder stays");
  const auto info = files_.stat(*path);
  if (!info) return fail(r, info.error());
  // A folder may hold anything.
  if (r.effort == Effort::quick && info->type == PINION_FILE_DIRECTORY) {
    r.out.step = Step::longer;
    return;
  }
  if (r.type == Type::rmdir && info->type != PINION_FILE_DIRECTORY)
    return fail(r, Error{PINION_E_IO, "no folder", ENOTDIR});
  if (auto removed = files_.remove(*path); !removed) return fail(r, removed.error());
  // Denied entries stay, with the folders above them.
  const bool stays = static_cast<bool>(files_.stat(*path));
  if (!stays || info->type == PINION_FILE_DIRECTORY) {
    note(r, "server:sftp.delete", Json{{"files", Json::array({*path})}});
    r.out.wait_for = r.out.record;
  }
  if (stays) return reply(r, Status::failure, denied_text);
  reply(r, Status::ok, "");
}

void Conversation::mkdir(Request &r) {
  auto path = r.in.path();
  if (!path || !r.in.attributes()) return malformed(r);
  if (!mayChange(r, "file.create")) return;
  *path = cleanPath(*path);
  const bool existed = static_cast<bool>(files_.stat(*path));
  if (auto made = files_.makeFolder(*path, 0755); !made) return fail(r, made.error());
  if (!existed) {
    note(r, "server:sftp.create-directory", Json{{"files", Json::array({*path})}});
    r.out.wait_for = r.out.record;
  }
  reply(r, Status::ok, "");
}

void Conversation::rename(Request &r) {
  auto from = r.in.path(), to = r.in.path();
  if (!from || !to) return malformed(r);
  if (!mayChange(r, "file.update")) return;
  *from = cleanPath(*from);
  *to = cleanPath(*to);
  if (*from == "/" || *to == "/") return reply(r, Status::failure, "the server's folder stays where it is");
  if (r.effort == Effort::quick) {
    const auto info = files_.stat(*from);
    if (!info) return fail(r, info.error());
    // The denylist may have to be asked about all that a folder holds.
    if (info->type == PINION_FILE_DIRECTORY) {
      r.out.step = Step::longer;
      return;
    }
  }
  if (auto renamed = files_.rename(*from, *to); !renamed) return fail(r, renamed.error());
  // What somebody put there by other ways becomes the user's; one that is gone again has no owner to set.
  if (auto owned = files_.setOwner(*to); !owned && owned.error().detail != ENOENT) return fail(r, owned.error());
  Json pair;
  pair["from"] = *from;
  pair["to"] = *to;
  note(r, "server:sftp.rename", Json{{"files", Json::array({std::move(pair)})}});
  r.out.wait_for = r.out.record;
  reply(r, Status::ok, "");
}

// As OpenSSH's own server has it, and with it every client: the target first.
void Conversation::symlink(Request &r) {
  const auto target = r.in.path();
  auto path = r.in.path();
  if (!target || !path) return malformed(r);
  if (!mayChange(r, "file.create")) return;
  if (auto made = files_.link(*target, cleanPath(*path)); !made) return fail(r, made.error());
  reply(r, Status::ok, "");
}

} // namespace sftp
