// One plugin file: opened and checked before any of its functions is called (static constructors do run).
#pragma once

#include "base/result.hpp"

#include <pinion/plugin.h>

#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

// Never unloaded (RTLD_NODELETE): pointers into it stay good.
struct Library {
  std::string file, id, version, summary;
  std::vector<std::string> needs;
  const pinion_entry_v1 *entry = nullptr;
};

// An id that a plugin may have: [a-z0-9.-]{1,64}, and not "core".
[[nodiscard]] bool validId(std::string_view id);
// The error is the whole refusal: it names file, id where it is known, and reason.
Result<Library> openLibrary(const std::string &file);
// "plugin \"id\" (file): reason"; without an id "plugin file: reason".
std::string refusal(const std::string &file, std::string_view id, const std::string &reason);

} // namespace pinion::core
