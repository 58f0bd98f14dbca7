// The bytes of a connection: reading, the phases, writing. What a request means is in connection_request.cpp.
#include "http/connection.hpp"

#include "http/socket.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <exception>

namespace pinion::core::http {
namespace {

constexpr std::size_t kReadAhead = 64 * 1024; // of further requests, while one is answered
constexpr std::size_t kDiscard = 256 * 1024;  // of input nobody reads, so that the client gets the answer to it
constexpr std::chrono::seconds kLinger{2};
constexpr int kReadsPerTurn = 4; // then others get theirs

} // namespace

Connection::Connection(std::shared_ptr<FrontCore> front, std::shared_ptr<Hub> hub, Stream stream, std::string peer)
    : front_(std::move(front)), hub_(std::move(hub)), stream_(std::move(stream)), peer_(std::move(peer)) {}

Connection::~Connection() = default;

void Connection::start() {
  if (front_->stopping.load()) return; // goes with its last reference
  hub_->keep(shared_from_this());
  progress_ = Clock::now();
  deadline_ = progress_ + front_->options.head_timeout; // covers the TLS handshake too
  (void)watchAgain();
}

void Connection::onReady(std::uint32_t events) {
  const auto self = shared_from_this();
  if ((events & EPOLLIN) != 0 || stream_.readNeedsWritable()) readAll();
  if (!ended_) proceed();
  // Both directions are over, or the connection is broken: nobody is there to answer.
  if (!ended_ && (events & (EPOLLHUP | EPOLLERR)) != 0) drop();
}

bool Connection::wantsInput() const {
  if (peer_ended_ || away()) return false;
  if (phase_ == Phase::lingering) return lingered_ < kDiscard; // who sends on without end fills his own buffers
  if (phase_ != Phase::running) return true;
  if (request_->streams && !request_->decoder.done()) return request_->transaction->bodyHasRoom();
  return in_.size() < kReadAhead;
}

void Connection::readAll() {
  auto &buffer = readBuffer();
  for (int turn = 0; turn < kReadsPerTurn && !ended_ && wantsInput(); ++turn) {
    std::size_t got = 0;
    switch (stream_.read(buffer.data(), buffer.size(), got)) {
    case Stream::Io::ok:
      if (phase_ == Phase::head && in_.empty()) deadline_ = Clock::now() + front_->options.head_timeout;
      in_.append(buffer.data(), got);
      proceed();
      break;
    case Stream::Io::again: return;
    case Stream::Io::end:
      peer_ended_ = true;
      // A client may close its side after the request and wait for the answer; without a whole request there is none.
      if (phase_ != Phase::running || !request_->decoder.done()) {
        drop();
        return;
      }
      if (request_->transaction) request_->transaction->peerEnded();
      return;
    case Stream::Io::failed: drop(); return;
    }
  }
  if (!ended_) readPendingSoon();
}

void Connection::proceed() {
  if (proceeding_) return;
  proceeding_ = true;
  const auto self = shared_from_this();
  bool moved = true;
  while (moved && !ended_) {
    moved = step();
    if (!ended_) moved = write() || moved;
  }
  proceeding_ = false;
  if (ended_) return;
  // All it will ever send has been looked at.
  if (away()) return;
  if (peer_ended_ && phase_ != Phase::running && out_.empty())
    drop();
  else
    watch();
}

bool Connection::step() {
  switch (phase_) {
  case Phase::head: return takeHead();
  case Phase::body: return readBufferedBody();
  case Phase::running: return feedStream();
  case Phase::file: return false;
  case Phase::discarding: return discard();
  case Phase::lingering:
    lingered_ += in_.size();
    std::string().swap(in_);
    return false;
  }
  return false;
}

bool Connection::takeHead() {
  if (in_.starts_with("\r\n")) in_.erase(0, 2); // some clients end a body with one too many
  if (in_.empty()) {
    std::string().swap(in_);
    return false;
  }
  const auto end = in_.find("\r\n\r\n", scanned_ < 3 ? 0 : scanned_ - 3);
  const auto size = end == std::string::npos ? in_.size() : end + 4;
  if (size > front_->options.max_head) {
    refuse(431);
    return true;
  }
  if (end == std::string::npos) {
    scanned_ = in_.size();
    return false;
  }
  scanned_ = 0;
  auto parsed = parseHead(std::string_view(in_).substr(0, size));
  in_.erase(0, size);
  if (const auto *refusal = std::get_if<HeadRefusal>(&parsed))
    refuse(refusal->status);
  else
    beginRequest(std::get<RequestHead>(std::move(parsed)));
  return true;
}

bool Connection::readBufferedBody() {
  auto &request = *request_;
  if (request.expects_continue && in_.empty()) sendContinue();
  std::string_view rest = in_;
  const auto before = request.body.size();
  const auto state = request.decoder.feed(rest, request.body);
  in_.erase(0, in_.size() - rest.size());
  const auto grown = request.body.size() - before;
  request.budget += grown;
  request.body_read += grown;
  const auto total = front_->body_bytes += grown;
  // Time is lent by the byte: a client that trickles does not hold the memory for long.
  deadline_ = request.body_began + front_->options.body_timeout + std::chrono::seconds(request.body_read / kBodyRate);
  if (state == BodyDecoder::State::bad) {
    request.close = true;
    answerFailure(400);
  } else if (request.body.size() > front_->options.max_buffered_body) {
    answerFailure(413);
  } else if (total > front_->bodyBudget()) {
    answerFailure(503);
  } else if (state == BodyDecoder::State::done) {
    dispatch();
  } else {
    return false;
  }
  return true;
}

bool Connection::feedStream() {
  auto &request = *request_;
  if (!request.streams || request.decoder.done() || !request.transaction) return false;
  if (away()) takeBodyBack();
  if (ended_ || away() || request.decoder.done()) return false;
  if (request.expects_continue && in_.empty() && request.transaction->bodyWanted()) sendContinue();
  if (in_.empty()) {
    lendBody();
    return false;
  }
  if (!request.transaction->bodyHasRoom()) return false;
  std::string_view rest = in_;
  auto state = BodyDecoder::State::more;
  request.transaction->feed([&](std::string &body) { state = request.decoder.feed(rest, body); });
  in_.erase(0, in_.size() - rest.size());
  if (state == BodyDecoder::State::done) request.transaction->endBody();
  if (state == BodyDecoder::State::bad) {
    request.transaction->failBody(Code::invalid);
    request.close = true;
    request.streams = false; // nothing more of it is read
    std::string().swap(in_);
  }
  return true;
}

// Who waits for the body reads it from the socket itself, when it is known where it ends.
void Connection::lendBody() {
  const auto left = request_->decoder.left();
  if (!left || peer_ended_ || out_at_ < out_.size()) return;
  const int fd = stream_.fd();
  if (!request_->transaction->lend(stream_, *left)) return;
  hub_->loop().remove(fd);
  watched_ = 0;
}

void Connection::takeBodyBack() {
  auto back = request_->transaction->takeBack();
  if (!back) return;
  stream_ = std::move(back->stream);
  request_->decoder.skip(back->read);
  if (back->broken)
    drop();
  else
    watchAgain();
}

// Reads what is left of a body nobody wanted.
bool Connection::discard() {
  if (in_.empty()) return false;
  std::string waste;
  std::string_view rest = in_;
  const auto state = request_->decoder.feed(rest, waste);
  in_.erase(0, in_.size() - rest.size());
  request_->discarded += waste.size();
  if (state == BodyDecoder::State::bad || request_->discarded > kDiscard) {
    linger();
  } else if (state == BodyDecoder::State::done) {
    requestOver(false);
  } else {
    return false;
  }
  return true;
}

// Sends what there is. True when that ended the request.
bool Connection::write() {
  if (away()) return false;
  while (true) {
    if (out_at_ == out_.size()) {
      std::string().swap(out_);
      out_at_ = 0;
      if (!request_ || phase_ == Phase::lingering || phase_ == Phase::discarding) return false;
      bool over = request_->answered, close = request_->close;
      if (request_->transaction) {
        const auto state = request_->transaction->take(out_);
        if (state == Transaction::State::aborted && out_.empty()) {
          stream_.reset();
          drop();
          return false;
        }
        over = state == Transaction::State::finished || state == Transaction::State::finished_close;
        close = close || state == Transaction::State::finished_close;
      }
      if (out_.empty() && over)
        if (auto file = request_->transaction ? request_->transaction->takeFile() : std::nullopt) {
          sendFile(*std::move(file), close);
          return false;
        }
      if (out_.empty()) {
        if (over) requestOver(close);
        return over;
      }
      progress_ = Clock::now();
    }
    const iovec part{out_.data() + out_at_, out_.size() - out_at_};
    std::size_t wrote = 0;
    const auto result = stream_.write(&part, 1, wrote);
    if (result == Stream::Io::again) return false;
    if (result != Stream::Io::ok) {
      drop();
      return false;
    }
    out_at_ += wrote;
    progress_ = Clock::now();
    if (request_ && request_->transaction) request_->transaction->wrote(wrote);
  }
}

// The stream goes to the thread that may wait for a disk, and comes back when the client has taken the file.
void Connection::sendFile(FileBody file, bool close) {
  phase_ = Phase::file;
  hub_->loop().remove(stream_.fd());
  watched_ = 0;
  const auto self = std::static_pointer_cast<Connection>(shared_from_this());
  file_ = front_->files.send(std::move(stream_), std::move(file), [self, close](std::optional<Stream> stream) {
    // Shared, since a posted job must be copyable. Refused: the stream ends here, and its connection is dropped
    // already.
    const auto back = std::make_shared<std::optional<Stream>>(std::move(stream));
    self->hub_->post([self, back, close] { self->fileSent(std::move(*back), close); });
  });
  if (file_ == 0) drop();
}

void Connection::fileSent(std::optional<Stream> stream, bool close) {
  if (ended_) return;
  file_ = 0;
  if (!stream) {
    drop();
    return;
  }
  stream_ = *std::move(stream);
  phase_ = Phase::running;
  progress_ = Clock::now();
  if (!watchAgain()) return;
  requestOver(close);
  if (!ended_) proceed();
}

// TLS may hold input that epoll will not tell of again.
void Connection::readPendingSoon() {
  if (!stream_.hasPending()) return;
  hub_->post([weak = weak_from_this()] {
    if (const auto self = std::static_pointer_cast<Connection>(weak.lock()); self && !self->ended_) {
      self->readAll();
      if (!self->ended_) self->proceed();
    }
  });
}

bool Connection::watchAgain() {
  watched_ = EPOLLIN;
  try {
    hub_->loop().add(stream_.fd(), watched_, [this](std::uint32_t events) { onReady(events); });
    readPendingSoon();
    return true;
  } catch (const std::exception &) { // the kernel has no room to watch it
    drop();
    return false;
  }
}

void Connection::requestOver(bool close) {
  auto &request = *request_;
  if (close || (peer_ended_ && in_.empty())) {
    linger();
    return;
  }
  if (!request.decoder.done()) {
    phase_ = Phase::discarding;
    deadline_ = Clock::now() + front_->options.body_timeout;
    return;
  }
  front_->body_bytes -= request.budget;
  request_.reset();
  front_->requests.end();
  phase_ = Phase::head;
  if (front_->stopping.load()) {
    linger();
    return;
  }
  deadline_ = Clock::now() + (in_.empty() ? front_->options.idle_timeout : front_->options.head_timeout);
}

// Ends our side and reads on for a moment: a close with unread input would reset the connection, and the client could
// lose the answer.
void Connection::linger() {
  if (request_) {
    if (request_->transaction) request_->transaction->disconnect();
    front_->body_bytes -= request_->budget;
    request_.reset();
    front_->requests.end();
  }
  if (peer_ended_) {
    stream_.endWriting();
    drop();
    return;
  }
  phase_ = Phase::lingering;
  std::string().swap(in_);
  stream_.endWriting();
  deadline_ = Clock::now() + kLinger;
}

void Connection::watch() {
  std::uint32_t wanted = wantsInput() ? static_cast<std::uint32_t>(EPOLLIN) : 0u;
  if ((out_at_ < out_.size() && !stream_.writeNeedsReadable()) || stream_.readNeedsWritable()) wanted |= EPOLLOUT;
  if (wanted == watched_) return;
  watched_ = wanted;
  try {
    hub_->loop().modify(stream_.fd(), wanted);
  } catch (const std::exception &) {
    drop();
    return;
  }
  if ((wanted & EPOLLIN) != 0) readPendingSoon();
}

void Connection::tick(Clock::time_point now) {
  if (out_at_ < out_.size() && now - progress_ > front_->options.idle_timeout) {
    drop();
    return;
  }
  if (phase_ == Phase::running || phase_ == Phase::file || now < deadline_) return;
  if (phase_ == Phase::body) {
    request_->close = true;
    answerFailure(408);
    proceed();
    return;
  }
  drop();
}

void Connection::stopGently() {
  if (phase_ == Phase::head) drop();
}

void Connection::drop() {
  if (ended_) return;
  const auto self = shared_from_this();
  ended_ = true;
  if (request_) {
    if (request_->transaction) request_->transaction->disconnect();
    front_->body_bytes -= request_->budget;
    request_.reset();
    front_->requests.end();
  }
  if (file_ != 0) front_->files.cancel(std::exchange(file_, 0));
  if (watched_ != 0 || stream_.fd() >= 0) hub_->loop().remove(stream_.fd());
  stream_ = Stream();
  hub_->release(this);
}

void Connection::upgrade(const std::shared_ptr<Socket> &socket) {
  if (ended_ || !request_ || away() || out_at_ < out_.size()) {
    socket->drop();
    if (!ended_) drop();
    return;
  }
  const auto self = shared_from_this();
  ended_ = true;
  front_->body_bytes -= request_->budget;
  request_.reset();
  front_->requests.end();
  hub_->loop().remove(stream_.fd());
  hub_->release(this);
  socket->attach(std::move(stream_), std::exchange(in_, {}));
}

} // namespace pinion::core::http
