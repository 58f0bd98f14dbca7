// Pulling an image without holding a thread while layers come (contract docker.md 3.6).
#pragma once

#include "bus/bus.hpp"
#include "config/config.hpp"
#include "docker/acts.hpp"
#include "docker/engine.hpp"
#include "tasks/loop.hpp"
#include "tasks/pool.hpp"

#include <functional>
#include <string>

namespace pinion::core {

struct PullPlace {
  Engine &engine;
  LoopGroup &loops;
  Pool &workers;
  Bus &bus;
};

// [pool] `then` runs on any thread, once, unless the act ends before. Progress is published as "container pull". When
// the registry fails and the image is here already, that is a success with a warning.
void pullImage(const PullPlace &place, const ActPtr &act, const std::string &image, const Config &config,
               std::function<void(Result<void>)> then);

} // namespace pinion::core
