#include "docker/attachment.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace pinion::core {

namespace {

constexpr std::size_t kRead = 65536;
constexpr int kReadsATurn = 4; // then other descriptors of the loop get theirs

} // namespace

Attachment::Attachment(Loop &loop, UniqueFd fd, std::string prefix, Bus &bus, std::string server, OnEnd on_end)
    : loop_(loop), fd_(std::move(fd)), bus_(bus), server_(std::move(server)), on_end_(std::move(on_end)),
      buffer_(std::move(prefix)) {
  pending_ = buffer_;
}

std::shared_ptr<Attachment> Attachment::begin(Loop &loop, UniqueFd fd, std::string prefix, Bus &bus, std::string server,
                                              OnEnd on_end) {
  auto self =
      std::make_shared<Attachment>(loop, std::move(fd), std::move(prefix), bus, std::move(server), std::move(on_end));
  self->flow_->owner = self;
  loop.post([self] { self->start(); });
  return self;
}

void Attachment::start() {
  if (closed_) return drop();
  const auto self = shared_from_this();
  watched_ = EPOLLIN;
  registered_ = true;
  loop_.add(fd_.get(), watched_, [self](std::uint32_t events) { self->ready(events); });
  pump();
  flushInput();
}

void Attachment::ready(std::uint32_t events) {
  const auto self = shared_from_this(); // the loop's callback may be the last that holds this
  if ((events & EPOLLOUT) != 0) flushInput();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) pump();
}

bool Attachment::full() const { return flow_->bytes >= kMostBytes || flow_->lines >= kMostLines; }

void Attachment::pump() {
  flow_->paused = false;
  for (int turn = 0; !closed_;) {
    while (!full() && splitter_.next(pending_, line_)) publish(std::move(line_));
    if (!pending_.empty()) { // full
      flow_->paused = true;
      if (!full()) { // released between the look and the flag
        flow_->paused = false;
        continue;
      }
      break;
    }
    if (ended_) {
      if (splitter_.rest(line_)) publish(std::move(line_));
      return finish();
    }
    if (turn++ == kReadsATurn || !read()) break;
  }
  if (!closed_) watch();
}

bool Attachment::read() {
  buffer_.resize(kRead);
  const auto n = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
  pending_ = std::string_view(buffer_).substr(0, n > 0 ? static_cast<std::size_t>(n) : 0);
  if (n > 0) return true;
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  ended_ = true;
  return true;
}

void Attachment::publish(std::string &&line) {
  const std::size_t size = line.size();
  flow_->bytes += size;
  flow_->lines += 1;
  bus_.publish("container output", server_, std::move(line), true, [flow = flow_, size] { flow->release(size); });
  line_.clear();
}

void Attachment::Flow::release(std::size_t size) {
  const auto bytes_left = bytes -= size;
  const auto lines_left = lines -= 1;
  if (bytes_left > kMostBytes / 2 || lines_left > kMostLines / 2 || !paused.exchange(false)) return;
  if (const auto self = owner.lock()) self->loop_.post([self] { self->pump(); });
}

void Attachment::watch() {
  const bool waiting = input_.with([](const std::string &bytes) { return !bytes.empty(); });
  const std::uint32_t wanted = (flow_->paused ? 0U : EPOLLIN) | (waiting ? EPOLLOUT : 0U);
  if (!registered_) return;
  // A closed peer is told whatever is asked for (EPOLLHUP): while reading waits for subscribers, the descriptor has to
  // be off the loop, or it would spin.
  if (wanted == 0) {
    loop_.remove(fd_.get());
    watched_ = 0;
  } else if (watched_ == 0) {
    loop_.add(fd_.get(), wanted, [self = shared_from_this()](std::uint32_t events) { self->ready(events); });
    watched_ = wanted;
  } else if (wanted != watched_) {
    loop_.modify(fd_.get(), wanted);
    watched_ = wanted;
  }
}

Result<void> Attachment::input(std::string bytes) {
  if (closed_)
    return Error{Code::notFound, "environment/docker: cannot send command to container: not attached to instance"};
  const bool taken = input_.with([&](std::string &waiting) {
    if (waiting.size() + bytes.size() > kMostInput) return false;
    waiting += bytes;
    return true;
  });
  if (!taken)
    return Error{Code::busy,
                 "environment/docker: could not write to container stream: the server does not read its input"};
  loop_.post([self = shared_from_this()] { self->flushInput(); });
  return {};
}

void Attachment::flushInput() {
  if (closed_ || !registered_) return;
  input_.with([&](std::string &waiting) {
    std::size_t sent = 0;
    while (sent < waiting.size()) {
      const auto n = ::send(fd_.get(), waiting.data() + sent, waiting.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) {
        sent += static_cast<std::size_t>(n);
        continue;
      }
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN) sent = waiting.size(); // the container is gone; the end of output tells so
      break;
    }
    waiting.erase(0, sent);
  });
  watch();
}

void Attachment::finish() {
  if (closed_.exchange(true)) return;
  const auto on_end = std::move(on_end_);
  drop();
  if (on_end) on_end();
}

void Attachment::close() {
  if (closed_.exchange(true)) return;
  loop_.post([self = shared_from_this()] { self->drop(); });
}

void Attachment::drop() {
  const auto self = shared_from_this();
  if (watched_ != 0) loop_.remove(fd_.get());
  watched_ = 0;
  registered_ = false;
  fd_.reset();
  on_end_ = nullptr;
  pending_ = {};
  buffer_ = {};
}

} // namespace pinion::core
