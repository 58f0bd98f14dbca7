// The socket below Poco's HTTP client: every read and write ends at one deadline, or when the client is stopped.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <Poco/Net/StreamSocketImpl.h>

#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace pinion::core::outbound {

using Instant = std::chrono::steady_clock::time_point;

// Wakes whoever waits on a socket of the client, for good. Thread-safe.
class StopSignal {
public:
  StopSignal();
  void raise();
  [[nodiscard]] bool raised() const { return raised_.load(); }
  [[nodiscard]] int fd() const { return event_.get(); } // readable once raised
  // Returns early, and false, when stopped.
  [[nodiscard]] bool sleep(std::chrono::milliseconds time) const;

private:
  UniqueFd event_;
  std::atomic<bool> raised_{false};
};

struct TlsContext {
  explicit TlsContext(bool verify); // system roots, TLS 1.2 and newer
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context;
  bool verify;
};

// Waits until `fd` is ready for `events` (POLLIN, POLLOUT). Code::timeout, Code::stopping.
Result<void> waitFor(int fd, short events, Instant deadline, const StopSignal &stop);

// Used by one thread at a time. Throws Poco exceptions, as Poco's streams expect.
class Socket : public Poco::Net::StreamSocketImpl {
public:
  Socket(UniqueFd fd, const StopSignal &stop); // connected and non-blocking

  void setDeadline(Instant deadline) { deadline_ = deadline; }
  // Code::io: the certificate is not trusted or not for `host`, or the peer speaks no TLS.
  Result<void> startTls(const TlsContext &tls, const std::string &host);
  // Whether the peer closed or sent something unasked, so that the connection must not be used again.
  [[nodiscard]] bool isStale() const;

  int receiveBytes(void *buffer, int length, int flags = 0) override;
  int sendBytes(const void *buffer, int length, int flags = 0) override;
  void close() override;
  [[nodiscard]] bool secure() const override { return static_cast<bool>(ssl_); }

protected:
  ~Socket() override;

private:
  void waitOrThrow(short events);
  bool retry(int outcome); // after an SSL call: waits; false: the peer is gone

  const StopSignal &stop_;
  Instant deadline_{};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
};

} // namespace pinion::core::outbound
