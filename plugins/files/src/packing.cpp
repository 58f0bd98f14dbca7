// Archives: made of files of a server, and unpacked among them. The archive service works; no thread waits for it.
#include "answers.hpp"
#include "go_text.hpp"
#include "plugin.hpp"
#include "spool.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace pinion::files {

namespace {

struct Format {
  std::string_view extension, short_extension, mime;
};

constexpr Format kFormats[] = {{"tar.gz", "tgz", "application/gzip"},
                               {"zip", "zip", "application/zip"},
                               {"tar.bz2", "tbz2", "application/x-bzip2"},
                               {"tar.xz", "txz", "application/x-xz"}};

struct Packing {
  std::string root, name, extension;
  std::vector<std::string> names;
};

// Asked for in any case, with or without the dot.
const Format &formatOf(const Packing &packing) {
  std::string wanted = packing.extension.substr(packing.extension.starts_with('.') ? 1 : 0);
  for (char &c : wanted) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const auto found = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format &format) {
    return format.extension == wanted || format.short_extension == wanted;
  });
  return found == std::end(kFormats) ? kFormats[0] : *found;
}

// Where the archive goes: the name asked for, or one with the time. What is there already is never replaced.
std::string archivePath(const Files &files, const Packing &packing) {
  std::string name = packing.name;
  if (name.empty()) {
    name = "archive-" + timeText(std::time(nullptr));
    std::erase(name, ':');
  }
  const std::string path = joinPath(packing.root, name + "." + std::string(formatOf(packing).extension));
  return files.stat(path) ? copyName(files, path) : path;
}

// The archive service has the name of the errno before its sentence.
Error withErrno(Error error) {
  const std::string name = error.text.substr(0, error.text.find(':'));
  for (int number = 1; number < 134 && error.detail == 0; ++number)
    if (const char *known = ::strerrorname_np(number); known != nullptr && name == known) error.detail = number;
  return error;
}

Error full() { return Error{PINION_E_FULL, "the server's disk limit leaves no room for the archive", EDQUOT}; }

} // namespace

Task<void> FilesPlugin::compress(Exchange exchange) {
  Packing packing;
  const bool good = readBody(exchange, [&](const RequestBody &body) {
    return body.read("root", packing.root) && body.read("files", packing.names) && body.read("name", packing.name) &&
           body.read("extension", packing.extension);
  });
  if (!good) co_return;
  if (packing.names.empty()) {
    exchange.error(422, "No files were passed through to be compressed.");
    co_return;
  }
  const std::string server = exchange.server();
  const Files files = filesOf(server);
  const auto prepare = [files]() -> Result<std::pair<Files::Usage, std::shared_ptr<Spool>>> {
    const auto usage = files.usage(false);
    if (!usage) return usage.error();
    if (!usage->fits(0)) return std::pair(*usage, std::shared_ptr<Spool>());
    auto spool = Spool::open(files, 0);
    if (!spool) return spool.error();
    return std::pair(*usage, std::make_shared<Spool>(std::move(*spool)));
  };
  const auto prepared = co_await host_.run(prepare);
  if (!prepared) {
    answerFailure(exchange, host_, prepared.error());
    co_return;
  }
  const auto &[usage, spool] = *prepared;
  if (!spool) {
    exchange.error(409, "This server does not have enough available disk space to generate a compressed archive.");
    co_return;
  }
  // Names are joined to the folder as paths are, so that none climbs out of the server's.
  Json names = Json::array();
  for (const auto &name : packing.names) names.push_back(cleanPath(name));
  Json options = {{"root", packing.root.empty() ? "/" : packing.root},
                  {"files", std::move(names)},
                  {"format", formatOf(packing).extension},
                  {"owner", true}};
  // An archive of exactly what is left fits; 0 would be no limit.
  if (usage.limit > 0) options["limit"] = std::max<std::int64_t>(usage.limit - usage.bytes, 1);
  const Answer packed = co_await host_.pack(server, spool->fd(), std::move(options));
  if (!packed) {
    const Error error = packed.error().code == PINION_E_FULL ? full() : withErrno(packed.error());
    answerFailure(exchange, host_, error);
    co_return;
  }
  // The classic daemon's name for what it makes unasked; the newer one's for what is asked for.
  const std::string mime(packing.name.empty() && packing.extension.empty() ? "application/tar+gzip"
                                                                           : formatOf(packing).mime);
  const auto place = [this, files, packing, spool = spool, mime]() -> Result<std::string> {
    if (auto counted = spool->adopt(); !counted) return counted.error();
    const std::string path = archivePath(files, packing);
    if (auto placed = spool->place(path); !placed) return placed.error();
    return describe(files, path, mime);
  };
  const auto described = co_await host_.run(place);
  if (described)
    exchange.answer(200, *described);
  else
    answerFailure(exchange, host_, described.error());
}

Task<void> FilesPlugin::decompress(Exchange exchange) {
  std::string root, name;
  if (!readBody(exchange, [&](const RequestBody &body) { return body.read("root", root) && body.read("file", name); }))
    co_return;
  const std::string server = exchange.server();
  const Files files = filesOf(server);
  const auto open = [files, path = joinPath(root, name)]() -> Result<std::shared_ptr<Fd>> {
    const auto info = files.stat(path);
    if (!info) return info.error();
    if (info->type != PINION_FILE_REGULAR) return badPath();
    auto file = files.open(path, PINION_OPEN_READ);
    if (!file) return file.error();
    return std::make_shared<Fd>(std::move(*file));
  };
  const auto archive = co_await host_.run(open);
  if (!archive) {
    answerFailure(exchange, host_, archive.error());
    co_return;
  }
  Json options = {{"root", root.empty() ? "/" : root}, {"name", std::string(baseName(name))}, {"owner", true}};
  const Answer unpacked = co_await host_.unpack(server, (*archive)->get(), std::move(options));
  if (unpacked) {
    exchange.answer(204);
    co_return;
  }
  const Error error = withErrno(unpacked.error());
  if (error.detail == EPROTONOSUPPORT || (error.code == PINION_E_INVALID && error.detail == 0))
    exchange.error(400, "The archive provided is in a format Wings does not understand.");
  else if (error.detail == ETXTBSY)
    exchange.error(400, "One or more files this archive is attempting to overwrite are currently in use by another "
                        "process. Please try again.");
  else
    answerFailure(exchange, host_, error);
}

} // namespace pinion::files
