// One connection to the Docker Engine: dialled with a deadline, and every read and write of it bounded by one.
// Internal to core/docker.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace pinion::core {

using Moment = std::chrono::steady_clock::time_point;

struct EngineAddress {
  bool unix_socket = true;
  std::string path; // of the unix socket
  std::string host;
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;
};
// "unix:///path", "tcp://host:port" (also http:// and https://). The error names what is wrong with it.
Result<EngineAddress> parseEngineAddress(const std::string &text);

// A connected socket, close-on-exec. Poco::TimeoutException or Poco::Net::NetException when there is none by
// `deadline`.
UniqueFd dialEngine(const EngineAddress &address, Moment deadline);

// A plain stream socket whose blocking calls all end at one moment, which each request sets anew.
class TimedSocket : public Poco::Net::StreamSocketImpl {
public:
  explicit TimedSocket(int fd);
  void until(Moment deadline) { deadline_ = deadline; }
  using StreamSocketImpl::receiveBytes;
  using StreamSocketImpl::sendBytes;
  int receiveBytes(void *buffer, int length, int flags) override;
  int sendBytes(const void *buffer, int length, int flags) override;

private:
  void await(short events);
  Moment deadline_{};
};

class EngineSession {
public:
  // Throws what dialEngine() throws. `tls` empty: plain.
  EngineSession(const EngineAddress &address, const Poco::Net::Context::Ptr &tls, Moment deadline);
  void until(Moment deadline);
  [[nodiscard]] int fd() const { return fd_; }
  // Nothing unexpected has come and the engine has not closed it: fit for another request.
  [[nodiscard]] bool fresh() const;
  Poco::Net::HTTPClientSession &http() { return *session_; }

private:
  TimedSocket *timed_ = nullptr; // owned by the session's socket
  int fd_ = -1;
  std::unique_ptr<Poco::Net::HTTPClientSession> session_;
};

} // namespace pinion::core
