// The console of one container: output as events with back-pressure, input from a bounded queue. Lives on one loop.
//
// Lines that nobody has finished with are counted through Event::release; over the bound the connection is not read any
// more, so that the terminal of the game fills up and the game waits, and nothing grows here.
#pragma once

#include "base/fd.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "bus/bus.hpp"
#include "docker/line_splitter.hpp"
#include "tasks/loop.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace pinion::core {

class Attachment : public std::enable_shared_from_this<Attachment> {
public:
  static constexpr std::size_t kMostBytes = 65536, kMostLines = 512; // in flight; half of it lets reading go on
  static constexpr std::size_t kMostInput = 65536;
  using OnEnd = std::function<void()>; // [loop thread] once, after the last line; not after close()

  // [any] `prefix`: what came with the response head.
  static std::shared_ptr<Attachment> begin(Loop &loop, UniqueFd fd, std::string prefix, Bus &bus, std::string server,
                                           OnEnd on_end);
  Attachment(Loop &loop, UniqueFd fd, std::string prefix, Bus &bus, std::string server, OnEnd on_end);

  // [any] Code::busy when the game does not read and 64 KiB wait already; Code::io after the end.
  Result<void> input(std::string bytes);
  void close(); // [any] no further line is published after it on the loop's thread. Idempotent
  [[nodiscard]] bool open() const { return !closed_.load(); }

private:
  // Shared with the events, which may outlive all of this.
  struct Flow {
    std::atomic<std::size_t> bytes{0}, lines{0};
    std::atomic<bool> paused{false};
    std::weak_ptr<Attachment> owner;
    void release(std::size_t size);
  };
  void start();
  void ready(std::uint32_t events);
  void pump();
  bool read(); // false: nothing more now
  void publish(std::string &&line);
  void flushInput();
  void watch();
  void finish();
  void drop();
  [[nodiscard]] bool full() const;

  Loop &loop_;
  UniqueFd fd_;
  Bus &bus_;
  const std::string server_;
  OnEnd on_end_;
  // Loop thread only:
  LineSplitter splitter_;
  std::string buffer_;
  std::string_view pending_; // of buffer_
  std::string line_;
  bool ended_ = false;
  std::uint32_t watched_ = 0;
  bool registered_ = false;

  std::shared_ptr<Flow> flow_ = std::make_shared<Flow>();
  std::atomic<bool> closed_{false};
  Guarded<std::string> input_;
};

} // namespace pinion::core
