// One SSH connection: key exchange, login, channels. Belongs to its shard's thread.
#pragma once

#include "channel.hpp"

#include <libssh/server.h>

namespace sftp {

class Connection {
public:
  using Clock = std::chrono::steady_clock;
  using Answer = std::function<void(std::uint64_t id, std::uint64_t number, Verdict)>; // [any], to told()

  // Owns `fd`. `address` is the peer's, `port` with it in `full_address`.
  Connection(Service &service, std::uint64_t id, int fd, std::string address, std::string full_address,
             Channel::Post post, std::function<void(std::uint64_t)> wake, Answer answer);
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;
  ~Connection();

  // Takes the socket over from `bind`'s point of view and begins the key exchange. False: it is of no use.
  bool begin(ssh_bind bind);
  // The socket is ready, or somebody woke this connection. True: there is more to do at once.
  bool work();
  // Deadlines; the next moment at which to look again.
  Clock::time_point look(Clock::time_point now);
  // When an answer that is held back is due; far away when there is none.
  Clock::time_point nextLook() const { return refused_ != nullptr ? answer_at_ : Clock::time_point::max(); }

  // What the Panel said about a login.
  void told(std::uint64_t number, Verdict verdict);

  int fd() const { return fd_; }
  std::uint32_t interest() const; // epoll's
  bool over() const { return over_; }
  void end(const char *why);
  // Of this user (all users when empty), on one of these servers (all when empty).
  bool isOf(const std::string &user, const std::vector<std::string> &servers) const;

private:
  struct Try { // a login that the Panel is asked about
    std::uint64_t number = 0;
    ssh_message message = nullptr;
    bool probe = false; // is the key good? it is not proven yet
    std::string user, key;
  };

  bool exchange(bool &more);
  void messages();
  void service(ssh_message message);
  void authenticate(ssh_message message);
  void ask(ssh_message message, bool key, bool probe, std::string user, std::string secret);
  void grant(Try attempt, Login login);
  void refuse(Try attempt, const std::string &why);
  void answerRefusal();
  ssh_channel openChannel();
  void sweep();

  Service &service_;
  const std::uint64_t id_;
  const int fd_;
  const std::string address_, full_address_;
  const Channel::Post post_;
  const std::function<void(std::uint64_t)> wake_;
  const Answer answer_;
  ssh_session session_ = nullptr;
  ssh_event event_ = nullptr;
  ssh_counter_struct counter_{};
  ssh_server_callbacks_struct callbacks_{};
  std::vector<std::shared_ptr<Channel>> channels_;
  std::optional<Login> login_;
  std::optional<Try> asking_;
  ssh_message refused_ = nullptr; // answered at answer_at_
  Clock::time_point answer_at_{};
  std::string known_key_; // user and key that the Panel said yes to
  std::optional<Login> known_login_;
  std::uint64_t next_try_ = 1;
  int failures_ = 0;
  const Clock::time_point began_ = Clock::now();
  Clock::time_point active_ = began_;
  std::uint64_t bytes_seen_ = 0;
  bool adopted_ = false; // the session closes the descriptor
  bool over_ = false;
};

} // namespace sftp
