// Where definitions come from: the Panel, or a standalone folder.
#pragma once

#include "base/result.hpp"
#include "servers/settings.hpp"

#include <string>
#include <vector>

namespace pinion::core {

// All functions block: [pool] or [main at boot]. Every one has a deadline of its own.
class Source {
public:
  virtual ~Source() = default;
  // All servers of the node. Entries that do not decode are logged and left out.
  // Code::denied, Code::invalid, Code::notFound: refused, do not ask again. Code::io, Code::timeout: worth another try.
  virtual Result<std::vector<DefinitionPtr>> servers() = 0;
  // One server, now. Code::notFound when the source no longer knows it.
  virtual Result<DefinitionPtr> server(const ServerId &id) = 0;
  // A call of the remote API that a plugin makes (install script, reports, ...). `path` is below /api/remote.
  virtual Result<std::string> call(const std::string &method, const std::string &path, const std::string &body) = 0;
};

} // namespace pinion::core
