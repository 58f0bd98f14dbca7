// Going through everything below a folder by descriptors: no recursion, no paths, a bounded number of descriptors,
// whatever the depth.
#pragma once

#include "base/fd.hpp"

#include <functional>

namespace pinion::core {

// `type` is a DT_* of <dirent.h>, never DT_UNKNOWN. `folder` is the descriptor that `name` is relative to. Visitors
// return 0 to go on, else an errno that ends the descent.
struct Visitor {
  // Every entry; a folder before its contents.
  std::function<int(int folder, const char *name, unsigned char type)> entry;
  // A folder whose contents come next, and its descriptor; may be empty.
  std::function<void(int folder, const char *name)> entered;
  std::function<int(int folder, const char *name)> left; // a folder after its contents; may be empty
  std::function<bool()> stopped;                         // asked now and then; may be empty
};

// Visits everything below `folder` (not itself). What vanishes or turns into something else meanwhile is skipped. The
// answer is 0 or an errno: the visitor's, ECANCELED when stopped, EBUSY when a folder was moved away on the way.
int descend(UniqueFd folder, const Visitor &visitor);
// Visits only what is in `folder` itself.
int look(int folder, const Visitor &visitor);

} // namespace pinion::core
