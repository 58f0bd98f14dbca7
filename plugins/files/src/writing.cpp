#include "answers.hpp"
#include "go_text.hpp"
#include "plugin.hpp"
#include "spool.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace pinion::files {

namespace {

// A longer body goes straight into a file that is there, which is truncated first as the contract has it: to keep the
// old file until all has come would mean to write everything twice.
constexpr std::int64_t kKeptUntilWhole = 8 << 20;

// Nothing when it is not known. A request that tells neither of a length nor of an encoding has no body.
std::optional<std::int64_t> readLength(const Exchange &exchange) {
  const auto header = exchange.field("header:Content-Length");
  if (exchange.field("header:Transfer-Encoding")) return std::nullopt;
  if (!header) return 0;
  std::int64_t out = -1;
  const auto read = std::from_chars(header->data(), header->data() + header->size(), out);
  if (read.ec != std::errc() || read.ptr != header->data() + header->size() || out < 0) return std::nullopt;
  return out;
}

// The body's bytes, piece by piece, given to `write`.
template <typename F> Result<void> readWhole(Exchange &exchange, std::int64_t length, F write) {
  std::string piece(static_cast<std::size_t>(std::clamp<std::int64_t>(length, 1, kWritten)), '\0');
  while (length > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(length, kWritten));
    std::size_t have = 0; // whole pieces: one write for many small reads
    while (have < wanted) {
      const std::int64_t got = exchange.readBody(piece.data() + have, wanted - have);
      if (got <= 0) return Error{PINION_E_CANCELLED, "the body broke off"};
      have += static_cast<std::size_t>(got);
    }
    if (auto written = write(std::string_view(piece).substr(0, have)); !written) return written;
    length -= static_cast<std::int64_t>(have);
  }
  return {};
}

Result<void> writeInPlace(Exchange &exchange, const Files &files, const std::string &path, std::int64_t before,
                          std::int64_t length) {
  std::int64_t counted = std::max(before, length);
  if (auto fits = files.reserve(counted - before); !fits) return fits;
  // Emptied here and not as it is opened: what the old file took is given back at the end, and until then nobody else
  // can have the room that the new bytes need.
  std::int64_t written = 0;
  auto file = files.open(path, PINION_OPEN_WRITE);
  Result<void> done;
  if (!file) {
    done = file.error();
    written = before; // as it was
  } else if (::ftruncate(file->get(), 0) != 0) {
    done = Error{PINION_E_IO, std::string("the file cannot be emptied: ") + std::strerror(errno), errno};
    written = before;
  } else {
    done = readWhole(exchange, length, [&](std::string_view bytes) {
      written += static_cast<std::int64_t>(bytes.size());
      return writeAll(*file, bytes);
    });
  }
  if (counted > written) static_cast<void>(files.reserve(written - counted)); // giving back is never refused
  return done;
}

Result<void> writeWhole(Exchange &exchange, const Files &files, const std::string &path, std::int64_t before,
                        std::int64_t length) {
  auto spool = Spool::open(files, before);
  if (!spool) return spool.error();
  if (auto fits = spool->expect(length); !fits) return fits;
  if (auto done = readWhole(exchange, length, [&](std::string_view bytes) { return spool->write(bytes); }); !done)
    return done; // the client has gone, or the disk is full: the file stays as it was
  return spool->place(path);
}

} // namespace

void FilesPlugin::write(Exchange exchange) {
  const Files files = filesOf(exchange.server());
  const std::string path = exchange.query("file");
  if (files.denied(path))
    return answerFailure(exchange, host_, Error{PINION_E_DENIED, "the denylist names the file", EACCES});
  const auto length = readLength(exchange);
  if (!length) return exchange.error(400, "Missing Content-Length");
  const auto before = files.stat(path);
  if (before && before->type == PINION_FILE_DIRECTORY)
    return exchange.error(400, "Cannot write file, name conflicts with an existing directory by the same name.");
  if (before && before->type == PINION_FILE_LINK) return answerFailure(exchange, host_, badPath());
  if (before && before->type != PINION_FILE_REGULAR) return exchange.error(400, "Cannot open files of this type.");
  if (!before && before.error().detail != ENOENT) return answerFailure(exchange, host_, before.error());

  const std::int64_t old = before ? before->bytes : 0;
  const auto written = before && *length > kKeptUntilWhole ? writeInPlace(exchange, files, path, old, *length)
                                                           : writeWhole(exchange, files, path, old, *length);
  if (!written) return answerFailure(exchange, host_, written.error());
  // A file that was there may be another's: from the first edit on it is the owner's.
  if (const auto owned = files.setOwner(path); before && !owned) return answerFailure(exchange, host_, owned.error());
  exchange.answer(204);
}

} // namespace pinion::files
