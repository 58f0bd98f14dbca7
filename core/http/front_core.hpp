// What every connection of a front shares.
#pragma once

#include "base/guarded.hpp"
#include "http/client_ip.hpp"
#include "http/cors.hpp"
#include "http/file_sender.hpp"
#include "http/front.hpp"
#include "http/hub.hpp"
#include "http/router.hpp"
#include "http/shares.hpp"
#include "http/stream.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace pinion::core::http {

constexpr std::uint64_t kBodyRate = 8 * 1024; // bytes a second that a body must come with, after body_timeout

// Requests under way, so that stop() can wait for them.
class Underway {
public:
  void begin();
  void end();
  // False when some are left at `deadline`.
  bool waitForNone(Clock::time_point deadline);

private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

struct FrontCore {
  FrontCore(Pool &workers, Pool &long_workers, FrontOptions options, FrontHooks hooks);

  const FrontOptions options;
  const FrontHooks hooks;
  const Cors cors;
  const TrustedProxies proxies;
  Pool &workers;
  Shares long_transfers;                  // in the pool of long workers, by server
  std::vector<std::shared_ptr<Hub>> hubs; // one a loop; fixed before listen()
  Guarded<std::shared_ptr<const Router>> router;
  Guarded<TlsContext> tls; // null: plain
  ConnectionCount connections;
  FileSender files; // its streams hold slots of `connections`
  Underway requests, sockets;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> body_bytes = 0; // buffered for requests, all connections together
  std::atomic<std::uint64_t> last_socket = 0;

  [[nodiscard]] std::size_t bodyBudget() const { return 64 * options.max_buffered_body; }
  // A socket's id tells its hub.
  [[nodiscard]] std::uint64_t newSocketId(const Hub &hub) { return ++last_socket * 256 + hub.index(); }
  [[nodiscard]] Hub *hubOf(std::uint64_t socket) const;
};

// The loop thread's buffer for reading: connections own none.
std::array<char, 64 * 1024> &readBuffer();

} // namespace pinion::core::http
