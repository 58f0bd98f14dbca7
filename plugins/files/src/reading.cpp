#include "answers.hpp"
#include "content_type.hpp"
#include "entry_json.hpp"
#include "go_text.hpp"
#include "mime.hpp"
#include "plugin.hpp"
#include "search.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

namespace pinion::files {

namespace {

constexpr std::size_t kListedAtOnce = 256 * 1024; // bytes of a listing that are sent together
constexpr const char *kNoSuchKind = "Cannot open files of this type.";

// The first bytes of a file, as far as they go.
std::string_view firstBytes(const Fd &file, std::array<char, kSniffed> &buffer) {
  std::size_t have = 0;
  while (have < buffer.size()) {
    const ssize_t got = ::pread(file.get(), buffer.data() + have, buffer.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break; // what cannot be read is of no kind
    have += static_cast<std::size_t>(got);
  }
  return {buffer.data(), have};
}

struct Row {
  std::string name;
  pinion_file_info info;
};

} // namespace

Json attachment(std::string_view name) {
  return Json{{"Content-Disposition", "attachment; filename=" + quoted(name)},
              {"Content-Type", "application/octet-stream"}};
}

void sendFile(Exchange exchange, const Fd &file, std::int64_t size, Json headers) {
  headers["Content-Length"] = std::to_string(size);
  exchange.head(200, headers);
  if (size == 0) return exchange.finish();
  const auto sent = exchange.sendFile(file.get(), 0, static_cast<uint64_t>(size));
  if (sent || sent.error().code != PINION_E_UNSUPPORTED) return;
  // An older daemon: piece by piece.
  std::string piece(256 * 1024, '\0');
  for (std::int64_t at = 0; at < size;) {
    const auto wanted = std::min<std::int64_t>(size - at, static_cast<std::int64_t>(piece.size()));
    const ssize_t got = ::pread(file.get(), piece.data(), static_cast<std::size_t>(wanted), static_cast<off_t>(at));
    if (got <= 0 || !exchange.send(std::string_view(piece).substr(0, static_cast<std::size_t>(got)))) break;
    at += got;
  }
  exchange.finish(); // breaks off when it is short
}

template <typename Open> std::string FilesPlugin::mimeOfFile(const pinion_file_info &info, Open open) {
  if (info.bytes == 0) return mimeOf("");
  if (auto known = mimes_.find(info)) return std::move(*known);
  const Result<Fd> file = open();
  struct stat facts {};
  // Something else may stand there by now: only a regular file is read.
  if (!file || ::fstat(file->get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return "application/octet-stream";
  std::array<char, kSniffed> buffer;
  const std::string mime = mimeOf(firstBytes(*file, buffer));
  if (facts.st_ino == info.inode && facts.st_size == info.bytes) mimes_.keep(info, mime, std::time(nullptr));
  return mime;
}

void FilesPlugin::contents(Exchange exchange) {
  const Files files = filesOf(exchange.server());
  const std::string path = exchange.query("file");
  const auto info = files.stat(path);
  if (!info) return answerFailure(exchange, host_, info.error());
  if (info->type == PINION_FILE_LINK) return answerFailure(exchange, host_, badPath());
  if (info->type == PINION_FILE_DIRECTORY)
    return answerFailure(exchange, host_, Error{PINION_E_INVALID, "a folder has no contents to send", EISDIR});
  if (info->type != PINION_FILE_REGULAR) return exchange.error(400, kNoSuchKind);
  const auto file = files.open(path, PINION_OPEN_READ);
  if (!file) return answerFailure(exchange, host_, file.error());
  struct stat facts {};
  if (::fstat(file->get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return exchange.error(400, kNoSuchKind);
  std::array<char, kSniffed> buffer;
  const auto head = firstBytes(*file, buffer).substr(0, static_cast<std::size_t>(facts.st_size));
  Json headers = exchange.query("download").empty() ? Json::object() : attachment(baseName(cleanPath(path)));
  headers["X-Mime-Type"] = mimeOf(head);
  if (!headers.contains("Content-Type") && !head.empty()) headers["Content-Type"] = sniffContentType(head);
  sendFile(std::move(exchange), *file, facts.st_size, std::move(headers));
}

Result<void> FilesPlugin::listing(const Files &files, const std::string &folder, Exchange &exchange) {
  std::vector<Row> rows;
  const auto listed = files.entries(folder, [&](const pinion_file_info &info) {
    rows.push_back({info.name, info});
    return true;
  });
  if (!listed) return listed.error();
  std::sort(rows.begin(), rows.end(), [](const Row &a, const Row &b) {
    const bool a_folder = a.info.type == PINION_FILE_DIRECTORY, b_folder = b.info.type == PINION_FILE_DIRECTORY;
    return a_folder != b_folder ? a_folder : a.name < b.name;
  });
  std::optional<Fd> opened; // when the first file must be looked into
  std::string out = "[";
  out.reserve(std::min(rows.size() * 256, 2 * kListedAtOnce));
  bool headed = false;
  for (const auto &row : rows) {
    if (&row != rows.data()) out += ',';
    if (out.size() >= kListedAtOnce) {
      if (!headed) exchange.head(200, Json{{"Content-Type", "application/json; charset=utf-8"}});
      headed = true;
      if (!exchange.send(out)) break; // nobody reads on
      out.clear();
    }
    if (row.info.type != PINION_FILE_REGULAR) {
      appendEntry(out, row.info, row.name, mimeOfSpecial(row.info.type));
      continue;
    }
    const std::string mime = mimeOfFile(row.info, [&]() -> Result<Fd> {
      if (!opened) {
        auto made = files.open(folder, PINION_OPEN_READ | PINION_OPEN_DIRECTORY);
        if (!made) return made;
        opened = std::move(*made);
      }
      return files.openIn(*opened, row.name);
    });
    appendEntry(out, row.info, row.name, mime);
  }
  out += ']';
  if (headed)
    exchange.finish(out);
  else
    exchange.answer(200, out);
  return {};
}

void FilesPlugin::list(Exchange exchange) {
  const auto made = listing(Files(host_, exchange.server(), 0), exchange.query("directory"), exchange);
  if (made) return;
  if (made.error().detail == ENOENT || made.error().code == PINION_E_NOT_FOUND)
    return exchange.error(404, "The requested directory was not found on the server.");
  if (made.error().detail == ENOTDIR)
    return answerFailure(exchange, host_, Error{PINION_E_IO, "a file was to be listed: " + made.error().text, 0});
  answerFailure(exchange, host_, made.error());
}

Result<std::string> FilesPlugin::describe(const Files &files, const std::string &path, std::string_view mime) {
  const auto info = files.stat(path);
  if (!info) return info.error();
  std::string kind(mime);
  if (kind.empty())
    kind = info->type == PINION_FILE_REGULAR ? mimeOfFile(*info, [&] { return files.open(path, PINION_OPEN_READ); })
                                             : std::string(mimeOfSpecial(info->type));
  std::string out;
  appendEntry(out, *info, baseName(path), kind);
  return out;
}

void FilesPlugin::search(Exchange exchange) {
  const std::string pattern = exchange.query("pattern");
  if (pattern.size() < 3) return exchange.error(400, "Pattern must be at least 3 characters long");
  const Files files(host_, exchange.server(), 0);
  const Json depth = host_.node("/Search/max_recursion_depth");
  const std::string folder = exchange.query("directory");
  const auto found =
      searchFor(files, folder, pattern, depth.is_number_integer() ? depth.get<int>() : SearchLimits().depth);
  if (!found) return answerFailure(exchange, host_, found.error());
  // Names begin as the folder was named: "/d" or "d".
  const std::string before = folder.starts_with('/') && !isRoot(folder) ? "/" : "";
  std::string out = "[";
  for (const auto &one : *found) {
    if (out.size() > 1) out += ',';
    const bool regular = one.info.type == PINION_FILE_REGULAR;
    const std::string mime = regular ? mimeOfFile(one.info, [&] { return files.open(one.path, PINION_OPEN_READ); })
                                     : std::string(mimeOfSpecial(one.info.type));
    appendEntry(out, one.info, before + one.path, mime);
  }
  exchange.answer(200, out + ']');
}

} // namespace pinion::files
