// One WebSocket connection after its handshake. Anyone queues frames, the loop's thread sends and reads.
//
// An idle socket keeps this object and nothing else: no buffers, no zlib state, no request.
#pragma once

#include "http/exchange.hpp"
#include "http/frame_codec.hpp"
#include "http/hub.hpp"
#include "http/stream.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pinion::core::http {

struct FrontCore;

class Socket final : public Endpoint, private FrameSink {
public:
  enum class Droppable : bool { no, yes };
  enum class Queued { yes, dropped, closed, full };

  Socket(std::shared_ptr<FrontCore> front, std::shared_ptr<Hub> hub, std::uint64_t id, const SocketOptions &options,
         bool deflate, OnFrame on_frame, std::string handshake_answer);

  // [any] Puts the frame at the end of the queue. Over the bound the oldest droppable frames go first; `full` when that
  // is not enough. `wake` tells the caller to have flush() called: the socket is not scheduled yet.
  Queued queue(const FramePtr &frame, Droppable droppable, bool &wake);
  // [any] As queue() for one frame that goes out at once; Code::busy over the bound, Code::notFound when closed.
  Code send(const FramePtr &frame);
  // [any] What is queued, then the close frame; ends when the peer answers or after 5 s. Code 0 ends it at once.
  Code close(std::uint16_t code, std::string_view reason);
  [[nodiscard]] bool deflates() const { return deflate_; }

  // [loop]
  void attach(Stream stream, std::string_view already_read);
  void flush();
  void tick(Clock::time_point now) override;
  void stopGently() override;
  void drop() override;

private:
  struct Item {
    FramePtr frame;
    bool droppable;
  };
  // What other threads reach. Bytes count until they are written.
  struct Out {
    std::vector<Item> items; // from `first` on
    std::size_t first = 0;
    std::size_t bytes = 0;
    std::uint64_t dropped = 0; // not told yet
    bool scheduled = false;    // flush() is on its way
    bool closing = false;      // the close frame is queued: nothing after it
  };
  enum class Reading : std::uint8_t { messages, rest }; // rest: thrown away until the peer ends

  [[nodiscard]] const std::string &bytesOf(const Item &item) const {
    return deflate_ ? item.frame->packed() : item.frame->plain();
  }
  void makeRoom(Out &out, std::size_t size) const;
  void onReady(std::uint32_t events);
  void readAll();
  void take(std::string_view in);
  bool onMessage(std::uint8_t opcode, bool compressed, std::string payload) override;
  bool onControl(std::uint8_t opcode, std::string_view payload) override;
  void queueClose(std::uint16_t code, std::string_view reason);
  void wakeNow();
  void tellDropped();
  void watch();

  const std::shared_ptr<FrontCore> front_; // first: the stream's slot counts in it
  const std::shared_ptr<Hub> hub_;
  const std::uint64_t id_;
  const OnFrame on_frame_;
  const std::uint32_t max_message_, queue_bytes_;
  const std::chrono::milliseconds write_timeout_;
  const bool deflate_;

  mutable std::mutex mutex_;
  Out out_;

  // [loop]
  Stream stream_;
  FrameReader reader_;
  std::vector<Item> sending_; // taken from the queue and not wholly written: can no longer be dropped
  std::size_t sent_ = 0;      // of the first of them
  std::string close_reason_;
  Clock::time_point progress_{}; // when the peer last took something
  Clock::time_point close_deadline_ = Clock::time_point::max();
  Clock::time_point told_dropped_{};
  std::uint32_t watched_ = 0;
  Reading reading_ = Reading::messages;
  bool attached_ = false, ended_ = false, peer_closed_ = false, close_queued_ = false, ended_writing_ = false;
};

} // namespace pinion::core::http
