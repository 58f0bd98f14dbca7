// The answer to Engine::open() read on a loop: head, then body bytes as they come, until the engine ends it.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "tasks/loop.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pinion::core {

class ResponseStream : public std::enable_shared_from_this<ResponseStream> {
public:
  // [loop thread] `status` is the answer's; bodies of errors come this way too.
  using OnBytes = std::function<void(int status, std::string_view bytes)>;
  // [loop thread] Once, unless stop() came first: the status, or Code::io when the engine went away before its head.
  using OnEnd = std::function<void(Result<int> status)>;
  // [loop thread] Once, when the head has come.
  using OnHead = std::function<void(int status)>;

  // [any] Lives until its end or stop(), whoever holds it.
  static std::shared_ptr<ResponseStream> begin(Loop &loop, UniqueFd fd, OnBytes on_bytes, OnEnd on_end,
                                               OnHead on_head = {});
  // [any] Closes the connection, which makes the engine give up the work; no callback begins after it on the loop's
  // thread, elsewhere one may be running. Idempotent.
  void stop();
  ResponseStream(Loop &loop, UniqueFd fd, OnBytes on_bytes, OnEnd on_end, OnHead on_head);

private:
  void ready();
  bool takeHead(std::string_view &bytes);
  void close();
  void end(Result<int> status);

  Loop &loop_;
  UniqueFd fd_;
  struct Handlers {
    OnBytes on_bytes;
    OnEnd on_end;
    OnHead on_head;
  };
  std::shared_ptr<Handlers> handlers_; // shared with the callback that runs: it may end the stream
  std::string head_;
  int status_ = 0; // 0: the head has not come yet
  std::atomic<bool> stopped_{false};
};

} // namespace pinion::core
