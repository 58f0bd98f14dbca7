#include "http/acceptor.hpp"

#include "http/connection.hpp"
#include "log/log.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace pinion::core::http {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kPauseOnError{100}; // out of descriptors or memory: try again, do not spin

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

std::string addressText(const sockaddr_storage &address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in &>(address).sin_addr, text.data(), text.size());
  } else {
    const auto &six = reinterpret_cast<const sockaddr_in6 &>(address).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&six))
      inet_ntop(AF_INET, six.s6_addr + 12, text.data(), text.size());
    else
      inet_ntop(AF_INET6, &six, text.data(), text.size());
  }
  return text.data();
}

Result<UniqueFd> bindTo(const addrinfo &address) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Error{Code::io, std::strerror(errno)};
  set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.ai_family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0 || ::listen(fd.get(), kBacklog) != 0)
    return Error{Code::io, std::strerror(errno)};
  return fd;
}

} // namespace

Result<void> Acceptor::listen(const std::string &host, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo *found = nullptr;
  const auto where = host + " port " + std::to_string(port);
  if (const int error =
          ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found))
    return Error{Code::invalid, "cannot listen on " + where + ": " + gai_strerror(error) + " (check api.host)"};
  const std::unique_ptr<addrinfo, void (*)(addrinfo *)> addresses(found, ::freeaddrinfo);
  std::string why = "no address";
  for (const auto *address = found; address != nullptr && !fd_; address = address->ai_next) {
    auto bound = bindTo(*address);
    if (bound)
      fd_ = std::move(*bound);
    else
      why = bound.error().text;
  }
  if (!fd_) return Error{Code::io, "cannot listen on " + where + ": " + why + " (check api.host and api.port)"};
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr *>(&local), &size);
  port_ = ntohs(local.ss_family == AF_INET ? reinterpret_cast<sockaddr_in &>(local).sin_port
                                           : reinterpret_cast<sockaddr_in6 &>(local).sin6_port);
  if (!front_->hubs.front()->post([self = shared_from_this()] { self->watch(true); }))
    return Error{Code::stopping, "cannot listen on " + where + ": the io loops have stopped"};
  return {};
}

void Acceptor::watch(bool on) {
  if (stopped_ || on == watched_) return;
  watched_ = on;
  auto &loop = front_->hubs.front()->loop();
  if (!on) {
    loop.remove(fd_.get());
    return;
  }
  try {
    loop.add(fd_.get(), EPOLLIN, [self = shared_from_this()](std::uint32_t) { self->acceptAll(); });
  } catch (const std::exception &error) {
    watched_ = false;
    log::error(std::string("the listener cannot be watched: ") + error.what());
    pauseFor(kPauseOnError);
  }
}

void Acceptor::pauseFor(Clock::duration time) {
  watch(false);
  front_->hubs.front()->loop().after(time, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->watch(true);
  });
}

void Acceptor::acceptAll() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (front_->connections.open() >= front_->options.max_connections) {
      // The kernel's backlog holds the next ones until one of ours has gone.
      full_ = true;
      watch(false);
      if (front_->connections.open() < front_->options.max_connections) resume(); // it went in this very moment
      return;
    }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    UniqueFd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr *>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
      log::warn(std::string("connections cannot be accepted: ") + std::strerror(errno) +
                " (raise the limit of files?)");
      pauseFor(kPauseOnError);
      return;
    }
    adopt(std::move(fd), addressText(peer));
  }
}

void Acceptor::adopt(UniqueFd fd, std::string peer) {
  set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  // Vanished peers are found by the kernel: the protocol has no pings of ours.
  set(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, 4);
  const auto hub = front_->hubs[next_++ % front_->hubs.size()];
  const auto tls = front_->tls.with([](const TlsContext &context) { return context; });
  const auto connection = std::make_shared<Connection>(
      front_, hub, Stream(std::move(fd), tls, front_->connections.take()), std::move(peer));
  (void)hub->post([connection] { connection->start(); }); // refused: it is closed with the last reference
}

void Acceptor::resume() {
  if (!full_.exchange(false)) return;
  front_->hubs.front()->post([self = shared_from_this()] { self->watch(true); });
}

void Acceptor::stop() {
  watch(false);
  stopped_ = true;
  fd_.reset();
}

} // namespace pinion::core::http
