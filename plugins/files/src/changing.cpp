// Renaming, copying, making folders, deleting, modes.
#include "answers.hpp"
#include "go_text.hpp"
#include "plugin.hpp"

#include <cerrno>
#include <charconv>
#include <ctime>

namespace pinion::files {

namespace {

// What goes on with the other files keeps the first failure for the answer.
void keepFirst(std::optional<Error> &first, const Result<void> &result) {
  if (!result && !first) first = result.error();
}

// Octal digits and nothing else.
std::optional<uint32_t> readMode(std::string_view text) {
  uint32_t mode = 0;
  if (text.empty() || text[0] == '-' || text[0] == '+') return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return mode & 07777;
}

} // namespace

void FilesPlugin::rename(Exchange exchange) {
  std::string root;
  std::vector<RequestBody> pairs;
  std::vector<std::pair<std::string, std::string>> wanted;
  const bool good = readBody(exchange, [&](const RequestBody &body) {
    if (!body.read("root", root) || !body.read("files", pairs)) return false;
    for (const auto &pair : pairs) {
      auto &[from, to] = wanted.emplace_back();
      if (!pair.read("from", from) || !pair.read("to", to)) return false;
    }
    return true;
  });
  if (!good) return;
  if (wanted.empty()) return exchange.error(422, "No files to move or rename were provided.");
  const Files files = filesOf(exchange.server());
  std::optional<Error> first;
  for (const auto &[from_name, to_name] : wanted) {
    const std::string from = joinPath(root, from_name), to = joinPath(root, to_name);
    if (cleanPath("/" + from) == cleanPath("/" + to)) continue;
    if (isRoot(from) || isRoot(to)) {
      keepFirst(first, badPath());
    } else if (const auto renamed = files.rename(from, to); !renamed && renamed.error().detail != ENOENT) {
      keepFirst(first, renamed);
    }
  }
  if (!first) return exchange.answer(204);
  if (first->detail == EEXIST) return exchange.error(400, "Cannot move or rename file, destination already exists.");
  answerFailure(exchange, host_, *first);
}

std::string copyName(const Files &files, const std::string &path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  std::string name = path.substr(folder.size()), ending(extension(name));
  name.resize(name.size() - ending.size());
  if (name.ends_with(".tar")) { // "x.tar.gz" has one ending
    ending = ".tar" + ending;
    name.resize(name.size() - 4);
  }
  constexpr int kTries = 50;
  for (int i = 0; i < kTries; ++i) {
    const std::string next = folder + name + (i == 0 ? " copy" : " copy " + std::to_string(i)) + ending;
    if (const auto taken = files.stat(next); !taken) return next; // or it cannot be made, as making it will tell
  }
  return folder + name + "copy." + timeText(std::time(nullptr)) + ending;
}

void FilesPlugin::copy(Exchange exchange) {
  std::string location;
  if (!readBody(exchange, [&](const RequestBody &body) { return body.read("location", location); })) return;
  const Files files = filesOf(exchange.server());
  const std::string path = cleanPath(location);
  if (files.denied(path)) // whether it is there or not
    return answerFailure(exchange, host_, Error{PINION_E_DENIED, "the denylist names the file", EACCES});
  const auto info = files.stat(path);
  if (!info) return answerFailure(exchange, host_, info.error());
  if (info->type != PINION_FILE_REGULAR) return answerFailure(exchange, host_, badPath());
  for (int tries = 0;; ++tries) { // another request may take the name between finding it and using it
    const auto copied = files.copy(path, copyName(files, path));
    if (copied) return exchange.answer(204);
    if (copied.error().detail != EEXIST || tries == 10) return answerFailure(exchange, host_, copied.error());
  }
}

void FilesPlugin::createDirectory(Exchange exchange) {
  std::string name, path;
  if (!readBody(exchange, [&](const RequestBody &body) { return body.read("name", name) && body.read("path", path); }))
    return;
  // Making folders is not a matter of the denylist, but of who owns what is made.
  const Files files = filesOf(exchange.server());
  const auto made = files.makeFolder(joinPath(path, name));
  if (made) return exchange.answer(204);
  if (made.error().detail == ENOTDIR)
    return exchange.error(400, "Part of the path being created is not a directory (ENOTDIR).");
  if (made.error().detail == EEXIST)
    return exchange.error(400, "Cannot create directory, name conflicts with an existing file by the same name.");
  answerFailure(exchange, host_, made.error());
}

void FilesPlugin::remove(Exchange exchange) {
  std::string root;
  std::vector<std::string> names;
  if (!readBody(exchange,
                [&](const RequestBody &body) { return body.read("root", root) && body.read("files", names); }))
    return;
  if (names.empty()) return exchange.error(422, "No files were specified for deletion.");
  const Files files = filesOf(exchange.server());
  std::optional<Error> first;
  for (const auto &name : names) {
    const std::string path = joinPath(root, name);
    if (isRoot(path)) {
      keepFirst(first, Error{PINION_E_INVALID, "the server's folder itself is not deleted"});
    } else if (const auto removed = files.remove(path); !removed && removed.error().detail != ENOENT) {
      keepFirst(first, removed);
    }
  }
  if (first) return answerFailure(exchange, host_, *first);
  exchange.answer(204);
}

void FilesPlugin::changeModes(Exchange exchange) {
  std::string root;
  std::vector<RequestBody> entries;
  std::vector<std::pair<std::string, std::string>> wanted; // file, mode
  const bool good = readBody(exchange, [&](const RequestBody &body) {
    if (!body.read("root", root) || !body.read("files", entries)) return false;
    for (const auto &entry : entries) {
      auto &[file, mode] = wanted.emplace_back();
      if (!entry.read("file", file) || !entry.read("mode", mode)) return false;
    }
    return true;
  });
  if (!good) return;
  if (wanted.empty()) return exchange.error(422, "No files to chmod were provided.");
  for (const auto &[file, mode] : wanted)
    if (!readMode(mode)) return exchange.error(400, "Invalid file mode.");
  const Files files = filesOf(exchange.server());
  std::optional<Error> first;
  for (const auto &[file, mode] : wanted)
    if (const auto changed = files.setMode(joinPath(root, file), *readMode(mode));
        !changed && changed.error().detail != ENOENT)
      keepFirst(first, changed);
  if (first) return answerFailure(exchange, host_, *first);
  exchange.answer(204);
}

} // namespace pinion::files
