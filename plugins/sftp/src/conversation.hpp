// One SFTP session: requests in, replies out, and the open files between them. Knows nothing of SSH and of threads: one
// request at a time, from any thread.
#pragma once

#include "growth.hpp"
#include "login.hpp"
#include "open_files.hpp"
#include "packets.hpp"
#include "record.hpp"

#include <map>
#include <vector>

namespace sftp {

using pinion::Fd;
using pinion::Host;
using pinion::Json;

// How long a request may take: `quick` on the thread that serves others too, `full` on the daemon's pool.
enum class Effort { quick, full };

enum class Step {
  done,   // answered
  longer, // not begun: give it again with full effort
  broken, // no SFTP: the session ends
};

struct Outcome {
  Step step = Step::done;
  std::string reply;  // whole packets
  RecordPtr record;   // to be kept
  RecordPtr wait_for; // the reply is given only when this is kept
};

class Conversation {
public:
  static constexpr std::size_t max_handles = 256;

  Conversation(const Host &host, Login login, bool read_only, Growths &growths, OpenFiles &open_files);

  // `packet` without its length. `memory` is what the reply is written into; its content is of no matter. What is
  // thrown is a bug of ours.
  Outcome handle(std::string_view packet, Effort effort, std::string memory = {});
  const Login &login() const { return login_; }

private:
  struct Handle {
    OpenFiles::Place place;
    Fd fd; // of a file that is open for reading only; else it is the growth's, or the stream's
    std::string path;
    bool folder = false, readable = false, writable = false, append = false;
    std::shared_ptr<Growth> growth;
    RecordPtr record;
    std::string failure;    // of a write: told again by close, for clients that do not look at each answer
    void *stream = nullptr; // DIR* of a folder
    int file() const;
    Handle(OpenFiles::Place taken, std::string of) : place(std::move(taken)), path(std::move(of)) {}
    Handle(Handle &&other) noexcept;
    Handle &operator=(Handle &&) = delete;
    ~Handle();
  };
  struct Request {
    std::uint32_t id;
    Type type;
    Reader in;
    Effort effort;
    Outcome &out;
  };

  void dispatch(Request &r);
  bool closed() const; // suspended, or held for an install, a transfer or a restore
  void open(Request &r);
  void close(Request &r);
  void read(Request &r);
  void write(Request &r);
  void stat(Request &r);
  void fstat(Request &r);
  void setstat(Request &r);
  void fsetstat(Request &r);
  void opendir(Request &r);
  void readdir(Request &r);
  void remove(Request &r);
  void mkdir(Request &r);
  void realpath(Request &r);
  void rename(Request &r);
  void symlink(Request &r);
  void extended(Request &r);

  Result<Fd> openToWrite(const std::string &path, std::uint32_t flags, bool &made) const;
  Result<void> resize(const std::string &path, std::uint64_t size);
  static Result<void> resize(Growth &growth, std::uint64_t size);
  // Refuses when there are too many.
  std::optional<OpenFiles::Place> takePlace(Request &r) const;
  void addHandle(Request &r, Handle handle);
  Handle *find(Request &r, std::optional<std::string_view> name);
  bool allowed(Request &r, const char *permission) const;
  // Refuses what changes something on a read-only node, or without the permission.
  bool mayChange(Request &r, const char *permission) const;
  void reply(Request &r, Status status, std::string_view text) const;
  void fail(Request &r, const Error &error) const;
  void failWrite(Request &r, Handle &handle, const Error &error) const;
  void malformed(Request &r) const { reply(r, Status::bad_message, "malformed request"); }
  void note(Request &r, const char *event, Json metadata) const;

  const Host host_;
  const Login login_;
  const Files files_;
  const bool read_only_;
  Growths &growths_;
  OpenFiles &open_files_;
  bool greeted_ = false;
  std::uint32_t next_handle_ = 1;
  std::map<std::uint32_t, Handle> handles_;
};

// The path that a client means, from the root: "/a/b", without "." and "..", which never lead above the root.
std::string cleanPath(std::string_view path);

} // namespace sftp
