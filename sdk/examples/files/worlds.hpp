// Worlds of game servers: which there are, one as an archive beside it, and a new one from another host.
#pragma once

#include <pinion/cpp/fetch.hpp>
#include <pinion/cpp/files.hpp>
#include <pinion/cpp/plugin.hpp>
#include <pinion/cpp/request_body.hpp>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

// [class]
class Worlds {
public:
  explicit Worlds(pinion::Host host) : host_(std::move(host)) {}
  pinion::Result<void> start();
  void stop() {}

private:
  pinion::Task<> list(pinion::Exchange exchange);
  pinion::Task<> pack(pinion::Exchange exchange);
  pinion::Task<> fetch(pinion::Exchange exchange);
  // On behalf of a user: the server's file denylist holds, and what is made belongs to the node's user.
  pinion::Files filesOf(const std::string &server) const { return {host_, server, PINION_FILES_OWNER}; }
  void answer(pinion::Exchange &exchange, const pinion::Error &error) const;

  pinion::Host host_;
  pinion::FetchCancel downloads_; // one for all of them: they end together
  pinion::Handle stopping_;
};
// [class]

// [start]
inline pinion::Result<void> Worlds::start() {
  using Coroutine = pinion::Task<> (Worlds::*)(pinion::Exchange);
  const std::pair<const char *, Coroutine> routes[] = {
      {"GET", &Worlds::list}, {"POST", &Worlds::pack}, {"PUT", &Worlds::fetch}};
  for (const auto &[method, coroutine] : routes)
    if (auto added =
            host_.route(method, "/api/servers/:server/worlds", "node", PINION_ROUTE_LANE,
                        [this, run = coroutine](pinion::Exchange e) { host_.spawn((this->*run)(std::move(e))); });
        !added)
      return added;
  // The daemon waits for long work before it calls stop(): who waits for another host lets go now.
  auto stopping = host_.subscribe("daemon.stopping", PINION_POLICY_ALL, [this](const auto &) { downloads_.cancel(); });
  if (!stopping) return stopping.error();
  stopping_ = std::move(*stopping);
  return {};
}
// [start]

// [list]
inline pinion::Task<> Worlds::list(pinion::Exchange exchange) {
  const auto look = [files = filesOf(exchange.server())]() -> pinion::Result<pinion::Json> { // [pool]
    pinion::Json names = pinion::Json::array();
    const auto each = [&](const pinion_file_info &one) {
      if (one.type == PINION_FILE_DIRECTORY) names.push_back(pinion::validUtf8(one.name)); // a name may be any bytes
      return true;
    };
    if (auto listed = files.entries("/", each); !listed) return listed.error();
    return names;
  };
  const auto names = co_await host_.run(look);
  if (names)
    exchange.answer(200, names->dump());
  else
    answer(exchange, names.error());
}
// [list]

// [pack]
inline pinion::Task<> Worlds::pack(pinion::Exchange exchange) {
  const std::string server = exchange.server(), world = exchange.query("name");
  const pinion::Files files = filesOf(server);
  const auto create = [files]() -> pinion::Result<std::shared_ptr<pinion::Fd>> {
    auto file = files.open("/", PINION_OPEN_WRITE | PINION_OPEN_UNNAMED, 0644); // nobody sees a half-made archive
    if (!file) return file.error();
    return std::make_shared<pinion::Fd>(std::move(*file));
  };
  const auto archive = co_await host_.run(create);
  if (!archive) co_return answer(exchange, archive.error());

  const pinion::Json options = {{"files", {world}}, {"format", "tar.gz"}, {"owner", true}};
  const auto told = [this, server](const pinion::Json &now) { // a few times a second, on the lane
    host_.debug("packing", {{"server", server}, {"bytes", now.value("bytes", int64_t{0})}});
  };
  const pinion::Answer packed = co_await host_.pack(server, (*archive)->get(), options, told);
  if (!packed) co_return answer(exchange, packed.error());

  const auto place = [files, archive = *archive, world,
                      bytes = pinion::Json::parse(*packed).at("bytes").get<int64_t>()]() -> pinion::Result<void> {
    if (auto fits = files.reserve(bytes); !fits) return fits.error();
    auto placed = files.place(*archive, "/" + world + ".tar.gz");
    if (!placed) (void)files.reserve(-bytes); // they were not needed
    return placed;
  };
  const auto placed = co_await host_.run(place);
  if (!placed) co_return answer(exchange, placed.error());
  exchange.answer(204);
}
// [pack]

// [fetch]
inline pinion::Task<> Worlds::fetch(pinion::Exchange exchange) {
  const pinion::Files files = filesOf(exchange.server());
  const auto download = [host = host_, files, cancel = downloads_, url = exchange.query("url"),
                         name = exchange.query("name")]() -> pinion::Result<void> { // [pool for long work]
    auto answer = pinion::Fetch::open(host, {.url = url, .max_redirects = 5}, cancel);
    if (!answer) return answer.error();
    if (answer->status() != 200) return pinion::Error{PINION_E_IO, "the other host has no such file"};
    auto file = files.open("/", PINION_OPEN_WRITE | PINION_OPEN_UNNAMED, 0644);
    if (!file) return file.error();
    int64_t counted = 0;
    const auto all = [&]() -> pinion::Result<void> {
      std::vector<char> piece(64 * 1024);
      for (;;) {
        const auto got = answer->read(piece.data(), piece.size());
        if (!got) return got.error(); // also when the answer is cut short
        if (*got == 0) return files.place(*file, name);
        if (auto fits = files.reserve(static_cast<int64_t>(*got)); !fits) return fits.error();
        counted += static_cast<int64_t>(*got);
        if (::write(file->get(), piece.data(), *got) != static_cast<ssize_t>(*got))
          return pinion::Error{PINION_E_IO, std::strerror(errno), errno};
      }
    };
    const auto done = all();
    if (!done) (void)files.reserve(-counted);
    return done;
  };
  const auto done = co_await host_.runLong(download);
  if (!done) co_return answer(exchange, done.error());
  exchange.answer(204);
}
// [fetch]

// [errors]
inline void Worlds::answer(pinion::Exchange &exchange, const pinion::Error &error) const {
  if (error.detail == EACCES) return exchange.error(403, "The server's denylist names this file.");
  if (error.code == PINION_E_FULL) return exchange.error(400, "The server's disk is full.");
  if (error.code == PINION_E_NOT_FOUND) return exchange.error(404, "There is no such world.");
  host_.warn("a world could not be dealt with", {{"error", pinion::validUtf8(error.text)}});
  exchange.error(502, "This did not work; the daemon's log says why.");
}
// [errors]
