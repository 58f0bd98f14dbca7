// One thread of the SFTP server with its connections. See docs/threads.md.
#pragma once

#include "connection.hpp"
#include "listener.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace sftp {

class Shard {
public:
  using Taker = std::function<void(Caller)>; // gets who was let in

  Shard(Service &service, int number);
  Shard(const Shard &) = delete;
  Shard &operator=(const Shard &) = delete;
  ~Shard(); // stops

  // [main, or another shard] Once. PINION_E_IO when the thread cannot be made.
  Result<void> start();
  // [any] Before or after start(). After stop() the function is forgotten.
  void post(std::function<void()> function);
  // Listens from its own thread, again and again until the address is free; gives callers to `taker`.
  void listen(Taker taker);
  void take(Caller caller);
  // [any] Connections of this user on these servers (empty: all) end.
  void end(const std::string &user, std::vector<std::string> servers, const char *why);
  // [main] Ends every connection and the thread.
  void stop();
  std::size_t connections() const { return count_; }
  bool started() const { return thread_.joinable(); }

private:
  using Clock = std::chrono::steady_clock;
  Result<void> prepare();
  void run();
  void acceptAll();
  void tryListening();
  void add(Caller caller);
  void work(std::uint64_t id);
  void look(Clock::time_point now);
  void drain();
  int waitMs(Clock::time_point now) const;
  void watch(int fd, std::uint64_t id, std::uint32_t events, bool fresh);

  Service &service_;
  const int number_;
  pinion::Fd epoll_, wake_, listener_;
  ssh_bind bind_ = nullptr;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::function<void()>> inbox_;
  bool stopped_ = false; // with mutex_
  std::atomic<std::size_t> count_{0};
  // The thread's own:
  struct Held {
    std::unique_ptr<Connection> connection;
    std::uint32_t watched = 0;
  };
  std::unordered_map<std::uint64_t, Held> connections_;
  std::vector<std::uint64_t> again_;
  Taker taker_;
  Clock::time_point look_at_ = Clock::time_point::max(), listen_at_ = Clock::time_point::max();
  bool told_of_listening_ = false, running_ = true;
};

} // namespace sftp
