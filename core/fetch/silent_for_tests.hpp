// A host that does not answer. Only for *_test.cpp files.
#pragma once

#include "base/fd.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>

namespace pinion::core::testing {

// Takes connections, reads what comes, and never says a word.
class Silent {
public:
  explicit Silent(int backlog = 8) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto *where = reinterpret_cast<sockaddr *>(&address);
    REQUIRE(::bind(listener_.get(), where, size) == 0);
    REQUIRE(::listen(listener_.get(), backlog) == 0);
    REQUIRE(::getsockname(listener_.get(), where, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int port() const { return port_; }
  // Takes one connection and reads until what came ends with `end` (at least one byte); false after the deadline.
  bool hear(const std::string &end) {
    if (!ready(listener_.get())) return false;
    connection_ = UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string heard;
    char buffer[4096];
    while (heard.empty() || !heard.ends_with(end)) {
      if (!ready(connection_.get())) return false;
      const auto got = ::recv(connection_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      heard.append(buffer, static_cast<std::size_t>(got));
    }
    return true;
  }
  // Whether a connection waits to be taken.
  bool isAsked() const {
    pollfd one{listener_.get(), POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
  }
  // The other side has closed the connection.
  bool leftAlone() {
    char byte = 0;
    return ready(connection_.get()) && ::recv(connection_.get(), &byte, 1, 0) <= 0;
  }

private:
  static bool ready(int fd) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1;
  }
  UniqueFd listener_, connection_;
  int port_ = 0;
};

} // namespace pinion::core::testing
