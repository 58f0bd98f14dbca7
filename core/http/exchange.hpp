// One request and its answer, as the front gives it to a route's handler. See front.hpp for threads.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinion::core {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct SocketOptions {
  std::uint32_t max_wire_bytes = 4096;
  std::uint32_t max_message_bytes = 32768;
  std::uint32_t queue_bytes = 1u << 20;
  std::chrono::milliseconds write_timeout{60000};
};

enum class FrameKind : std::uint32_t { text = 1, binary = 2, closed = 8, dropped = 0x100 };
// [io thread] Must only enqueue. `closed` comes exactly once, last; `dropped` carries the decimal count of frames
// dropped.
using OnFrame = std::function<void(std::uint64_t socket, FrameKind kind, std::string data)>;

// Shared by the handler and whoever it hands the answer on to. Thread-safe; the first answer wins. When the last
// reference goes unanswered, the client gets 500.
class Exchange {
public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const std::string &method() const = 0;
  [[nodiscard]] virtual const std::string &path() const = 0; // decoded, without the query
  // pinion_routes_v1::field names: "path:NAME", "query:NAME", "header:NAME", "claim:NAME", "claims", "ip",
  // "request-id", "method", "path".
  [[nodiscard]] virtual std::optional<std::string> field(std::string_view name) const = 0;
  // Bytes of the body; 0 at the end; negative Code. Blocks only for routes with stream_body.
  virtual std::int64_t readBody(void *buffer, std::size_t capacity) = 0;
  virtual Code head(std::uint32_t status, const Headers &headers) = 0;
  virtual Code send(std::string_view bytes) = 0; // blocks for back-pressure, with a deadline
  virtual Code finish(std::string_view rest) = 0;
  // [any] After head() with Content-Length `length`: the body is that much of the file, and this the answer's end. The
  // descriptor stays the caller's. A file that has become shorter breaks the connection off.
  virtual Code sendFile(int file, std::uint64_t offset, std::uint64_t length) = 0;
  // No head yet: the contract's generic JSON error with request_id for `code` (http.md 1.4) or the given HTTP status.
  virtual Code fail(Code code, std::string_view text) = 0;
  [[nodiscard]] virtual bool cancelled() const = 0;
  // Handshake checks 3-6 of websocket.md 1; a failed one is answered here.
  virtual Result<std::uint64_t> accept(const SocketOptions &options, OnFrame on_frame) = 0;
};
using ExchangePtr = std::shared_ptr<Exchange>;

} // namespace pinion::core
