// Opening a folder by a path that must not leave a root, whatever links lie on the way.
#pragma once

#include "base/fd.hpp"
#include "filesystem/tree.hpp"

#include <string>

namespace pinion::core::beneath {

// Whether a link as the last component is followed. Links before it are followed either way, where they are relative
// and stay inside (contract files.md 1).
enum class LastLink { refuse, follow };

// True when the kernel has openat2 and lets us use it (asked once).
bool hasOpenat2();

// An O_PATH descriptor of a folder below `root`; `path` is clean (Tree::clean). On failure `error` is an errno: EXDEV
// for a way out, ELOOP for too many or magic links, ENOTDIR for a file or a refused link.
UniqueFd openFolder(int root, const std::string &path, LastLink last, OpenatMode mode, int &error);

// For file systems without O_TMPFILE (NFS, FUSE): a new file of the folder, for reading and writing, whose name is
// taken away again at once. It can not get a name later. errno on failure.
UniqueFd openNameless(int folder);

// Where the kernel names an open descriptor: leads to exactly what is open, whatever happened to its path.
std::string self(int fd);

// errno as an Error: the code as tree.hpp promises; the text ends with lower-case words that name the cause, "file name
// too long" and "is a directory" among them.
Error failure(int error, std::string_view path);

} // namespace pinion::core::beneath
