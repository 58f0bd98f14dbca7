#include "outbound/socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace pinion::core::outbound {

namespace {

int millisecondsUntil(Instant deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<long>(left, 0, 3'600'000));
}

bool isAddress(const std::string &host) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::string tlsError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char *reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "the connection was closed";
}

} // namespace

StopSignal::StopSignal() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void StopSignal::raise() {
  raised_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one); // full: it is readable already
}

bool StopSignal::sleep(std::chrono::milliseconds time) const {
  const Instant end = std::chrono::steady_clock::now() + time;
  pollfd wait{event_.get(), POLLIN, 0};
  while (!raised()) {
    const int left = millisecondsUntil(end);
    if (left == 0) return true;
    ::poll(&wait, 1, left);
  }
  return false;
}

TlsContext::TlsContext(bool verify_peer)
    : context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), verify(verify_peer) {
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(context.get());
  SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

Result<void> waitFor(int fd, short events, Instant deadline, const StopSignal &stop) {
  std::array<pollfd, 2> both{pollfd{fd, events, 0}, pollfd{stop.fd(), POLLIN, 0}};
  for (;;) {
    if (stop.raised()) return Error{Code::stopping, "the daemon is stopping"};
    const int left = millisecondsUntil(deadline);
    if (left == 0) return Error{Code::timeout, "it did not answer in time"};
    if (::poll(both.data(), both.size(), left) < 0 && errno != EINTR)
      return Error{Code::io, std::string("poll: ") + std::strerror(errno)};
    if (both[0].revents != 0) return {};
  }
}

Socket::Socket(UniqueFd fd, const StopSignal &stop) : StreamSocketImpl(fd.release()), stop_(stop) {}

Socket::~Socket() = default;

void Socket::waitOrThrow(short events) {
  const auto ready = waitFor(sockfd(), events, deadline_, stop_);
  if (ready) return;
  if (ready.error().code == Code::timeout) throw Poco::TimeoutException(ready.error().text);
  throw Poco::IOException(ready.error().text);
}

bool Socket::retry(int outcome) {
  switch (SSL_get_error(ssl_.get(), outcome)) {
  case SSL_ERROR_WANT_READ: waitOrThrow(POLLIN); return true;
  case SSL_ERROR_WANT_WRITE: waitOrThrow(POLLOUT); return true;
  case SSL_ERROR_ZERO_RETURN: return false;
  default: throw Poco::Net::ConnectionResetException("TLS: " + tlsError());
  }
}

Result<void> Socket::startTls(const TlsContext &tls, const std::string &host) {
  ssl_.reset(SSL_new(tls.context.get()));
  if (isAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    SSL_set1_host(ssl_.get(), host.c_str());
  }
  SSL_set_fd(ssl_.get(), sockfd());
  try {
    for (;;) {
      const int outcome = SSL_connect(ssl_.get());
      if (outcome == 1) return {};
      const long verified = SSL_get_verify_result(ssl_.get());
      if (tls.verify && verified != X509_V_OK)
        return Error{Code::io,
                     std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verified)};
      if (!retry(outcome)) return Error{Code::io, "it closed the connection before TLS was agreed on"};
    }
  } catch (const Poco::TimeoutException &) {
    return Error{Code::timeout, "it did not answer in time"};
  } catch (const Poco::Exception &failed) {
    return Error{stop_.raised() ? Code::stopping : Code::io, failed.message()};
  }
}

bool Socket::isStale() const {
  pollfd look{sockfd(), POLLIN, 0};
  return ::poll(&look, 1, 0) != 0;
}

int Socket::receiveBytes(void *buffer, int length, int) {
  for (;;) {
    if (ssl_) {
      const int count = SSL_read(ssl_.get(), buffer, length);
      if (count > 0) return count;
      if (!retry(count)) return 0;
      continue;
    }
    const auto count = ::recv(sockfd(), buffer, static_cast<std::size_t>(length), 0);
    if (count >= 0) return static_cast<int>(count);
    if (errno == EAGAIN)
      waitOrThrow(POLLIN);
    else if (errno != EINTR)
      throw Poco::Net::ConnectionResetException(std::strerror(errno));
  }
}

int Socket::sendBytes(const void *buffer, int length, int) {
  const char *bytes = static_cast<const char *>(buffer);
  int sent = 0;
  while (sent < length) {
    if (ssl_) {
      const int count = SSL_write(ssl_.get(), bytes + sent, length - sent);
      if (count > 0)
        sent += count;
      else if (!retry(count))
        throw Poco::Net::ConnectionResetException("the connection was closed");
      continue;
    }
    const auto count = ::send(sockfd(), bytes + sent, static_cast<std::size_t>(length - sent), MSG_NOSIGNAL);
    if (count > 0)
      sent += static_cast<int>(count);
    else if (errno == EAGAIN)
      waitOrThrow(POLLOUT);
    else if (errno != EINTR)
      throw Poco::Net::ConnectionResetException(std::strerror(errno));
  }
  return sent;
}

void Socket::close() {
  ssl_.reset();
  StreamSocketImpl::close();
}

} // namespace pinion::core::outbound
