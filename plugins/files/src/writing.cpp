#include "answers.hpp"
#include "go_text.hpp"
#include "plugin.hpp"
#include "spool.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace pinion::files {

namespace {

constexpr std::int64_t kPiece = 256 * 1024;

std::optional<std::int64_t> readLength(const std::optional<std::string> &header) {
  if (!header) return std::nullopt;
  std::int64_t out = -1;
  const auto read = std::from_chars(header->data(), header->data() + header->size(), out);
  if (read.ec != std::errc() || read.ptr != header->data() + header->size() || out < 0) return std::nullopt;
  return out;
}

} // namespace

void FilesPlugin::write(Exchange exchange) {
  const auto length = readLength(exchange.field("header:Content-Length"));
  if (!length) return exchange.error(400, "Missing Content-Length");
  const Files files = filesOf(exchange.server());
  const std::string path = exchange.query("file");
  const auto before = files.stat(path);
  if (isRoot(path) || (before && before->type == PINION_FILE_DIRECTORY))
    return exchange.error(400, "Cannot write file, name conflicts with an existing directory by the same name.");
  if (before && before->type == PINION_FILE_LINK) return answerFailure(exchange, host_, badPath());
  if (before && before->type != PINION_FILE_REGULAR) return exchange.error(400, "Cannot open files of this type.");
  if (!before && before.error().detail != ENOENT) return answerFailure(exchange, host_, before.error());
  if (files.denied(path))
    return answerFailure(exchange, host_, Error{PINION_E_DENIED, "the denylist names the file", EACCES});

  auto spool = Spool::open(files, before ? before->bytes : 0);
  if (!spool) return answerFailure(exchange, host_, spool.error());
  if (const auto fits = spool->expect(*length); !fits) return answerFailure(exchange, host_, fits.error());
  std::string piece(static_cast<std::size_t>(std::clamp<std::int64_t>(*length, 1, kPiece)), '\0');
  while (spool->size() < *length) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(*length - spool->size(), kPiece));
    std::size_t have = 0; // whole pieces: one write for many small reads
    while (have < wanted) {
      const std::int64_t got = exchange.readBody(piece.data() + have, wanted - have);
      if (got <= 0) // the client has gone: the file stays as it was
        return answerFailure(exchange, host_, Error{PINION_E_CANCELLED, "the body broke off"});
      have += static_cast<std::size_t>(got);
    }
    const auto written = spool->write(std::string_view(piece).substr(0, have));
    if (!written) return answerFailure(exchange, host_, written.error());
  }
  if (const auto placed = spool->place(path); !placed) return answerFailure(exchange, host_, placed.error());
  exchange.answer(204);
}

} // namespace pinion::files
