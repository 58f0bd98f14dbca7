// What the io loop and the thread of a handler exchange for one request: the body one way, the answer the other.
#pragma once

#include "base/result.hpp"
#include "http/body_socket.hpp"
#include "http/file_sender.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::core::http {

constexpr std::size_t kBodyAhead = 256 * 1024;   // of a streamed body kept for the handler
constexpr std::size_t kAnswerAhead = 512 * 1024; // queued for the client before send() waits

class Transaction {
public:
  // `wake` [any] has the loop look at this transaction again.
  explicit Transaction(std::function<void()> wake) : wake_(std::move(wake)) {}

  // ---- the handler's side [any] ----
  // > 0 bytes, 0 the end, < 0 a Code (timeout after `wait` without a byte).
  std::int64_t read(void *buffer, std::size_t capacity, std::chrono::milliseconds wait);
  enum class Pace { wait, enqueue };
  // Queues the pieces as one. Code::cancelled when the client has gone, Code::timeout when it takes nothing for `wait`.
  Code write(std::initializer_list<std::string_view> pieces, Pace pace, std::chrono::milliseconds wait);
  // Nothing more comes; `close`: nor any other answer on this connection.
  void finish(bool close);
  void finishWithFile(FileBody file, bool close); // as finish(), after the file
  void abort();                                   // the answer stays incomplete, and the client must notice
  [[nodiscard]] bool cancelled() const;
  [[nodiscard]] bool bodyComplete() const;
  [[nodiscard]] bool bodyWanted() const; // the handler has asked for the body

  // ---- the loop's side ----
  // Runs `decode(std::string &)`, which appends to the body. Returns whether there is room for more.
  template <typename Decode> bool feed(Decode &&decode) {
    const std::lock_guard lock(mutex_);
    decode(body_);
    changed_.notify_all();
    return hasRoom();
  }
  [[nodiscard]] bool bodyHasRoom() const;
  // Lends the connection to the handler's thread until the body is read, or the answer begins. False, and nothing
  // happened, when nobody waits for the body.
  bool lend(Stream &stream, std::uint64_t body_left);
  struct Back {
    Stream stream;
    std::uint64_t read = 0; // of the body
    bool broken = false;    // the client has gone
  };
  std::optional<Back> takeBack(); // what was lent, once it is due
  void endBody();
  void failBody(Code code);
  enum class State { more, finished, finished_close, aborted };
  // Moves what is queued to `out` (which is empty), and tells what comes after it.
  State take(std::string &out);
  // The file that follows what take() gave last; nothing follows it.
  std::optional<FileBody> takeFile();
  void wrote(std::size_t bytes);
  void peerEnded();  // it will send no more; it may still read
  void disconnect(); // it has gone

private:
  // With the lock held.
  std::int64_t readLent(std::unique_lock<std::mutex> &lock, char *buffer, std::size_t capacity,
                        std::chrono::milliseconds wait);
  bool recall(); // the answer begins; true: wake the loop
  void giveBack(bool broken);
  [[nodiscard]] bool hasRoom() const { return body_.size() - body_at_ < kBodyAhead; }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()> wake_;
  std::string body_, answer_;
  std::size_t body_at_ = 0;
  std::size_t queued_ = 0; // of the answer, until it is written
  Code body_error_ = Code::ok;
  State state_ = State::more;
  std::optional<FileBody> file_;
  std::unique_ptr<BodySocket> lent_;
  std::uint64_t lent_length_ = 0;
  std::optional<Back> back_;
  bool reading_lent_ = false; // without the lock
  bool answering_ = false;    // the connection is the loop's from here on
  bool body_end_ = false, body_wanted_ = false, gone_ = false, peer_ended_ = false;
  bool woken_ = false; // take() is on its way
};

} // namespace pinion::core::http
