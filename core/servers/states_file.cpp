#include "servers/states_file.hpp"

#include "base/fd.hpp"
#include "servers/json_cursor.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace pinion::core {

namespace {

constexpr std::size_t max_size = 16 << 20; // a node of 1,000 servers writes 50 KB

Error failure(const std::string &path, const std::string &what) {
  return {Code::io, path + ": " + what + ": " + std::strerror(errno)};
}

} // namespace

Result<std::string> readStates(const std::string &path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!file) return failure(path, "cannot be opened");
  std::string text;
  char block[16384];
  for (;;) {
    const ssize_t got = ::read(file.get(), block, sizeof block);
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(path, "cannot be read");
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > max_size) return Error{Code::invalid, path + ": too large for a file of server states"};
  }
}

Result<std::map<ServerId, State>> decodeStates(const std::string &text) {
  std::map<ServerId, State> states;
  if (text.empty()) return states;
  JsonCursor json(text);
  json.object([&](std::string_view key) {
    if (json.kind() != JsonCursor::Kind::string) return;
    std::string word;
    json.read(word);
    const auto id = ServerId::parse(key);
    const auto state = parseState(word);
    if (id && state) states[*id] = *state;
  });
  json.finish();
  if (json.failed()) return Error{Code::invalid, json.error()};
  return states;
}

std::string encodeStates(const std::map<ServerId, State> &states) {
  std::string out = "{";
  for (const auto &[id, state] : states) {
    if (out.size() > 1) out += ',';
    out += '"' + id.text() + "\":\"" + name(state) + '"';
  }
  return out + "}";
}

Result<void> writeStates(const std::string &path, const std::string &text) {
  const std::string beside = path + ".tmp";
  {
    const UniqueFd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file) return failure(beside, "cannot be opened");
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t wrote = ::write(file.get(), text.data() + done, text.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failure(beside, "cannot be written");
      done += static_cast<std::size_t>(wrote);
    }
    // An earlier umask or owner must not make it unreadable for tools that watch it.
    if (::fchmod(file.get(), 0644) != 0 || ::fsync(file.get()) != 0) return failure(beside, "cannot be written");
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return failure(path, "cannot be replaced");
  return {};
}

} // namespace pinion::core
