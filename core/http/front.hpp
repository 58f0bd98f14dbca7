// The HTTP front: accepts, speaks TLS, reads heads and small bodies without holding a thread, checks auth, limits and
// the server's existence, and only then runs a route's handler. Also carries WebSockets: framing, deflate, fan-out.
//
// Threads: sockets live on the io loops; handlers run where the route says (worker pool, long-transfer pool, or a lane
// given by `run`). A slow or idle connection holds no thread unless its route streams.
#pragma once

#include "base/guarded.hpp"
#include "http/exchange.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pinion::core {

enum class AuthKind { node, none, token };

struct Route {
  std::string method; // "GET"
  std::string path;   // "/api/servers/:server/power"
  AuthKind auth = AuthKind::node;
  std::string scope; // for AuthKind::token: "file-download", ...; token from ?token= or "Authorization: Bearer"
  bool stream_body = false;
  bool long_transfer = false;
  // Runs `job` where the handler belongs; false = refused (busy), answered 503. Null: the worker (or long) pool.
  std::function<bool(std::function<void()>)> run;
  std::function<void(ExchangePtr)> handler;
};

// What the front asks of the rest of the core. All [any], fast, never blocking.
struct FrontHooks {
  std::function<bool(std::string_view token)> node_token_matches; // constant time; false when none is configured
  std::function<bool(std::string_view uuid)> server_exists;
  // Claims JSON of a signed token of that purpose; the error's code decides the answer (http.md 7).
  std::function<Result<std::string>(std::string_view token, std::string_view scope)> verify_token;
  std::function<bool(std::string_view origin)> websocket_origin_allowed; // empty = header missing
};

struct FrontOptions {
  std::string host = "0.0.0.0";
  int port = 8080;
  bool tls = false;
  std::string certificate, key;
  std::string panel_origin;                 // default of Access-Control-Allow-Origin
  std::vector<std::string> allowed_origins; // for CORS
  bool allow_private_network = false;
  std::vector<std::string> trusted_proxies;
  std::size_t max_head = 64 * 1024;
  std::size_t max_buffered_body = 4 * 1024 * 1024;
  std::chrono::seconds head_timeout{15}, body_timeout{30}, idle_timeout{120};
  std::size_t max_connections = 10000;
};

class Front {
public:
  Front(LoopGroup &loops, Pool &workers, Pool &long_workers, FrontOptions options, FrontHooks hooks);
  ~Front();

  // Before listen() and after; Code::busy when taken. The id ends it through removeRoute (waits for running handlers).
  Result<std::uint64_t> addRoute(Route route);
  void removeRoute(std::uint64_t id);
  // The same without waiting: a handler that is running, or waits for its thread, runs on.
  void abandonRoute(std::uint64_t id);
  // Binds and serves; an error names host, port and reason.
  Result<void> listen();
  [[nodiscard]] int port() const; // the bound one
  // Reads certificate and key again; on an error the old ones stay.
  Result<void> reloadCertificate();

  // WebSockets. Socket ids are never reused.
  Code frame(std::uint64_t socket, std::uint32_t opcode, std::string_view message);
  void broadcast(const std::uint64_t *sockets, std::size_t count, std::uint32_t opcode, bool droppable,
                 std::string_view message);
  Code closeSocket(std::uint64_t socket, std::uint16_t code, std::string_view reason);

  // No new connections; sockets are closed with 1001; answers under way get `grace`. Idempotent.
  void stop(std::chrono::milliseconds grace);

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
