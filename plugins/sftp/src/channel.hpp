// One channel of a connection that speaks SFTP. Belongs to its shard's thread; only the conversation is lent to the
// pool while a long request runs.
#pragma once

#include "conversation.hpp"
#include "service.hpp"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sftp {

class Channel : public std::enable_shared_from_this<Channel> {
public:
  // `post` runs a function on the shard's thread; `wake` has the connection look at its channels again there.
  using Post = std::function<void(std::function<void()>)>;
  Channel(Service &service, ssh_session session, ssh_channel channel, Login login, Post post,
          std::function<void()> wake);
  Channel(const Channel &) = delete;
  Channel &operator=(const Channel &) = delete;

  // Takes part in SSH's calls back; they only remember what came.
  void listen();
  // Requests, replies. True: there is more to do at once, after others had their turn.
  bool turn();
  // The connection goes: nothing of SSH is touched from here on.
  void drop();
  // What memory is held for traffic that has ended.
  void rest();
  // To be freed by the connection.
  bool over() const { return over_; }
  // The peer breaks the rules, or the library failed: the connection is to end.
  bool broken() const { return broken_; }
  ssh_channel raw() const { return channel_; }

private:
  struct Work;

  std::size_t take(const char *data, std::size_t length);
  void pull();
  std::optional<std::string_view> nextPacket();
  bool mayContinue() const;
  void accept(Outcome outcome);
  void put(std::string reply);
  void kept(const RecordPtr &record);
  void lend();
  void returned(Work &work);
  void flush();
  void finish();
  std::size_t pendingOutput() const { return output_.size() - output_at_; }

  Service &service_;
  const ssh_session session_;
  ssh_channel channel_;
  const Post post_;
  const std::function<void()> wake_;
  ssh_channel_callbacks_struct callbacks_{};
  bool ready_ = false; // the subsystem was asked for
  std::unique_ptr<Conversation> conversation_;
  std::string input_, output_;
  std::string spare_input_, spare_output_; // memory for the next ones
  std::size_t input_at_ = 0, output_at_ = 0;
  std::size_t left_in_library_ = 0; // bytes that were not taken yet
  std::vector<std::pair<RecordPtr, std::string>> held_;
  std::size_t records_ = 0; // on their way
  std::chrono::steady_clock::time_point slow_until_{};
  bool lent_ = false, end_of_input_ = false, finished_ = false, over_ = false, broken_ = false;
};

} // namespace sftp
