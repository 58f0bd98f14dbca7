#include "channel.hpp"

#include <libssh/server.h>

#include <algorithm>

namespace sftp {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t input_bytes = 1024 * 1024;        // of requests; more stays in the library, and its window closes
constexpr std::size_t overflow_bytes = 4 * 1024 * 1024; // a peer that ignores the window
constexpr std::size_t output_bytes = 4 * 1024 * 1024;   // of replies; then no request is looked at
constexpr std::size_t flush_bytes = 192 * 1024;
constexpr std::size_t spare_bytes = 512 * 1024; // of memory that is kept for the next request
constexpr std::size_t records_bound = 64;
constexpr int requests_a_turn = 64;
constexpr std::size_t lent_requests = 64, lent_bytes = 2 * 1024 * 1024;
// A request that took so long says that the disk is slow: for a while all of them go to the pool.
constexpr std::chrono::milliseconds slow_request{10};
constexpr std::chrono::seconds slow_for{10};

} // namespace

// What the pool does, and what came of it.
struct Channel::Work {
  std::string input;
  std::vector<std::pair<std::size_t, std::size_t>> packets; // where in the input, how long
  std::vector<Outcome> outcomes;
};

Channel::Channel(Service &service, ssh_session session, ssh_channel channel, Login login, Post post,
                 std::function<void()> wake)
    : service_(service), session_(session), channel_(channel), post_(std::move(post)), wake_(std::move(wake)),
      conversation_(std::make_unique<Conversation>(service.host, std::move(login), service.settings.read_only,
                                                   service.growths, service.open_files)) {}

void Channel::listen() {
  callbacks_.userdata = this;
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void *data, std::uint32_t length, int is_error,
                                        void *user) noexcept -> int {
    if (is_error != 0) return static_cast<int>(length);
    auto *self = static_cast<Channel *>(user);
    try {
      return static_cast<int>(self->take(static_cast<const char *>(data), length));
    } catch (...) {
      self->broken_ = true; // no memory for this peer
      return 0;
    }
  };
  callbacks_.channel_eof_function = [](ssh_session, ssh_channel, void *user) noexcept {
    static_cast<Channel *>(user)->end_of_input_ = true;
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void *user) noexcept {
    auto *self = static_cast<Channel *>(user);
    self->end_of_input_ = self->finished_ = self->over_ = true;
  };
  callbacks_.channel_subsystem_request_function = [](ssh_session, ssh_channel, const char *name, void *user) noexcept {
    auto *self = static_cast<Channel *>(user);
    if (self->ready_ || std::string_view(name) != "sftp") return 1;
    self->ready_ = true;
    return 0;
  };
  ssh_callbacks_init(&callbacks_);
  ssh_set_channel_callbacks(channel_, &callbacks_);
}

// Inside the library: nothing but copying.
std::size_t Channel::take(const char *data, std::size_t length) {
  if (length > overflow_bytes) broken_ = true;
  const std::size_t waiting = input_.size() - input_at_;
  const std::size_t taken = broken_ || !ready_ || waiting >= input_bytes ? 0 : length;
  input_.append(data, taken);
  left_in_library_ = length - taken;
  return taken;
}

void Channel::pull() {
  while (left_in_library_ > 0 && input_.size() - input_at_ < input_bytes / 2) {
    char buffer[32 * 1024];
    const auto wanted = static_cast<std::uint32_t>(std::min(left_in_library_, sizeof buffer));
    const int got = ssh_channel_read_timeout(channel_, buffer, wanted, 0, 0);
    if (got <= 0) {
      left_in_library_ = 0;
      return;
    }
    input_.append(buffer, static_cast<std::size_t>(got));
    left_in_library_ -= static_cast<std::size_t>(got);
  }
}

// A whole packet without its length, taken off the input but still in its memory.
std::optional<std::string_view> Channel::nextPacket() {
  const std::string_view rest = std::string_view(input_).substr(input_at_);
  if (rest.size() < 4) return std::nullopt;
  const std::size_t length = numberAt(rest.data());
  if (length == 0 || length > packet_bytes) {
    broken_ = true;
    return std::nullopt;
  }
  if (rest.size() - 4 < length) return std::nullopt;
  input_at_ += 4 + length;
  return rest.substr(4, length);
}

bool Channel::mayContinue() const {
  return !lent_ && !broken_ && !finished_ && pendingOutput() < output_bytes && records_ < records_bound;
}

bool Channel::turn() {
  if (over_ || broken_ || channel_ == nullptr) return false;
  pull();
  int requests = 0;
  bool stopped_to_send = false;
  while (mayContinue() && requests < requests_a_turn) {
    const auto began = Clock::now();
    if (began < slow_until_) {
      lend();
      break;
    }
    const std::size_t before = input_at_;
    const auto packet = nextPacket();
    if (!packet) break;
    ++requests;
    Outcome outcome = conversation_->handle(*packet, Effort::quick, std::exchange(spare_output_, {}));
    if (outcome.step == Step::longer) {
      input_at_ = before;
      lend();
      break;
    }
    if (Clock::now() - began > slow_request) slow_until_ = Clock::now() + slow_for;
    accept(std::move(outcome));
    if (pendingOutput() > flush_bytes) {
      stopped_to_send = true; // while it is in the processor's cache
      break;
    }
  }
  if (input_at_ == input_.size()) {
    input_.clear();
    input_at_ = 0;
  } else if (input_at_ > input_bytes / 4) {
    input_.erase(0, input_at_);
    input_at_ = 0;
  }
  flush();
  // Not before all that came is answered: a client may end its side right after its last request.
  if (end_of_input_ && !stopped_to_send && requests < requests_a_turn && mayContinue() && left_in_library_ == 0 &&
      held_.empty() && pendingOutput() == 0)
    finish();
  return requests == requests_a_turn || stopped_to_send || (left_in_library_ > 0 && mayContinue());
}

void Channel::accept(Outcome outcome) {
  if (outcome.step != Step::done) {
    broken_ = true;
    return;
  }
  if (outcome.record) {
    std::weak_ptr<Channel> weak = weak_from_this();
    const bool kept = service_.recorder.add(conversation_->login(), *outcome.record,
                                            [post = post_, weak = std::move(weak), record = outcome.record] {
                                              post([weak, record] {
                                                if (const auto self = weak.lock()) self->kept(record);
                                              });
                                            });
    outcome.record->kept = kept;
    if (!kept) ++records_;
  }
  if (outcome.wait_for && !outcome.wait_for->kept)
    held_.emplace_back(std::move(outcome.wait_for), std::move(outcome.reply));
  else
    put(std::move(outcome.reply));
}

// A long reply is taken as it is: copying it would cost as much as encrypting it.
void Channel::put(std::string reply) {
  if (pendingOutput() == 0) {
    output_.swap(reply);
    output_at_ = 0;
  } else {
    output_.append(reply);
  }
  if (reply.capacity() <= spare_bytes) spare_output_ = std::move(reply);
}

void Channel::kept(const RecordPtr &record) {
  record->kept = true;
  --records_;
  const auto ready =
      std::stable_partition(held_.begin(), held_.end(), [](const auto &one) { return !one.first->kept; });
  for (auto it = ready; it != held_.end(); ++it) put(std::move(it->second));
  held_.erase(ready, held_.end());
  wake_();
}

// The next requests go to the pool, together, and nothing else of this channel happens until they are back: order
// stays.
void Channel::lend() {
  auto work = std::make_shared<Work>();
  std::size_t bytes = 0;
  while (work->packets.size() < lent_requests && bytes < lent_bytes) {
    const auto packet = nextPacket();
    if (!packet) break;
    // A request to read is short, and its reply is long.
    bytes += Type{static_cast<std::uint8_t>(packet->front())} == Type::read ? data_bytes : packet->size();
    work->packets.emplace_back(packet->data() - input_.data(), packet->size());
  }
  if (work->packets.empty()) return;
  work->input = std::exchange(input_, std::exchange(spare_input_, {}));
  input_.assign(work->input, std::exchange(input_at_, 0));
  auto self = shared_from_this();
  lent_ = true;
  const bool begun = service_.pool.run([self, work] {
    try {
      for (const auto &[at, length] : work->packets)
        work->outcomes.push_back(
            self->conversation_->handle(std::string_view(work->input).substr(at, length), Effort::full));
    } catch (...) {
      work->outcomes.push_back({Step::broken, {}, nullptr, nullptr});
    }
    self->post_([self, work] { self->returned(*work); });
  });
  if (begun) return;
  lent_ = false;
  broken_ = true; // the daemon is overrun or stops
}

void Channel::returned(Work &work) {
  lent_ = false;
  for (auto &outcome : work.outcomes) accept(std::move(outcome));
  work.input.clear();
  spare_input_ = std::move(work.input);
  wake_();
}

// As much as the peer's window and the socket take now.
void Channel::flush() {
  if (channel_ == nullptr || finished_) return;
  while (pendingOutput() > 0 && !broken_) {
    const std::size_t window = ssh_channel_window_size(channel_);
    if (window == 0 || (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0) break;
    const std::size_t wanted = std::min({pendingOutput(), window, flush_bytes});
    const int written = ssh_channel_write(channel_, output_.data() + output_at_, static_cast<std::uint32_t>(wanted));
    if (written < 0) broken_ = true;
    if (written <= 0) break;
    output_at_ += static_cast<std::size_t>(written);
  }
  if (pendingOutput() == 0) {
    output_.clear();
    output_at_ = 0;
  } else if (output_at_ > output_bytes) {
    output_.erase(0, output_at_);
    output_at_ = 0;
  }
}

void Channel::finish() {
  if (finished_ || channel_ == nullptr) return;
  finished_ = true;
  ssh_channel_request_send_exit_status(channel_, 0);
  ssh_channel_send_eof(channel_);
  ssh_channel_close(channel_);
}

void Channel::drop() {
  if (channel_ != nullptr) ssh_remove_channel_callbacks(channel_, &callbacks_);
  channel_ = nullptr;
  over_ = true;
}

void Channel::rest() {
  if (input_.empty()) input_.shrink_to_fit();
  if (output_.empty()) output_.shrink_to_fit();
  for (auto *spare : {&spare_input_, &spare_output_}) {
    spare->clear();
    spare->shrink_to_fit();
  }
}

} // namespace sftp
