// The Docker Engine API over Poco HTTP on a unix socket or tcp (DOCKER_HOST). One request a call; see
// response_stream.hpp and attachment.hpp for what streams.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pinion::core {

struct EngineAnswer {
  int status = 0;
  std::string body;
};

// Thread-safe; a small pool of kept connections. Calls block with a deadline: [pool].
class Engine {
public:
  // `address`: "unix:///var/run/docker.sock" or "tcp://host:port" (with DOCKER_TLS_VERIFY/DOCKER_CERT_PATH: TLS).
  explicit Engine(const std::string &address);
  ~Engine();
  static std::string addressFromEnvironment();

  // `path` without version prefix, e.g. "/containers/ID/json". The API version is negotiated once (HEAD /_ping).
  // Any HTTP status is an answer; Code::io / Code::timeout when there is none. The error names the engine's address.
  Result<EngineAnswer> request(const std::string &method, const std::string &path, const std::string &body,
                               std::chrono::milliseconds deadline, const std::string &registry_auth = {});
  // As request(), for bodies that stream (image pull): `on_line` gets each line; Code::cancelled when it returns false.
  Result<int> stream(const std::string &method, const std::string &path, std::chrono::milliseconds deadline,
                     const std::function<bool(std::string_view)> &on_line, const std::string &registry_auth = {});
  // As stream(), but the bytes as they come (container logs).
  Result<int> download(const std::string &path, std::chrono::milliseconds deadline,
                       const std::function<bool(std::string_view)> &on_bytes);
  struct Hijacked {
    UniqueFd fd;        // non-blocking, the caller's
    std::string prefix; // bytes that came with the response head
    int status = 0;     // 101 or 200 on success; else `prefix` holds the error body and fd is empty
  };
  // Attach, log, event and stats streams: the connection itself after the response head.
  Result<Hijacked> hijack(const std::string &method, const std::string &path, bool upgrade,
                          std::chrono::milliseconds deadline);
  // Sends a request as HTTP/1.0 (so that the body is never chunked and ends with the connection) and returns before the
  // answer: the descriptor is non-blocking and the caller's. For ResponseStream (response_stream.hpp).
  Result<UniqueFd> open(const std::string &method, const std::string &path, std::chrono::milliseconds deadline,
                        const std::string &registry_auth = {});
  [[nodiscard]] const std::string &address() const;
  void stop(); // wakes what waits; further calls are Code::stopping

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
