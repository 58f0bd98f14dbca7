#include "connection.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

namespace sftp {

using pinion::Json;

namespace {

constexpr int polls_a_turn = 64; // of 4 KiB each, as the library reads
constexpr int rounds_a_turn = 8;
constexpr std::size_t channels_a_connection = 8;
constexpr std::uint64_t bytes_before_login = 1024 * 1024;
constexpr std::chrono::seconds rest_after{5}, look_every{30};

} // namespace

Connection::Connection(Service &service, std::uint64_t id, int fd, std::string address, std::string full_address,
                       Channel::Post post, std::function<void(std::uint64_t)> wake, Answer answer)
    : service_(service), id_(id), fd_(fd), address_(std::move(address)), full_address_(std::move(full_address)),
      post_(std::move(post)), wake_(std::move(wake)), answer_(std::move(answer)) {}

Connection::~Connection() {
  for (const auto &channel : channels_) channel->drop();
  if (asking_) ssh_message_free(asking_->message);
  if (refused_ != nullptr) ssh_message_free(refused_);
  if (event_ != nullptr) {
    ssh_event_remove_session(event_, session_);
    ssh_event_free(event_);
  }
  if (session_ != nullptr) {
    ssh_disconnect(session_); // closes the descriptor
    ssh_free(session_);
  }
  if (!adopted_) ::close(fd_);
  service_.doorman.leave(address_, login_ ? login_->user : "");
}

bool Connection::begin(ssh_bind bind) {
  session_ = ssh_new();
  if (session_ == nullptr) return false;
  const int accepted = ssh_bind_accept_fd(bind, session_, fd_);
  adopted_ = ssh_get_fd(session_) == fd_;
  if (accepted != SSH_OK) return false;
  ssh_set_blocking(session_, 0);
  ssh_options_set(session_, SSH_OPTIONS_COMPRESSION, "no");
  ssh_set_auth_methods(session_, service_.settings.key_only ? SSH_AUTH_METHOD_PUBLICKEY
                                                            : SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD);
  ssh_set_counters(session_, &counter_, nullptr);
  // An event of its own for each connection: the library then never runs another's callbacks inside a write.
  const int exchanged = ssh_handle_key_exchange(session_);
  event_ = ssh_event_new();
  return exchanged != SSH_ERROR && event_ != nullptr && ssh_event_add_session(event_, session_) == SSH_OK;
}

std::uint32_t Connection::interest() const {
  const bool pending = (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0;
  return pending ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

bool Connection::work() {
  if (over_) return false;
  // After a reply the library wants to hear that the socket takes more. It does, nearly always: asking at once saves
  // the way through the loop, and mostly the next request is there as well.
  for (int round = 0; round < rounds_a_turn; ++round) {
    bool more = false;
    const bool moved = exchange(more);
    if (over_ || (!moved && !more)) return false;
  }
  return true;
}

// What has come in, and the replies to it. False: nothing moved.
bool Connection::exchange(bool &more) {
  int polls = 0;
  int polled = SSH_OK;
  while (polls < polls_a_turn && (polled = ssh_event_dopoll(event_, 0)) == SSH_OK) ++polls;
  if (counter_.in_bytes != bytes_seen_) active_ = Clock::now();
  bytes_seen_ = counter_.in_bytes;
  const auto sent = counter_.out_bytes;
  if (!login_) {
    if (counter_.in_bytes > bytes_before_login) return end("too much was sent before the login"), false;
    messages();
  }
  for (const auto &channel : channels_) more = channel->turn() || more;
  sweep();
  const int status = ssh_get_status(session_);
  if (polled == SSH_ERROR || (status & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0) end("");
  return polls == polls_a_turn || counter_.out_bytes != sent;
}

void Connection::sweep() {
  std::erase_if(channels_, [&](const std::shared_ptr<Channel> &channel) {
    if (channel->broken()) end("the client does not speak SFTP as it should");
    if (!channel->over() || over_) return false;
    ssh_channel raw = channel->raw();
    channel->drop();
    ssh_channel_free(raw);
    return true;
  });
}

void Connection::end(const char *why) {
  if (std::exchange(over_, true) || *why == '\0') return;
  Json fields;
  fields["ip"] = full_address_;
  if (login_) fields["user"] = login_->user;
  service_.host.debug(std::string("an SFTP connection is closed: ") + why, fields);
}

bool Connection::isOf(const std::string &user, const std::vector<std::string> &servers) const {
  if (!login_ || (!user.empty() && login_->user != user)) return false;
  return servers.empty() || std::find(servers.begin(), servers.end(), login_->server) != servers.end();
}

Connection::Clock::time_point Connection::look(Clock::time_point now) {
  if (refused_ != nullptr && now >= answer_at_) answerRefusal();
  if (!login_) {
    const auto deadline = began_ + std::chrono::seconds(service_.settings.login_seconds);
    if (now >= deadline) end("nobody logged in in time");
    return refused_ != nullptr ? std::min(deadline, answer_at_) : deadline;
  }
  if (now - active_ >= rest_after)
    for (const auto &channel : channels_) channel->rest();
  if (service_.settings.idle_minutes == 0) return now + look_every;
  const auto deadline = active_ + std::chrono::minutes(service_.settings.idle_minutes);
  if (now >= deadline) end("it was idle for too long");
  return std::min(deadline, now + look_every);
}

// The library asks for a channel; it is made here, and used when the library has returned.
ssh_channel Connection::openChannel() {
  if (over_ || channels_.size() >= channels_a_connection) return nullptr;
  ssh_channel raw = ssh_channel_new(session_);
  if (raw == nullptr) return nullptr;
  auto channel =
      std::make_shared<Channel>(service_, session_, raw, *login_, post_, [wake = wake_, id = id_] { wake(id); });
  channel->listen();
  channels_.push_back(std::move(channel));
  return raw;
}

} // namespace sftp
