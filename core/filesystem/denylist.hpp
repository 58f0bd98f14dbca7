// The file denylists of servers (egg.file_denylist), compiled once for each definition of a server.
#pragma once

#include "base/guarded.hpp"
#include "filesystem/ignore.hpp"
#include "servers/registry.hpp"

#include <map>
#include <memory>

namespace pinion::core {

// Thread-safe.
class Denylists {
public:
  // What the server's definition of now denies; never null. A sync that brought another definition is seen at once.
  std::shared_ptr<const Ignore> of(const ServerPtr &server);

private:
  struct Kept {
    std::weak_ptr<const Definition> definition;
    std::shared_ptr<const Ignore> list;
  };
  struct State {
    std::map<ServerId, Kept> kept;
    std::size_t sweep_at = 64;
  };
  Guarded<State> state_;
};

} // namespace pinion::core
