#include "http/transaction.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pinion::core::http {

std::int64_t Transaction::read(void *buffer, std::size_t capacity, std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return body_at_ < body_.size() || body_end_ || body_error_ != Code::ok || gone_; };
  if (!ready()) {
    if (!std::exchange(body_wanted_, true)) { // the client may wait for "100 Continue"
      lock.unlock();
      wake_();
      lock.lock();
    }
    if (!changed_.wait_for(lock, wait, ready)) return static_cast<int>(Code::timeout);
  }
  if (body_at_ == body_.size()) {
    if (body_end_) return 0;
    return static_cast<int>(body_error_ != Code::ok ? body_error_ : Code::cancelled);
  }
  const bool had_room = hasRoom();
  const std::size_t size = std::min(capacity, body_.size() - body_at_);
  std::memcpy(buffer, body_.data() + body_at_, size);
  body_at_ += size;
  if (body_at_ == body_.size()) {
    body_.clear();
    body_at_ = 0;
  }
  const bool resume = !had_room && hasRoom() && !body_end_;
  lock.unlock();
  if (resume) wake_();
  return static_cast<std::int64_t>(size);
}

Code Transaction::write(std::initializer_list<std::string_view> pieces, Pace pace, std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  while (pace == Pace::wait && queued_ >= kAnswerAhead && !gone_) {
    const auto before = queued_;
    const auto moved = [&] { return queued_ < before || gone_; };
    if (!changed_.wait_for(lock, wait, moved)) return Code::timeout;
  }
  if (gone_) return Code::cancelled;
  for (const auto piece : pieces) {
    answer_ += piece;
    queued_ += piece.size();
  }
  const bool wake = !std::exchange(woken_, true);
  lock.unlock();
  if (wake) wake_();
  return Code::ok;
}

void Transaction::finish(bool close) {
  std::unique_lock lock(mutex_);
  if (state_ != State::more) return;
  state_ = close ? State::finished_close : State::finished;
  const bool wake = !std::exchange(woken_, true);
  lock.unlock();
  if (wake) wake_();
}

void Transaction::finishWithFile(FileBody file, bool close) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::more || gone_) return;
    file_ = std::move(file);
  }
  finish(close);
}

void Transaction::abort() {
  std::unique_lock lock(mutex_);
  if (state_ != State::more) return;
  state_ = State::aborted;
  lock.unlock();
  wake_();
}

bool Transaction::cancelled() const {
  const std::lock_guard lock(mutex_);
  return gone_ || peer_ended_;
}

bool Transaction::bodyComplete() const {
  const std::lock_guard lock(mutex_);
  return body_end_;
}

bool Transaction::bodyWanted() const {
  const std::lock_guard lock(mutex_);
  return body_wanted_;
}

bool Transaction::bodyHasRoom() const {
  const std::lock_guard lock(mutex_);
  return hasRoom();
}

void Transaction::endBody() {
  const std::lock_guard lock(mutex_);
  body_end_ = true;
  changed_.notify_all();
}

void Transaction::failBody(Code code) {
  const std::lock_guard lock(mutex_);
  if (body_end_) return;
  body_error_ = code;
  changed_.notify_all();
}

Transaction::State Transaction::take(std::string &out) {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  if (!answer_.empty()) out.swap(answer_);
  return state_;
}

std::optional<FileBody> Transaction::takeFile() {
  const std::lock_guard lock(mutex_);
  return std::exchange(file_, std::nullopt);
}

void Transaction::wrote(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  queued_ -= std::min(bytes, queued_);
  changed_.notify_all();
}

void Transaction::peerEnded() {
  const std::lock_guard lock(mutex_);
  peer_ended_ = true;
}

void Transaction::disconnect() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
  changed_.notify_all();
}

} // namespace pinion::core::http
