// Open files and folders: reading, writing, listing.
#include "conversation.hpp"
#include "listing.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace sftp {

namespace {

constexpr int names_in_a_reply = 100;
constexpr std::size_t names_bytes = packet_bytes - 16 * 1024; // a reply that is so long takes no further name

Error lastError(const char *what) { return Error{PINION_E_IO, what, errno}; }

// All that is wanted, unless the file ends before: to clients, fewer bytes are the end of the file.
ssize_t readAll(int fd, char *to, std::size_t wanted, off_t at) {
  std::size_t have = 0;
  while (have < wanted) {
    const ssize_t got = ::pread(fd, to + have, wanted - have, at + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return got;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(have);
}

} // namespace

// Making comes first: an upload of many files makes nearly all of them, and what was made must be known to be.
Result<Fd> Conversation::openToWrite(const std::string &path, std::uint32_t flags, bool &made) const {
  const bool create = (flags & open_create) != 0, exclusive = create && (flags & open_exclusive) != 0;
  const bool may_create = login_.may("file.create"), may_update = login_.may("file.update");
  const std::uint32_t truncate = (flags & open_truncate) != 0 ? PINION_OPEN_TRUNCATE : 0;
  const Error denied{PINION_E_DENIED, "a permission is missing", EPERM};
  const Error no_room{PINION_E_FULL, "the disk limit is reached", EDQUOT};
  made = false;
  for (int turn = 0;; ++turn) {
    const auto usage = create || truncate != 0 ? files_.usage(false) : Result<Files::Usage>(Files::Usage());
    const bool full = usage && !usage->fits(0);
    if (create && may_create && !full) {
      auto file = files_.open(path, PINION_OPEN_WRITE | PINION_OPEN_CREATE | PINION_OPEN_EXCLUSIVE, 0644);
      made = static_cast<bool>(file);
      if (file || file.error().detail != EEXIST) return file;
      if (exclusive) return may_update ? file.error() : denied;
    }
    // What is there is not cut off when nothing could be written in its place.
    if (full && truncate != 0 && may_update && !exclusive && files_.stat(path)) return no_room;
    if (may_update && !exclusive) {
      auto file = files_.open(path, PINION_OPEN_WRITE | truncate);
      if (file || file.error().detail != ENOENT || !create) return file;
    } else {
      const auto info = files_.stat(path);
      if (info) return exclusive && may_update ? Error{PINION_E_BUSY, "the file exists", EEXIST} : denied;
      if (info.error().detail != ENOENT || !create) return info.error();
    }
    if (!may_create) return denied;
    if (full) return no_room;
    // It went in between: once more, from the front.
    if (turn == 3) return Error{PINION_E_BUSY, "the file comes and goes", EBUSY};
  }
}

void Conversation::open(Request &r) {
  auto path = r.in.path();
  const auto flags = r.in.number();
  if (!path || !flags || !r.in.attributes()) return malformed(r);
  *path = cleanPath(*path);
  auto place = takePlace(r);
  if (!place) return;
  const bool writes = (*flags & (open_write | open_append | open_create | open_truncate)) != 0;
  if (!writes && (*flags & open_read) == 0) return reply(r, Status::failure, "the flags say neither read nor write");
  Handle handle(std::move(*place), *path);
  handle.readable = (*flags & open_read) != 0;
  handle.writable = writes;
  handle.append = (*flags & open_append) != 0;
  bool made = false;
  if (writes && read_only_) return reply(r, Status::unsupported, "this node is read-only over SFTP");
  if (!writes && !allowed(r, "file.read-content")) return;
  auto file = writes ? openToWrite(*path, *flags, made) : files_.open(*path, PINION_OPEN_READ);
  if (!file) {
    if (file.error().detail == EPERM) return reply(r, Status::permission_denied, "permission denied");
    return fail(r, file.error());
  }
  handle.fd = std::move(*file);
  struct stat facts {};
  if (::fstat(handle.fd.get(), &facts) != 0) return fail(r, lastError("the file cannot be looked at"));
  if (!S_ISREG(facts.st_mode)) return reply(r, Status::failure, "this is no regular file");
  if (writes) {
    handle.growth = growths_.of(files_, std::move(handle.fd), facts, (*flags & open_truncate) != 0 && !made);
    note(r, made ? "server:sftp.create" : "server:sftp.write", Json{{"files", Json::array({*path})}});
    handle.record = r.out.record;
  }
  addHandle(r, std::move(handle));
}

void Conversation::read(Request &r) {
  const Handle *handle = find(r, r.in.text());
  if (handle == nullptr) return;
  const auto offset = r.in.longNumber();
  const auto length = r.in.number();
  if (!offset || !length) return malformed(r);
  if (!handle->readable || handle->folder) return reply(r, Status::failure, "the handle is not open for reading");
  if (!allowed(r, "file.read-content")) return;
  if (*offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return reply(r, Status::eof, "end of file");
  // Clients ask for more than small files have: no more memory is made than there is to read.
  struct stat facts {};
  if (::fstat(handle->file(), &facts) != 0) return fail(r, lastError("the file cannot be looked at"));
  const auto left = std::max<std::int64_t>(0, facts.st_size - static_cast<std::int64_t>(*offset));
  const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>({*length, data_bytes, left}));
  if (wanted == 0) return reply(r, Status::eof, "end of file");
  std::string &out = r.out.reply;
  out.resize(data_head_bytes + wanted);
  char *to = out.data() + data_head_bytes;
  const auto at = static_cast<off_t>(*offset);
  ssize_t got = -1;
  // What is not in memory, or only in part, is read by the pool.
  if (r.effort == Effort::quick) {
    const iovec part{to, wanted};
    got = ::preadv2(handle->file(), &part, 1, at, RWF_NOWAIT);
    if (got < 0 ? errno == EAGAIN : static_cast<std::size_t>(got) < wanted) {
      out.clear();
      r.out.step = Step::longer;
      return;
    }
    // A file system in memory has no such question; one over a network has none either, and shows that it is slow.
    if (got < 0 && errno == EOPNOTSUPP) got = readAll(handle->file(), to, wanted, at);
  } else {
    got = readAll(handle->file(), to, wanted, at);
  }
  const int reason = errno;
  out.resize(data_head_bytes + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got > 0) return writeDataHead(out.data(), r.id, static_cast<std::uint32_t>(got));
  out.clear();
  if (got == 0) return reply(r, Status::eof, "end of file");
  fail(r, Error{PINION_E_IO, "the file cannot be read", reason});
}

void Conversation::write(Request &r) {
  Handle *handle = find(r, r.in.text());
  if (handle == nullptr) return;
  const auto offset = r.in.longNumber();
  const auto bytes = r.in.text();
  if (!offset || !bytes) return malformed(r);
  if (!handle->writable) return reply(r, Status::failure, "the handle is not open for writing");
  constexpr auto last = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  auto at = static_cast<std::int64_t>(std::min(*offset, last));
  if (handle->append) {
    struct stat facts {};
    if (::fstat(handle->file(), &facts) != 0) return fail(r, lastError("the file cannot be looked at"));
    at = facts.st_size;
  }
  if (*offset > last || bytes->size() > last - static_cast<std::uint64_t>(at))
    return reply(r, Status::failure, std::strerror(EFBIG));
  const auto end = at + static_cast<std::int64_t>(bytes->size());
  if (auto covered = handle->growth->cover(end); !covered) return failWrite(r, *handle, covered.error());
  for (std::string_view rest = *bytes; !rest.empty();) {
    const auto count = ::pwrite(handle->file(), rest.data(), rest.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failWrite(r, *handle, lastError("the file cannot be written"));
    rest.remove_prefix(static_cast<std::size_t>(count));
    at += count;
  }
  reply(r, Status::ok, "");
}

void Conversation::opendir(Request &r) {
  auto path = r.in.path();
  if (!path) return malformed(r);
  *path = cleanPath(*path);
  if (!allowed(r, "file.read")) return;
  auto place = takePlace(r);
  if (!place) return;
  auto folder = files_.open(*path, PINION_OPEN_READ | PINION_OPEN_DIRECTORY);
  if (!folder) return fail(r, folder.error());
  Handle handle(std::move(*place), *path);
  handle.folder = true;
  handle.stream = ::fdopendir(folder->get());
  if (handle.stream == nullptr) return fail(r, lastError("the folder cannot be read"));
  static_cast<void>(folder->release()); // the stream's now
  addHandle(r, std::move(handle));
}

// Straight from the folder's descriptor, in its order: a folder of a million names costs no more memory than one of
// ten.
void Conversation::readdir(Request &r) {
  const Handle *handle = find(r, r.in.text());
  if (handle == nullptr) return;
  if (!handle->folder) return reply(r, Status::failure, "the handle is no folder's");
  if (!allowed(r, "file.read")) return;
  auto *stream = static_cast<DIR *>(handle->stream);
  std::string &out = r.out.reply;
  Writer names(out, Type::name);
  names.number(r.id);
  const std::size_t count_at = out.size();
  names.number(0);
  std::uint32_t count = 0;
  while (count < names_in_a_reply && out.size() < names_bytes) {
    const dirent *entry = ::readdir(stream);
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat facts {};
    if (::fstatat(handle->file(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue; // gone since
    names.text(name).text(longName(facts, name)).attributes(attributesOf(facts));
    ++count;
  }
  if (count == 0) {
    out.clear();
    return reply(r, Status::eof, "end of the folder");
  }
  putNumber(out.data() + count_at, count);
  names.end();
}

void Conversation::fstat(Request &r) {
  const Handle *handle = find(r, r.in.text());
  if (handle == nullptr || !allowed(r, "file.read")) return;
  struct stat facts {};
  if (::fstat(handle->file(), &facts) != 0) return fail(r, lastError("the file cannot be looked at"));
  Writer(r.out.reply, Type::attrs).number(r.id).attributes(attributesOf(facts)).end();
}

} // namespace sftp
