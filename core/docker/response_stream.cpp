#include "docker/response_stream.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace pinion::core {

namespace {

constexpr std::size_t kLongestHead = 16384;
constexpr int kReadsATurn = 16; // then other descriptors of the loop get theirs

// "HTTP/1.1 200 OK" -> 200; 0 when it is none.
int statusOf(std::string_view head) {
  if (head.rfind("HTTP/1.", 0) != 0 || head.size() < 12 || head[8] != ' ') return 0;
  int status = 0;
  for (const char c : head.substr(9, 3)) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

} // namespace

ResponseStream::ResponseStream(Loop &loop, UniqueFd fd, OnBytes on_bytes, OnEnd on_end, OnHead on_head)
    : loop_(loop), fd_(std::move(fd)),
      handlers_(std::make_shared<Handlers>(Handlers{std::move(on_bytes), std::move(on_end), std::move(on_head)})) {}

std::shared_ptr<ResponseStream> ResponseStream::begin(Loop &loop, UniqueFd fd, OnBytes on_bytes, OnEnd on_end,
                                                      OnHead on_head) {
  auto stream =
      std::make_shared<ResponseStream>(loop, std::move(fd), std::move(on_bytes), std::move(on_end), std::move(on_head));
  loop.post([stream] {
    if (stream->stopped_) return stream->handlers_.reset();
    stream->loop_.add(stream->fd_.get(), EPOLLIN | EPOLLRDHUP, [stream](std::uint32_t) { stream->ready(); });
  });
  return stream;
}

void ResponseStream::stop() {
  if (stopped_.exchange(true)) return;
  if (loop_.inLoop())
    close();
  else
    loop_.post([self = shared_from_this()] { self->close(); });
}

void ResponseStream::close() {
  if (!fd_) return;
  const auto self = shared_from_this(); // the loop's callback may hold the last reference
  loop_.remove(fd_.get());
  fd_.reset();
  handlers_.reset();
}

void ResponseStream::end(Result<int> status) {
  if (stopped_.exchange(true)) return;
  const auto handlers = handlers_;
  close();
  if (handlers) handlers->on_end(std::move(status));
}

bool ResponseStream::takeHead(std::string_view &bytes) {
  const std::size_t before = head_.size();
  head_.append(bytes);
  const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    bytes = {};
    return false;
  }
  bytes.remove_prefix(end + 4 - before);
  status_ = statusOf(head_);
  return status_ != 0;
}

void ResponseStream::ready() {
  const auto self = shared_from_this();
  const auto handlers = handlers_;
  char buffer[16384];
  for (int turn = 0; turn < kReadsATurn && !stopped_; ++turn) {
    const auto n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      if (status_ != 0) return end(status_);
      return end(Error{Code::io, "the docker engine closed the connection without an answer"});
    }
    std::string_view bytes(buffer, static_cast<std::size_t>(n));
    if (status_ == 0) {
      if (!takeHead(bytes)) {
        if (bytes.empty() && head_.size() <= kLongestHead) continue;
        return end(Error{Code::io, "the docker engine sent something that is no HTTP answer"});
      }
      if (handlers->on_head) handlers->on_head(status_);
      if (stopped_) return;
    }
    if (!bytes.empty()) handlers->on_bytes(status_, bytes);
  }
}

} // namespace pinion::core
