// Sends files as answers' bodies, on a thread of its own: reading a cold disk blocks, and no io loop may. See
// docs/threads.md ("send-file").
//
// For the time of the body a connection's Stream belongs to this thread. Sends while the client reads, at most
// kFileTurn bytes before the next connection's turn; memory is one buffer for all, and only with TLS.
#pragma once

#include "base/guarded.hpp"
#include "http/stream.hpp"
#include "tasks/loop.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace pinion::core::http {

constexpr std::size_t kFileTurn = 1024 * 1024;
constexpr std::size_t kFileBlock = 128 * 1024; // read at once for TLS

struct FileBody {
  UniqueFd file;
  std::uint64_t offset = 0, length = 0;
};

class FileSender {
public:
  // [send-file] The stream again, or nothing when the connection is over (reset or gone). Must only post.
  using Done = std::function<void(std::optional<Stream>)>;
  using Id = std::uint64_t;

  explicit FileSender(std::chrono::milliseconds stall) : stall_(stall) {} // a client that takes nothing is closed
  ~FileSender() { stop(); }

  // [any] Begins; the thread starts with the first one. 0 when it cannot: the connection is reset.
  Id send(Stream stream, FileBody body, Done done);
  // [any] Ends the connection; `done` gets nothing.
  void cancel(Id id);
  // [any but send-file] Ends all, joins. Idempotent.
  void stop();

private:
  struct Transfer {
    Stream stream;
    FileBody body;
    Done done;
    Clock::time_point progress;
    std::uint32_t watched = 0;
  };
  enum class Step { waits, turn_over, complete, failed };
  struct Life {
    std::unique_ptr<Loop> loop;
    bool stopped = false;
  };

  // [send-file]
  void begin(Id id, Transfer transfer);
  void proceed(Id id);
  Step advance(Transfer &transfer);
  Step sendPlain(Transfer &transfer);
  Step sendThroughTls(Transfer &transfer);
  void watch(Transfer &transfer);
  void finish(Id id, bool complete);
  void tick();

  const std::chrono::milliseconds stall_;
  Guarded<Life> life_;
  std::atomic<Id> last_ = 0;
  Loop *loop_ = nullptr; // of life_, for its own thread
  std::unordered_map<Id, Transfer> transfers_;
  std::unique_ptr<std::array<char, kFileBlock>> block_; // while something is sent
  bool ticking_ = false;
};

} // namespace pinion::core::http
