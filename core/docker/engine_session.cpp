#include "docker/engine_session.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Timespan.h>
#include <Poco/URI.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace pinion::core {

namespace {

std::chrono::milliseconds remaining(Moment deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

Poco::Timespan timespan(Moment deadline) {
  // Zero would mean "for ever".
  return Poco::Timespan(std::max<Poco::Timespan::TimeDiff>(remaining(deadline).count(), 1) * 1000);
}

UniqueFd dialUnix(const std::string &path, Moment deadline) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) throw Poco::Net::NetException("the socket's path is too long");
  std::memcpy(name.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw Poco::Net::NetException(std::strerror(errno));
  // A unix connect waits only while the listener's backlog is full, and then as long as the send timeout says.
  const auto left = std::max(remaining(deadline), std::chrono::milliseconds(1));
  const timeval limit{left.count() / 1000, (left.count() % 1000) * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  while (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&name), sizeof name) != 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) throw Poco::TimeoutException("connecting");
    throw Poco::Net::NetException(std::strerror(errno));
  }
  const timeval none{};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
  return fd;
}

UniqueFd dialTcp(const std::string &host, std::uint16_t port, Moment deadline) {
  const Poco::Net::SocketAddress name(host, port);
  UniqueFd fd(::socket(name.af(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw Poco::Net::NetException(std::strerror(errno));
  if (::connect(fd.get(), name.addr(), name.length()) != 0) {
    if (errno != EINPROGRESS) throw Poco::Net::NetException(std::strerror(errno));
    pollfd wait{fd.get(), POLLOUT, 0};
    if (::poll(&wait, 1, static_cast<int>(remaining(deadline).count())) <= 0)
      throw Poco::TimeoutException("connecting");
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) throw Poco::Net::NetException(std::strerror(error));
  }
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

} // namespace

std::string EngineAddress::text() const {
  return unix_socket ? "unix://" + path : "tcp://" + host + ":" + std::to_string(port);
}

Result<EngineAddress> parseEngineAddress(const std::string &text) {
  EngineAddress out;
  const std::string prefix = "unix://";
  if (text.rfind(prefix, 0) == 0) {
    out.path = text.substr(prefix.size());
    if (out.path.empty() || out.path.front() != '/')
      return Error{Code::invalid, "DOCKER_HOST \"" + text + "\" needs an absolute path after unix://"};
    return out;
  }
  try {
    const Poco::URI uri(text);
    const std::string &scheme = uri.getScheme();
    if (scheme != "tcp" && scheme != "http" && scheme != "https")
      return Error{Code::invalid, "DOCKER_HOST \"" + text + "\" must begin with unix:// or tcp://"};
    out.unix_socket = false;
    out.host = uri.getHost();
    out.port = uri.getPort() != 0 ? uri.getPort() : 2375;
    if (out.host.empty()) return Error{Code::invalid, "DOCKER_HOST \"" + text + "\" names no host"};
    return out;
  } catch (const Poco::Exception &problem) {
    return Error{Code::invalid, "DOCKER_HOST \"" + text + "\" is no address: " + problem.displayText()};
  }
}

UniqueFd dialEngine(const EngineAddress &address, Moment deadline) {
  return address.unix_socket ? dialUnix(address.path, deadline) : dialTcp(address.host, address.port, deadline);
}

TimedSocket::TimedSocket(int fd) : StreamSocketImpl(fd) {}

void TimedSocket::await(short events) {
  pollfd wait{sockfd(), events, 0};
  while (true) {
    const auto left = remaining(deadline_);
    const int ready = ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1 << 30)));
    if (ready > 0) return;
    if (ready == 0) throw Poco::TimeoutException("no answer");
    if (errno != EINTR) throw Poco::Net::NetException(std::strerror(errno));
  }
}

int TimedSocket::receiveBytes(void *buffer, int length, int flags) {
  await(POLLIN);
  return StreamSocketImpl::receiveBytes(buffer, length, flags);
}

int TimedSocket::sendBytes(const void *buffer, int length, int flags) {
  // All or an exception: Poco's writers do not go on after a short send.
  const auto *bytes = static_cast<const char *>(buffer);
  int sent = 0;
  while (sent < length) {
    await(POLLOUT);
    const auto n =
        ::send(sockfd(), bytes + sent, static_cast<std::size_t>(length - sent), flags | MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
      sent += static_cast<int>(n);
    else if (errno != EAGAIN && errno != EINTR)
      throw Poco::Net::ConnectionResetException(std::strerror(errno));
  }
  return sent;
}

EngineSession::EngineSession(const EngineAddress &address, const Poco::Net::Context::Ptr &tls, Moment deadline) {
  UniqueFd fd = dialEngine(address, deadline);
  fd_ = fd.get();
  if (tls) {
    const Poco::Net::StreamSocket plain(new Poco::Net::StreamSocketImpl(fd.release()));
    auto secure = Poco::Net::SecureStreamSocket::attach(plain, address.host, tls);
    session_ = std::make_unique<Poco::Net::HTTPSClientSession>(secure);
  } else {
    timed_ = new TimedSocket(fd.release());
    session_ = std::make_unique<Poco::Net::HTTPClientSession>(Poco::Net::StreamSocket(timed_));
  }
  session_->setKeepAlive(true);
  session_->setKeepAliveTimeout(Poco::Timespan(3600, 0)); // fresh() tells whether it is still good
  until(deadline);
}

void EngineSession::until(Moment deadline) {
  if (timed_ != nullptr) {
    timed_->until(deadline);
    return;
  }
  session_->socket().setReceiveTimeout(timespan(deadline)); // TLS: a bound for each read, not for all of them
  session_->socket().setSendTimeout(timespan(deadline));
}

bool EngineSession::fresh() const {
  pollfd look{fd_, POLLIN | POLLRDHUP, 0};
  return ::poll(&look, 1, 0) == 0;
}

} // namespace pinion::core
