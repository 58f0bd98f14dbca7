// What kind of file this is, told from its first bytes alone, by the names that the Panel knows (contract files.md 4).
// Its editor and its archive buttons hang on them, so the names are the classic daemon's and no library's. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pinion::files {

constexpr std::size_t kSniffed = 3072; // bytes that are looked at

// `head` are the first bytes of the file, up to kSniffed; fewer mean that this is all of it.
std::string mimeOf(std::string_view head);

} // namespace pinion::files
