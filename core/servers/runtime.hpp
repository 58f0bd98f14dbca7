// What runs servers. Docker is the first runtime; plugins only see verbs (sdk/contracts/environment.v1.json).
#pragma once

#include "base/result.hpp"
#include "servers/registry.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace pinion::core {

class Runtime {
public:
  using Done = std::function<void(Result<std::string>)>; // JSON answer; called once, on any thread
  using ActId = std::uint64_t;
  virtual ~Runtime() = default;

  // [any] One step on the server's container. Never blocks; the deadline always ends it.
  virtual ActId act(const ServerPtr &server, const std::string &verb, const std::string &args,
                    std::chrono::milliseconds deadline, Done done) = 0;
  // [any] Its done gets Code::cancelled; what the runtime already began is undone where it can be (a run-once is
  // removed).
  virtual void cancel(ActId id) = 0;
  // [any] Bytes for the attached console.
  virtual Result<void> input(const ServerPtr &server, std::string bytes) = 0;
  // [pool] At boot: which of the servers' containers run (one request for all). Sets nothing.
  virtual Result<std::vector<ServerId>> running(std::chrono::milliseconds deadline) = 0;
  // [pool] Facts for /api/system: the engine's GET /info and /version as JSON: {"info":{...},"version":{...}}.
  virtual Result<std::string> describe(std::chrono::milliseconds deadline) = 0;
  // [pool] A read-only or prune request of /api/system/docker/*: "disk" or "image-prune". JSON as contract http.md 3.
  virtual Result<std::string> maintain(const std::string &what, std::chrono::milliseconds deadline) = 0;
  // [pool] Removes the server's containers (game and installer) with force; absent is success.
  virtual Result<void> destroy(const ServerId &id, std::chrono::milliseconds deadline) = 0;
};

} // namespace pinion::core
