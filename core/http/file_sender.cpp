#include "http/file_sender.hpp"

#include "log/log.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace pinion::core::http {
namespace {

constexpr std::chrono::milliseconds kTick{250};

} // namespace

// ---- [any] ----------------------------------------------------------------------------------------------------------

FileSender::Id FileSender::send(Stream stream, FileBody body, Done done) {
  const Id id = ++last_;
  auto transfer = std::make_shared<Transfer>(); // a posted job must be copyable
  transfer->stream = std::move(stream);
  transfer->body = std::move(body);
  transfer->done = std::move(done);
  const bool taken = life_.with([&](Life &life) {
    if (life.stopped) return false;
    try {
      if (!life.loop) {
        life.loop = std::make_unique<Loop>();
        loop_ = life.loop.get();
        life.loop->start("send-file");
      }
      return life.loop->post([this, id, transfer] { begin(id, std::move(*transfer)); });
    } catch (const std::exception &error) { // no descriptor or no thread to be had
      life.loop.reset();
      log::error(std::string("files cannot be sent: ") + error.what() + " (raise the limits of files and threads?)");
      return false;
    }
  });
  if (taken) return id;
  transfer->stream.reset();
  return 0;
}

void FileSender::cancel(Id id) {
  life_.with([&](Life &life) {
    if (life.loop && !life.stopped) life.loop->post([this, id] { finish(id, false); });
  });
}

void FileSender::stop() {
  std::unique_ptr<Loop> loop;
  life_.with([&](Life &life) {
    life.stopped = true;
    loop = std::move(life.loop);
  });
  if (!loop) return;
  loop->post([this] {
    while (!transfers_.empty()) finish(transfers_.begin()->first, false);
  });
  loop->stop();
}

// ---- [send-file] ----------------------------------------------------------------------------------------------------

void FileSender::begin(Id id, Transfer transfer) {
  transfer.progress = Clock::now();
  transfer.watched = EPOLLOUT;
  const int fd = transfer.stream.fd();
  const auto at = transfers_.emplace(id, std::move(transfer)).first;
  ::posix_fadvise(at->second.body.file.get(), static_cast<off_t>(at->second.body.offset),
                  static_cast<off_t>(at->second.body.length), POSIX_FADV_SEQUENTIAL);
  try {
    loop_->add(fd, EPOLLOUT, [this, id](std::uint32_t) { proceed(id); });
  } catch (const std::exception &) { // the kernel has no room to watch it
    finish(id, false);
    return;
  }
  if (ticking_) return;
  ticking_ = true;
  loop_->after(kTick, [this] { tick(); });
}

// One turn. The loop serves those that are ready in order, so each gets its turn before this one's next.
void FileSender::proceed(Id id) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  switch (advance(found->second)) {
  case Step::complete: finish(id, true); return;
  case Step::failed: finish(id, false); return;
  case Step::waits:
  case Step::turn_over: break;
  }
  try {
    watch(found->second);
  } catch (const std::exception &) {
    finish(id, false);
  }
}

FileSender::Step FileSender::advance(Transfer &transfer) {
  if (transfer.body.length == 0) return Step::complete;
  const auto before = transfer.body.length;
  const auto step = transfer.stream.isTls() ? sendThroughTls(transfer) : sendPlain(transfer);
  if (transfer.body.length != before) transfer.progress = Clock::now();
  return step;
}

FileSender::Step FileSender::sendPlain(Transfer &transfer) {
  auto &body = transfer.body;
  for (std::size_t turn = kFileTurn; turn > 0;) {
    auto at = static_cast<off_t>(body.offset);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(body.length, turn));
    const auto sent = ::sendfile(transfer.stream.fd(), body.file.get(), &at, wanted);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Step::waits : Step::failed;
    if (sent == 0) return Step::failed; // the file has become shorter than was promised
    body.offset += static_cast<std::uint64_t>(sent);
    body.length -= static_cast<std::uint64_t>(sent);
    turn -= static_cast<std::size_t>(sent);
    if (body.length == 0) return Step::complete;
  }
  return Step::turn_over;
}

FileSender::Step FileSender::sendThroughTls(Transfer &transfer) {
  if (!block_) block_ = std::make_unique<std::array<char, kFileBlock>>();
  auto &body = transfer.body;
  for (std::size_t turn = 0; turn < kFileTurn; turn += kFileBlock) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(body.length, kFileBlock));
    ssize_t got = 0;
    do got = ::pread(body.file.get(), block_->data(), wanted, static_cast<off_t>(body.offset));
    while (got < 0 && errno == EINTR);
    if (got <= 0) return Step::failed;
    // What the client does not take now is read again on its next turn, out of the page cache: cheaper than a buffer
    // for each connection. A record that TLS holds back already is sent as it was.
    for (std::size_t done = 0; done < static_cast<std::size_t>(got);) {
      const iovec part{block_->data() + done, static_cast<std::size_t>(got) - done};
      std::size_t wrote = 0;
      const auto result = transfer.stream.write(&part, 1, wrote);
      if (result == Stream::Io::again) return Step::waits;
      if (result != Stream::Io::ok) return Step::failed;
      done += wrote;
      body.offset += wrote;
      body.length -= wrote;
    }
    if (body.length == 0) return Step::complete;
  }
  return Step::turn_over;
}

void FileSender::watch(Transfer &transfer) {
  const std::uint32_t wanted = transfer.stream.writeNeedsReadable() ? EPOLLIN : EPOLLOUT;
  if (wanted == transfer.watched) return;
  transfer.watched = wanted;
  loop_->modify(transfer.stream.fd(), wanted);
}

void FileSender::finish(Id id, bool complete) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  auto transfer = std::move(found->second);
  transfers_.erase(found);
  if (transfers_.empty()) block_.reset();
  loop_->remove(transfer.stream.fd());
  if (complete) {
    transfer.done(std::move(transfer.stream));
    return;
  }
  transfer.stream.reset(); // only a broken connection says that the rest does not come
  transfer.stream = Stream();
  transfer.done(std::nullopt);
}

void FileSender::tick() {
  ticking_ = !transfers_.empty();
  if (!ticking_) return; // an idle daemon is not woken
  const auto now = Clock::now();
  std::vector<Id> late;
  for (const auto &[id, transfer] : transfers_)
    if (now - transfer.progress > stall_) late.push_back(id);
  for (const auto id : late) finish(id, false);
  loop_->after(kTick, [this] { tick(); });
}

} // namespace pinion::core::http
