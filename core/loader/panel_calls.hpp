// Calls of plugins to the Panel: a few at a time on the workers, the rest waits here, so that a slow Panel cannot take
// every worker.
#pragma once

#include "base/guarded.hpp"
#include "tasks/pool.hpp"

#include <deque>
#include <functional>
#include <memory>

namespace pinion::core {

class PanelCalls : public std::enable_shared_from_this<PanelCalls> {
public:
  explicit PanelCalls(Pool &workers) : workers_(workers) {}
  // [any] False when too many wait or the pool takes none.
  bool post(std::function<void()> call);

private:
  void run(); // [pool]
  struct Waiting {
    std::deque<std::function<void()>> calls;
    std::size_t running = 0;
  };
  Pool &workers_;
  Guarded<Waiting> waiting_;
};

} // namespace pinion::core
