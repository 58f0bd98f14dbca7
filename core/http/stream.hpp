// One accepted connection's bytes, plain or TLS, never blocking. [loop thread] only.
#pragma once

#include "base/fd.hpp"
#include "http/tls.hpp"

#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

namespace pinion::core::http {

// Counts open connections; each Stream holds one slot.
class ConnectionCount {
public:
  struct Release {
    void operator()(ConnectionCount *count) const { count->release(); }
  };
  using Slot = std::unique_ptr<ConnectionCount, Release>; // must not outlive the count
  Slot take();
  [[nodiscard]] std::size_t open() const { return open_.load(); }
  // Before the first take(): called [any] when a connection has gone.
  void onRelease(std::function<void()> released) { released_ = std::move(released); }

private:
  void release();
  std::atomic<std::size_t> open_ = 0;
  std::function<void()> released_;
};

class Stream {
public:
  enum class Io { ok, again, end, failed };

  Stream() = default;
  Stream(UniqueFd fd, const TlsContext &tls, ConnectionCount::Slot slot); // tls null: plain
  Stream(Stream &&) noexcept = default;
  Stream &operator=(Stream &&) noexcept = default;

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool isTls() const { return static_cast<bool>(ssl_); }
  Io read(char *buffer, std::size_t capacity, std::size_t &got);
  Io write(const iovec *parts, int count, std::size_t &wrote);
  // TLS has read more than was asked for; epoll does not tell of that.
  [[nodiscard]] bool hasPending() const { return ssl_ && SSL_pending(ssl_.get()) > 0; }
  // TLS may need the other direction first.
  [[nodiscard]] bool readNeedsWritable() const { return read_needs_writable_; }
  [[nodiscard]] bool writeNeedsReadable() const { return write_needs_readable_; }
  // No more will be sent; what was sent still arrives.
  void endWriting();
  // The connection ends with a reset, so that the peer does not take a cut-off answer for a whole one.
  void reset();

private:
  Io failed(int result, bool reading);

  ConnectionCount::Slot slot_;
  UniqueFd fd_;
  std::unique_ptr<SSL, void (*)(SSL *)> ssl_{nullptr, SSL_free};
  bool read_needs_writable_ = false;
  bool write_needs_readable_ = false;
};

} // namespace pinion::core::http
