// A scripted engine on a unix socket: what it answers, how slowly and how much of it is up to the test.
#pragma once

#include "base/fd.hpp"
#include "base/ids.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace pinion::core::testing {

class FakeEngine {
public:
  // Gets each request's head (and body) and the connection; false closes it.
  using Answer = std::function<bool(const std::string &request, int fd)>;

  explicit FakeEngine(Answer answer)
      : answer_(std::move(answer)), path_(std::filesystem::temp_directory_path() / (randomUuid() + ".sock")) {
    begin();
  }
  ~FakeEngine() { end(); }
  FakeEngine(const FakeEngine &) = delete;
  FakeEngine &operator=(const FakeEngine &) = delete;

  void begin() {
    ending_ = false;
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path_.c_str(), sizeof name.sun_path - 1);
    ::unlink(path_.c_str());
    if (::bind(listener_.get(), reinterpret_cast<sockaddr *>(&name), sizeof name) != 0 ||
        ::listen(listener_.get(), 64) != 0)
      throw std::runtime_error("the fake engine cannot listen");
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this] { accept(); });
  }
  void end() {
    ending_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    while (true) {
      std::vector<std::thread> ended;
      {
        const std::lock_guard lock(mutex_);
        for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
        ended.swap(threads_);
      }
      if (ended.empty()) break;
      for (auto &thread : ended) thread.join();
    }
    ::unlink(path_.c_str());
  }
  [[nodiscard]] std::string address() const { return "unix://" + path_.string(); }
  [[nodiscard]] int connections() const { return accepted_; }
  // Waits until the peer hangs up: for answers that never come.
  static void untilGone(int fd) {
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }
  }
  static void send(int fd, const std::string &text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const auto n = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  }
  static void reply(int fd, int status, const std::string &body, const std::string &fields = "") {
    send(fd, "HTTP/1.1 " + std::to_string(status) + " X\r\nApi-Version: 1.41\r\n" + fields +
                 "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

private:
  void accept() {
    while (!ending_) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++accepted_;
      const std::lock_guard lock(mutex_);
      connections_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string have;
    char piece[4096];
    for (bool open = true; open;) {
      const auto head = have.find("\r\n\r\n");
      if (head == std::string::npos) {
        const auto n = ::recv(fd, piece, sizeof piece, 0);
        if (n <= 0) break;
        have.append(piece, static_cast<std::size_t>(n));
        continue;
      }
      std::size_t length = head + 4;
      if (const auto at = have.find("Content-Length: "); at < head) length += std::stoul(have.substr(at + 16));
      while (have.size() < length) {
        const auto n = ::recv(fd, piece, sizeof piece, 0);
        if (n <= 0) break;
        have.append(piece, static_cast<std::size_t>(n));
      }
      const std::string request = have.substr(0, length);
      have.erase(0, length);
      open = answer_(request, fd);
    }
    const std::lock_guard lock(mutex_);
    connections_.erase(std::remove(connections_.begin(), connections_.end(), fd), connections_.end());
    ::close(fd);
  }

  Answer answer_;
  std::filesystem::path path_;
  UniqueFd listener_;
  std::atomic<bool> ending_{false};
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
};

} // namespace pinion::core::testing
