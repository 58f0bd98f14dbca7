#include "pulls.hpp"

#include "answers.hpp"
#include "go_text.hpp"
#include "multipart.hpp"
#include "spool.hpp"
#include "url.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace pinion::files {

namespace {

constexpr std::size_t kPiece = 128 * 1024;
constexpr uint32_t kLongestWait = 60'000; // ms until a pull looks again whether it is its turn

// A failure outside this machine: its errno says nothing about the server's files.
Error outside(Error error) {
  error.detail = 0;
  if (error.code != PINION_E_CANCELLED) error.code = PINION_E_IO;
  return error;
}

std::int64_t lengthOf(const Fetch &fetch) {
  const std::string text = fetch.header("content-length").value_or("");
  std::int64_t out = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? out : -1;
}

std::string nameOf(const Pull &pull, const Fetch &fetch) {
  if (pull.use_header)
    if (const auto header = fetch.header("content-disposition"))
      if (auto name = dispositionFileName(*header); name && !name->empty()) return std::move(*name);
  return !pull.file_name.empty() ? pull.file_name : urlFileName(fetch.url().empty() ? pull.url : fetch.url());
}

} // namespace

Result<std::string> Pull::run(const Host &host, const Files &files) {
  FetchRequest request;
  request.url = url;
  request.headers["User-Agent"] = "Pterodactyl Panel (https://pterodactyl.io)"; // servers out there may know it
  request.max_redirects = max_redirects;
  auto fetch = Fetch::open(host, request, cancel);
  if (!fetch) return outside(fetch.error());
  if (fetch->status() != 200)
    return Error{PINION_E_IO, "the other host answered with status " + std::to_string(fetch->status())};
  const std::int64_t length = lengthOf(*fetch);
  if (length < 1) return Error{PINION_E_IO, "the other host does not say how many bytes come"};
  const std::string name = nameOf(*this, *fetch);
  const std::string path = joinPath(folder, name);
  if (name.empty() || isRoot(path)) return badPath();
  if (files.denied(path)) return Error{PINION_E_DENIED, "the denylist names \"" + path + "\"", EACCES};
  const auto before = files.stat(path);
  if (before && before->type == PINION_FILE_DIRECTORY) return Error{PINION_E_INVALID, "a folder has this name", EISDIR};

  auto spool = Spool::open(files, before && before->type == PINION_FILE_REGULAR ? before->bytes : 0);
  if (!spool) return spool.error();
  if (auto fits = spool->expect(length); !fits) return fits.error();
  total = length;
  std::vector<char> piece(kPiece);
  for (;;) {
    const auto got = fetch->read(piece.data(), piece.size());
    if (!got) return outside(got.error());
    if (*got == 0) break;
    if (spool->size() + static_cast<std::int64_t>(*got) > length)
      return Error{PINION_E_IO, "the other host sent more than it said"};
    if (auto written = spool->write({piece.data(), *got}); !written) return written.error();
    done = spool->size();
  }
  if (spool->size() != length) return Error{PINION_E_IO, "the other host sent less than it said"};
  fetch->close();
  if (cancel.cancelled()) return Error{PINION_E_CANCELLED, "the download was cancelled"};
  if (auto placed = spool->place(path); !placed) return placed.error();
  return path;
}

bool Pulls::begin(const std::shared_ptr<Pull> &pull) {
  std::size_t count = 0;
  for (const auto &[id, one] : under_way_) count += one->server == pull->server ? 1 : 0;
  if (count >= kMostOfServer) return false;
  pull->id = newIdentifier();
  under_way_[pull->id] = pull;
  return true;
}

Task<bool> Pulls::turn(std::shared_ptr<Pull> pull) {
  while (!pull->cancel.cancelled()) {
    std::size_t &running = running_[pull->server];
    if (running < kMostOfServer) {
      ++running;
      pull->running = true;
      co_return true;
    }
    (void)co_await changed_.wait(host_, kLongestWait);
  }
  co_return false;
}

void Pulls::end(const std::shared_ptr<Pull> &pull) {
  under_way_.erase(pull->id);
  if (std::exchange(pull->running, false) && --running_[pull->server] == 0) running_.erase(pull->server);
  changed_.notify();
}

void Pulls::cancel(const std::string &server, const std::string &id) {
  const auto found = under_way_.find(id);
  if (found == under_way_.end() || found->second->server != server) return;
  found->second->cancel.cancel();
  under_way_.erase(found);
  changed_.notify();
}

void Pulls::cancelAll(const std::string &server) {
  std::erase_if(under_way_, [&](const auto &entry) {
    if (entry.second->server != server) return false;
    entry.second->cancel.cancel();
    return true;
  });
  changed_.notify();
}

void Pulls::stop() {
  for (const auto &[id, pull] : under_way_) pull->cancel.cancel();
  under_way_.clear();
  changed_.notify();
}

std::string Pulls::list(const std::string &server) const {
  Json downloads; // null
  for (const auto &[id, pull] : under_way_) {
    if (pull->server != server) continue;
    const auto total = pull->total.load();
    const double progress = total > 0 ? static_cast<double>(pull->done.load()) / static_cast<double>(total) : 0.0;
    Json one = {{"Identifier", id}};
    if (progress == 0 || progress == 1) // as Go writes whole numbers
      one["Progress"] = static_cast<int>(progress);
    else
      one["Progress"] = progress;
    downloads.push_back(std::move(one));
  }
  return Json{{"downloads", downloads}}.dump();
}

std::string newIdentifier() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the system gives no random bytes");
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += "0123456789abcdef"[bytes[i] >> 4];
    out += "0123456789abcdef"[bytes[i] & 15];
  }
  return out;
}

} // namespace pinion::files
