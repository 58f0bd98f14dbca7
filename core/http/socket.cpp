#include "http/socket.hpp"

#include "http/deflate.hpp"
#include "http/front_core.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace pinion::core::http {
namespace {

constexpr std::size_t kBatch = 64; // frames a write
constexpr std::chrono::seconds kCloseWait{5};
constexpr std::chrono::seconds kTellDroppedEvery{1};
constexpr int kReadsPerTurn = 4; // then others get theirs

} // namespace

Socket::Socket(std::shared_ptr<FrontCore> front, std::shared_ptr<Hub> hub, std::uint64_t id,
               const SocketOptions &options, bool deflate, OnFrame on_frame, std::string handshake_answer)
    : front_(std::move(front)), hub_(std::move(hub)), id_(id), on_frame_(std::move(on_frame)),
      max_message_(options.max_message_bytes), queue_bytes_(options.queue_bytes), write_timeout_(options.write_timeout),
      deflate_(deflate), reader_(deflate, options.max_wire_bytes) {
  out_.bytes = handshake_answer.size();
  out_.items.push_back({std::make_shared<Frame>(std::move(handshake_answer)), false});
}

// ---- [any] ----------------------------------------------------------------------------------------------------------

void Socket::makeRoom(Out &out, std::size_t size) const {
  const auto over = [&](std::size_t bound) { return out.bytes + size > bound; };
  const auto forget = [&](Item &item) {
    out.bytes -= bytesOf(item).size();
    ++out.dropped;
    item.frame.reset();
  };
  while (over(queue_bytes_) && out.first < out.items.size() && out.items[out.first].droppable)
    forget(out.items[out.first++]);
  if (over(queue_bytes_)) {
    // Frames that must stay are in the way. A little more than needed goes, so that the next call need not search.
    const std::size_t bound = queue_bytes_ - queue_bytes_ / 8;
    std::size_t kept = out.first;
    for (std::size_t i = out.first; i < out.items.size(); ++i) {
      if (out.items[i].droppable && over(bound)) {
        forget(out.items[i]);
      } else {
        if (kept != i) out.items[kept] = std::move(out.items[i]);
        ++kept;
      }
    }
    out.items.resize(kept);
  }
  if (out.first >= kBatch && out.first * 2 >= out.items.size()) {
    out.items.erase(out.items.begin(), out.items.begin() + static_cast<std::ptrdiff_t>(out.first));
    out.first = 0;
  }
}

Socket::Queued Socket::queue(const FramePtr &frame, Droppable droppable, bool &wake) {
  const std::size_t size = bytesOf(Item{frame, false}).size();
  const std::lock_guard lock(mutex_);
  wake = false;
  if (out_.closing) return Queued::closed;
  makeRoom(out_, size);
  auto result = Queued::yes;
  if (out_.bytes + size > queue_bytes_) {
    if (droppable == Droppable::no) return Queued::full;
    ++out_.dropped;
    result = Queued::dropped;
  } else {
    out_.items.push_back({frame, droppable == Droppable::yes});
    out_.bytes += size;
  }
  wake = !std::exchange(out_.scheduled, true);
  return result;
}

Code Socket::send(const FramePtr &frame) {
  bool wake = false;
  switch (queue(frame, Droppable::no, wake)) {
  case Queued::closed: return Code::notFound;
  case Queued::full: return Code::busy;
  case Queued::yes:
  case Queued::dropped: break;
  }
  wakeNow(); // also when a tick would flush it later
  return Code::ok;
}

Code Socket::close(std::uint16_t code, std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    if (out_.closing) {
      if (code != 0) return Code::notFound;
    } else {
      out_.closing = true;
      if (code != 0) {
        auto frame = std::make_shared<Frame>(kClose, closePayload(code, reason));
        out_.bytes += frame->plain().size();
        out_.items.push_back({std::move(frame), false});
      }
    }
  }
  const auto self = std::static_pointer_cast<Socket>(shared_from_this());
  hub_->post([self, code] {
    if (code == 0) {
      self->drop();
    } else if (!self->ended_) {
      self->close_queued_ = true;
      self->close_deadline_ = Clock::now() + kCloseWait;
      self->flush();
    }
  });
  return Code::ok;
}

void Socket::wakeNow() {
  hub_->post([self = std::static_pointer_cast<Socket>(shared_from_this())] { self->flush(); });
}

// ---- [loop] ---------------------------------------------------------------------------------------------------------

void Socket::attach(Stream stream, std::string_view already_read) {
  stream_ = std::move(stream);
  progress_ = Clock::now();
  if (ended_) { // closed by its owner before it got here
    stream_ = Stream();
    return;
  }
  attached_ = true;
  front_->sockets.begin();
  hub_->keep(shared_from_this());
  watched_ = EPOLLIN;
  try {
    hub_->loop().add(stream_.fd(), watched_, [this](std::uint32_t events) { onReady(events); });
  } catch (const std::exception &) { // the kernel has no room to watch it
    drop();
    return;
  }
  flush();
  if (!ended_ && !already_read.empty()) take(already_read);
}

void Socket::onReady(std::uint32_t events) {
  const auto self = shared_from_this();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 || stream_.readNeedsWritable()) readAll();
  if (!ended_ && ((events & EPOLLOUT) != 0 || stream_.writeNeedsReadable())) flush();
  if (!ended_ && (events & (EPOLLHUP | EPOLLERR)) != 0) drop();
}

void Socket::readAll() {
  auto &buffer = readBuffer();
  for (int turn = 0; turn < kReadsPerTurn && !ended_; ++turn) {
    std::size_t got = 0;
    switch (stream_.read(buffer.data(), buffer.size(), got)) {
    case Stream::Io::ok: take({buffer.data(), got}); break;
    case Stream::Io::again: watch(); return;
    case Stream::Io::end:
    case Stream::Io::failed: drop(); return;
    }
  }
  // TLS may hold more that epoll does not know of.
  if (!ended_ && stream_.hasPending())
    hub_->post([self = std::static_pointer_cast<Socket>(shared_from_this())] {
      if (!self->ended_) self->readAll();
    });
}

void Socket::take(std::string_view in) {
  if (reading_ != Reading::messages) return;
  if (const auto error = reader_.feed(in, *this); error && !ended_) {
    // Nothing after this can be understood; it is read and thrown away so that the close frame is not lost to a reset.
    reading_ = Reading::rest;
    close_reason_.clear();
    queueClose(error->code, error->reason);
  }
}

bool Socket::onMessage(std::uint8_t opcode, bool compressed, std::string payload) {
  {
    const std::lock_guard lock(mutex_);
    if (out_.closing) return true; // we are leaving
  }
  std::string message;
  if (compressed) {
    switch (inflateMessage(payload, max_message_, message)) {
    case Inflated::ok: break;
    case Inflated::too_long: return true; // passed over
    case Inflated::bad:
      reading_ = Reading::rest;
      queueClose(1007, "");
      return false;
    }
  } else {
    if (payload.size() > max_message_) return true;
    message = std::move(payload);
  }
  on_frame_(id_, opcode == kTextFrame ? FrameKind::text : FrameKind::binary, std::move(message));
  return !ended_;
}

bool Socket::onControl(std::uint8_t opcode, std::string_view payload) {
  if (opcode == kPing) {
    bool wake = false;
    // A peer that pings and does not read gets no more pongs than its queue holds.
    if (queue(std::make_shared<Frame>(kPong, payload), Droppable::no, wake) == Queued::yes) flush();
    return !ended_;
  }
  if (opcode != kClose) return true;
  std::uint16_t code = 1005;
  std::string_view reason;
  std::uint16_t answer = code;
  if (payload.size() == 1) answer = 1002;
  if (payload.size() >= 2) {
    code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                      static_cast<unsigned char>(payload[1]));
    reason = payload.substr(2);
    answer = closeCodeMayBeReceived(code) && isUtf8(reason) ? code : 1002;
  }
  close_reason_ = reason;
  reading_ = Reading::rest;
  peer_closed_ = true;
  queueClose(answer, "");
  return false;
}

// Our close frame, unless it went before: then the peer has just answered it, and all is said.
void Socket::queueClose(std::uint16_t code, std::string_view reason) {
  if (!close_queued_) {
    close_queued_ = true;
    close_deadline_ = Clock::now() + kCloseWait;
    const std::lock_guard lock(mutex_);
    if (!out_.closing) {
      out_.closing = true;
      auto frame = std::make_shared<Frame>(kClose, closePayload(code, reason));
      out_.bytes += frame->plain().size();
      out_.items.push_back({std::move(frame), false});
    }
  }
  flush();
}

void Socket::flush() {
  if (!attached_ || ended_) return;
  const auto self = shared_from_this(); // drop() below may let go of the last owner
  while (true) {
    bool closing = false;
    {
      const std::lock_guard lock(mutex_);
      out_.scheduled = false;
      while (sending_.size() < kBatch && out_.first < out_.items.size())
        sending_.push_back(std::move(out_.items[out_.first++]));
      if (out_.first == out_.items.size()) {
        out_.first = 0;
        if (out_.items.capacity() > 16)
          std::vector<Item>().swap(out_.items);
        else
          out_.items.clear();
        closing = out_.closing;
      }
    }
    if (sending_.empty()) {
      if (sending_.capacity() > 16) std::vector<Item>().swap(sending_);
      tellDropped();
      if (closing && close_queued_ && reading_ == Reading::rest) {
        // The peer waits for our end. After its close frame nothing follows; after an error something may, and closing
        // with that unread would reset the connection and lose our close frame.
        if (!std::exchange(ended_writing_, true)) stream_.endWriting();
        if (peer_closed_) {
          drop();
          return;
        }
      }
      break;
    }
    std::array<iovec, kBatch> parts;
    int count = 0;
    for (const auto &item : sending_) {
      const auto &bytes = bytesOf(item);
      const std::size_t skip = count == 0 ? sent_ : 0;
      parts[static_cast<std::size_t>(count++)] = {const_cast<char *>(bytes.data()) + skip, bytes.size() - skip};
    }
    std::size_t wrote = 0;
    const auto result = stream_.write(parts.data(), count, wrote);
    if (result == Stream::Io::again) break;
    if (result != Stream::Io::ok) {
      drop();
      return;
    }
    progress_ = Clock::now();
    std::size_t done = 0;
    sent_ += wrote;
    while (done < sending_.size() && sent_ >= bytesOf(sending_[done]).size()) sent_ -= bytesOf(sending_[done++]).size();
    sending_.erase(sending_.begin(), sending_.begin() + static_cast<std::ptrdiff_t>(done));
    const std::lock_guard lock(mutex_);
    out_.bytes -= wrote;
  }
  if (!ended_) watch();
}

void Socket::tellDropped() {
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    dropped = std::exchange(out_.dropped, 0);
  }
  if (dropped == 0) return;
  told_dropped_ = Clock::now();
  on_frame_(id_, FrameKind::dropped, std::to_string(dropped));
}

void Socket::watch() {
  std::uint32_t wanted = EPOLLIN;
  if ((!sending_.empty() && !stream_.writeNeedsReadable()) || stream_.readNeedsWritable()) wanted |= EPOLLOUT;
  if (wanted == watched_) return;
  watched_ = wanted;
  try {
    hub_->loop().modify(stream_.fd(), wanted);
  } catch (const std::exception &) {
    drop();
  }
}

void Socket::tick(Clock::time_point now) {
  if (now >= close_deadline_ || (!sending_.empty() && now - progress_ > write_timeout_)) {
    drop();
    return;
  }
  if (sending_.empty()) progress_ = now;
  if (now - told_dropped_ >= kTellDroppedEvery) tellDropped();
}

void Socket::stopGently() { (void)close(1001, ""); }

void Socket::drop() {
  if (ended_) return;
  const auto self = shared_from_this();
  ended_ = true;
  {
    const std::lock_guard lock(mutex_);
    out_.closing = true;
    out_.items.clear();
    out_.first = 0;
  }
  sending_.clear();
  hub_->removeSocket(id_);
  if (attached_) {
    hub_->loop().remove(stream_.fd());
    hub_->release(this);
    front_->sockets.end();
  }
  stream_ = Stream();
  on_frame_(id_, FrameKind::closed, std::move(close_reason_));
}

} // namespace pinion::core::http
