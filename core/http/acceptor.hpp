// Listens, and deals accepted connections out to the loops in turn.
#pragma once

#include "http/front_core.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace pinion::core::http {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
public:
  explicit Acceptor(std::shared_ptr<FrontCore> front) : front_(std::move(front)) {}

  // Binds; the error names host, port and reason. Serves on the first hub's loop.
  Result<void> listen(const std::string &host, int port);
  [[nodiscard]] int port() const { return port_; }
  void stop();   // [first loop] no further connection
  void resume(); // [any] there is room again

private:
  void acceptAll();
  void pauseFor(Clock::duration time);
  void watch(bool on);
  void adopt(UniqueFd fd, std::string peer);

  const std::shared_ptr<FrontCore> front_;
  UniqueFd fd_;
  int port_ = 0;
  std::size_t next_ = 0;
  bool watched_ = false, stopped_ = false;
  std::atomic<bool> full_ = false;
};

} // namespace pinion::core::http
