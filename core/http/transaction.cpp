#include "http/transaction.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pinion::core::http {

std::int64_t Transaction::read(void *buffer, std::size_t capacity, std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] {
    return body_at_ < body_.size() || body_end_ || body_error_ != Code::ok || gone_ || lent_;
  };
  if (!body_end_ && !std::exchange(body_wanted_, true)) { // the client may wait for "100 Continue"
    lock.unlock();
    wake_();
    lock.lock();
  }
  if (!changed_.wait_for(lock, wait, ready)) return static_cast<int>(Code::timeout);
  if (body_at_ == body_.size()) {
    if (body_end_) return 0;
    if (lent_) return readLent(lock, static_cast<char *>(buffer), capacity, wait);
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

std::int64_t Transaction::readLent(std::unique_lock<std::mutex> &lock, char *buffer, std::size_t capacity,
                                   std::chrono::milliseconds wait) {
  reading_lent_ = true;
  auto *const socket = lent_.get();
  lock.unlock();
  std::size_t got = 0;
  const auto result = socket->read(buffer, capacity, wait, got);
  lock.lock();
  reading_lent_ = false;
  if (gone_) {
    lent_.reset();
    return static_cast<int>(Code::cancelled);
  }
  const bool broken = result == BodySocket::Got::broken;
  if (broken) body_error_ = Code::cancelled;
  if (socket->left() == 0) body_end_ = true;
  const bool back = broken || body_end_ || answering_;
  if (back) giveBack(broken);
  lock.unlock();
  if (back) wake_();
  switch (result) {
  case BodySocket::Got::bytes: return static_cast<std::int64_t>(got);
  case BodySocket::Got::late: return static_cast<int>(Code::timeout);
  case BodySocket::Got::broken: return static_cast<int>(Code::cancelled);
  case BodySocket::Got::recalled: break;
  }
  return read(buffer, capacity, wait); // by the loop from now on: it is lent only once
}

bool Transaction::lend(Stream &stream, std::uint64_t body_left) {
  const std::lock_guard lock(mutex_);
  if (gone_ || answering_ || !body_wanted_ || lent_ || back_) return false;
  auto socket = std::make_unique<BodySocket>(std::move(stream), body_left);
  if (!socket->usable()) { // no descriptor to be had
    stream = socket->take();
    return false;
  }
  lent_ = std::move(socket);
  lent_length_ = body_left;
  changed_.notify_all();
  return true;
}

std::optional<Transaction::Back> Transaction::takeBack() {
  const std::lock_guard lock(mutex_);
  return std::exchange(back_, std::nullopt);
}

void Transaction::giveBack(bool broken) {
  back_ = Back{lent_->take(), lent_length_ - lent_->left(), broken};
  lent_.reset();
}

bool Transaction::recall() {
  answering_ = true;
  if (!lent_) return false;
  if (reading_lent_) {
    lent_->recall(); // who reads gives it back
    return false;
  }
  giveBack(false);
  return true;
}

Code Transaction::write(std::initializer_list<std::string_view> pieces, Pace pace, std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  const bool back = recall();
  if (back && pace == Pace::wait) { // else the wait would be for a loop that cannot write
    lock.unlock();
    wake_();
    lock.lock();
  }
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
  const bool wake = !std::exchange(woken_, true) || back;
  lock.unlock();
  if (wake) wake_();
  return Code::ok;
}

void Transaction::finish(bool close) {
  std::unique_lock lock(mutex_);
  if (state_ != State::more) return;
  state_ = close ? State::finished_close : State::finished;
  const bool back = recall();
  const bool wake = !std::exchange(woken_, true) || back;
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
  (void)recall();
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
  if (lent_ && reading_lent_)
    lent_->recall();
  else
    lent_.reset();
  back_.reset();
  changed_.notify_all();
}

} // namespace pinion::core::http
