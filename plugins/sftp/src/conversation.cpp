// The frame of a session: greeting, who may what, handles, and how failures are told.
#include "conversation.hpp"

#include <dirent.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace sftp {

std::string cleanPath(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..")
      out.resize(out.empty() ? 0 : out.rfind('/'));
    else
      out.append("/").append(part);
  }
  return out.empty() ? "/" : out;
}

Conversation::Handle::Handle(Handle &&other) noexcept
    : place(std::move(other.place)), fd(std::move(other.fd)), path(std::move(other.path)), folder(other.folder),
      readable(other.readable), writable(other.writable), append(other.append), growth(std::move(other.growth)),
      record(std::move(other.record)), failure(std::move(other.failure)), stream(std::exchange(other.stream, nullptr)) {
}

Conversation::Handle::~Handle() {
  if (stream != nullptr) ::closedir(static_cast<DIR *>(stream));
}

int Conversation::Handle::file() const {
  if (growth) return growth->fd();
  return stream != nullptr ? ::dirfd(static_cast<DIR *>(stream)) : fd.get();
}

Conversation::Conversation(const Host &host, Login login, bool read_only, Growths &growths, OpenFiles &open_files)
    : host_(host), login_(std::move(login)), files_(host, login_.server, PINION_FILES_OWNER), read_only_(read_only),
      growths_(growths), open_files_(open_files) {}

Outcome Conversation::handle(std::string_view packet, Effort effort, std::string memory) {
  Outcome out;
  out.reply = std::move(memory);
  out.reply.clear();
  Reader in(packet);
  const auto type = in.byte();
  if (!type) return {Step::broken, {}, nullptr, nullptr};
  if (!greeted_) {
    if (Type{*type} != Type::init || !in.number()) return {Step::broken, {}, nullptr, nullptr};
    greeted_ = true;
    Writer(out.reply, Type::version)
        .number(3)
        .text("posix-rename@openssh.com")
        .text("1")
        .text("limits@openssh.com")
        .text("1")
        .text("fsync@openssh.com")
        .text("1")
        .end();
    return out;
  }
  const auto id = in.number();
  if (!id) return {Step::broken, {}, nullptr, nullptr};
  Request request{*id, Type{*type}, in, effort, out};
  dispatch(request);
  return out;
}

void Conversation::dispatch(Request &r) {
  // Closing is always possible: it changes nothing, and the client is told what became of its file.
  if (r.type != Type::close && r.type != Type::realpath && closed())
    return reply(r, Status::permission_denied, "the server is suspended, being installed, transferred or restored");
  switch (r.type) {
  case Type::open: return open(r);
  case Type::close: return close(r);
  case Type::read: return read(r);
  case Type::write: return write(r);
  case Type::lstat:
  case Type::stat: return stat(r);
  case Type::fstat: return fstat(r);
  case Type::setstat: return setstat(r);
  case Type::fsetstat: return fsetstat(r);
  case Type::opendir: return opendir(r);
  case Type::readdir: return readdir(r);
  case Type::remove:
  case Type::rmdir: return remove(r);
  case Type::mkdir: return mkdir(r);
  case Type::realpath: return realpath(r);
  case Type::rename: return rename(r);
  case Type::symlink: return symlink(r);
  case Type::extended: return extended(r);
  default: return reply(r, Status::unsupported, "this server does not do that");
  }
}

bool Conversation::closed() const {
  const auto suspended = host_.readServer(login_.server, "/suspended");
  if (!suspended || *suspended != "false") return true;
  const auto held_by = host_.readServer(login_.server, "/held_by");
  return !held_by || *held_by != "null";
}

bool Conversation::allowed(Request &r, const char *permission) const {
  if (login_.may(permission)) return true;
  reply(r, Status::permission_denied, std::string("the permission ") + permission + " is missing");
  return false;
}

bool Conversation::mayChange(Request &r, const char *permission) const {
  if (!read_only_) return allowed(r, permission);
  reply(r, Status::unsupported, "this node is read-only over SFTP");
  return false;
}

void Conversation::reply(Request &r, Status status, std::string_view text) const {
  writeStatus(r.out.reply, r.id, status, text);
}

void Conversation::failWrite(Request &r, Handle &handle, const Error &error) const {
  fail(r, error);
  handle.failure = error.code == PINION_E_FULL ? "Quota Exceeded" : "what was written is not complete: " + error.text;
}

void Conversation::fail(Request &r, const Error &error) const {
  const int reason = error.detail;
  if (error.code == PINION_E_FULL || reason == EDQUOT) return reply(r, Status::failure, "Quota Exceeded");
  if (error.code == PINION_E_UNSUPPORTED) return reply(r, Status::unsupported, error.text);
  if (reason == ENOENT || (reason == 0 && error.code == PINION_E_NOT_FOUND))
    return reply(r, Status::no_such_file, "no such file");
  // What a link that leads out hides is nobody's business: one text for all of it.
  if (reason == EXDEV || reason == ELOOP) return reply(r, Status::failure, "the path is, or leads through, a link");
  if (reason == EACCES) return reply(r, Status::failure, "the server's file denylist does not allow this");
  return reply(r, Status::failure, reason != 0 ? std::strerror(reason) : error.text.c_str());
}

void Conversation::note(Request &r, const char *event, Json metadata) const {
  r.out.record = std::make_shared<Record>(Record{event, std::move(metadata), false});
}

std::optional<OpenFiles::Place> Conversation::takePlace(Request &r) const {
  if (handles_.size() >= max_handles) {
    reply(r, Status::failure, "too many open files in this session");
    return std::nullopt;
  }
  auto place = open_files_.take(login_.user);
  if (!place) reply(r, Status::failure, "too many open files of this user, or on this node");
  return place;
}

void Conversation::addHandle(Request &r, Handle handle) {
  const std::uint32_t number = next_handle_++;
  handles_.emplace(number, std::move(handle));
  Writer(r.out.reply, Type::handle).number(r.id).text(std::to_string(number)).end();
}

Conversation::Handle *Conversation::find(Request &r, std::optional<std::string_view> name) {
  if (!name) {
    malformed(r);
    return nullptr;
  }
  std::uint32_t number = 0;
  const auto [end, problem] = std::from_chars(name->data(), name->data() + name->size(), number);
  const auto found = handles_.find(number);
  if (problem == std::errc() && end == name->data() + name->size() && found != handles_.end()) return &found->second;
  reply(r, Status::failure, "no such handle");
  return nullptr;
}

void Conversation::close(Request &r) {
  Handle *handle = find(r, r.in.text());
  if (handle == nullptr) return;
  if (handle->record) r.out.wait_for = handle->record;
  const std::string failure = std::move(handle->failure);
  std::erase_if(handles_, [&](const auto &one) { return &one.second == handle; });
  reply(r, failure.empty() ? Status::ok : Status::failure, failure);
}

void Conversation::realpath(Request &r) {
  const auto path = r.in.path();
  if (!path) return malformed(r);
  const std::string clean = cleanPath(*path);
  Writer(r.out.reply, Type::name).number(r.id).number(1).text(clean).text(clean).attributes({}).end();
}

void Conversation::extended(Request &r) {
  const auto name = r.in.text();
  if (!name) return malformed(r);
  if (*name == "posix-rename@openssh.com") return rename(r);
  if (*name == "limits@openssh.com") {
    Writer(r.out.reply, Type::extended_reply)
        .number(r.id)
        .longNumber(packet_bytes)
        .longNumber(data_bytes)
        .longNumber(data_bytes)
        .longNumber(max_handles)
        .end();
    return;
  }
  if (*name == "fsync@openssh.com") {
    Handle *handle = find(r, r.in.text());
    if (handle == nullptr) return;
    if (r.effort == Effort::quick) {
      r.out.step = Step::longer;
      return;
    }
    if (::fdatasync(handle->file()) != 0)
      return fail(r, Error{PINION_E_IO, "the file cannot be written to the disk", errno});
    return reply(r, Status::ok, "");
  }
  reply(r, Status::unsupported, "this server does not do that");
}

} // namespace sftp
