#include "listener.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace sftp {

using pinion::Error;
using pinion::Fd;
using pinion::Result;

namespace {

constexpr int backlog = 128;
// A peer that is gone without a word is noticed after four minutes, one that takes nothing for two.
constexpr int keep_idle_s = 120, keep_every_s = 30, keep_tries = 4, unanswered_ms = 120'000;

void set(int fd, int level, int name, int value) {
  // None of them is needed for a connection to work.
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return;
}

} // namespace

Result<Fd> listenAt(const std::string &address, int port) {
  const std::string where = address + ":" + std::to_string(port);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo *found = nullptr;
  const int problem =
      ::getaddrinfo(address.empty() ? nullptr : address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (problem != 0)
    return Error{PINION_E_INVALID, "system.sftp.bind_address " + where + " is no address: " + ::gai_strerror(problem)};
  Fd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd) set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  const bool listens =
      fd && ::bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd.get(), backlog) == 0;
  const int reason = errno;
  ::freeaddrinfo(found);
  if (listens) return fd;
  return Error{PINION_E_IO, "the SFTP server cannot listen at " + where + ": " + std::strerror(reason), reason};
}

Result<std::optional<Caller>> acceptFrom(const Fd &listener) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  Fd fd(::accept4(listener.get(), reinterpret_cast<sockaddr *>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return Error{PINION_E_IO, std::string("no SFTP connection can be taken: ") + std::strerror(errno), errno};
    return std::optional<Caller>();
  }
  set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, keep_idle_s);
  set(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, keep_every_s);
  set(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, keep_tries);
  set(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, unanswered_ms);
  char text[INET6_ADDRSTRLEN] = "";
  Caller caller{std::move(fd), "", ""};
  if (peer.ss_family == AF_INET6) {
    const auto &six = reinterpret_cast<const sockaddr_in6 &>(peer);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr);
    if (mapped)
      ::inet_ntop(AF_INET, six.sin6_addr.s6_addr + 12, text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    caller.address = text;
    caller.full_address =
        (mapped ? caller.address : "[" + caller.address + "]") + ":" + std::to_string(ntohs(six.sin6_port));
  } else {
    const auto &four = reinterpret_cast<const sockaddr_in &>(peer);
    ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    caller.address = text;
    caller.full_address = caller.address + ":" + std::to_string(ntohs(four.sin_port));
  }
  return std::optional<Caller>(std::move(caller));
}

} // namespace sftp
