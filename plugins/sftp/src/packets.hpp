// The bytes of SFTP version 3 (draft-ietf-secsh-filexfer-02): numbers, a reader that never reads beyond its packet, and
// a writer. Nothing here knows of files or connections.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sftp {

enum class Type : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  lstat = 7,
  fstat = 8,
  setstat = 9,
  fsetstat = 10,
  opendir = 11,
  readdir = 12,
  remove = 13,
  mkdir = 14,
  rmdir = 15,
  realpath = 16,
  stat = 17,
  rename = 18,
  readlink = 19,
  symlink = 20,
  status = 101,
  handle = 102,
  data = 103,
  name = 104,
  attrs = 105,
  extended = 200,
  extended_reply = 201,
};

enum class Status : std::uint32_t {
  ok = 0,
  eof = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  unsupported = 8,
};

constexpr std::uint32_t open_read = 1, open_write = 2, open_append = 4, open_create = 8, open_truncate = 16,
                        open_exclusive = 32;
constexpr std::uint32_t attribute_size = 1, attribute_owner = 2, attribute_mode = 4, attribute_times = 8,
                        attribute_extended = 0x80000000;

constexpr std::size_t packet_bytes = 256 * 1024;        // the longest packet that is taken, without its length
constexpr std::size_t data_bytes = packet_bytes - 1024; // the most of a file that one packet carries
constexpr std::size_t path_bytes = 4096;

struct Attributes {
  std::uint32_t flags = 0;
  std::uint64_t size = 0;
  std::uint32_t uid = 0, gid = 0, mode = 0, accessed_s = 0, modified_s = 0;
};

// Reads one packet from its front. Each function gives nothing when the packet ends too early, or has given so before.
class Reader {
public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::optional<std::uint8_t> byte();
  std::optional<std::uint32_t> number();
  std::optional<std::uint64_t> longNumber();
  std::optional<std::string_view> text(); // lent by the packet
  std::optional<std::string> path();      // a text of a fitting length without a NUL
  std::optional<Attributes> attributes();
  bool atEnd() const { return rest_.empty(); }

private:
  std::optional<std::string_view> take(std::size_t count);
  std::string_view rest_;
  bool torn_ = false;
};

// Appends whole packets, each with its length, to a buffer of the caller's.
class Writer {
public:
  // Begins a packet; end() puts its length in.
  Writer(std::string &out, Type type);
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;
  Writer &number(std::uint32_t value);
  Writer &longNumber(std::uint64_t value);
  Writer &text(std::string_view value);
  Writer &attributes(const Attributes &value);
  void end();

private:
  std::string &out_;
  std::size_t start_;
};

void writeStatus(std::string &out, std::uint32_t id, Status status, std::string_view text);

// The bytes before the data of a DATA packet: length, type, id, count.
constexpr std::size_t data_head_bytes = 13;
void writeDataHead(char *to, std::uint32_t id, std::uint32_t count);

// Four bytes are a number, the first one highest.
std::uint32_t numberAt(const char *bytes);
void putNumber(char *to, std::uint32_t value);

} // namespace sftp
