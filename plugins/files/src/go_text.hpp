// Text as the protocol's clients know it from Go: quoted names, lexical paths, times of the node's zone. All pure but
// for the zone, which is read from the system once a quarter of an hour of the times that are asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pinion::files {

// The name in double quotes, everything that is not printable escaped: fit for a header whatever the name holds.
std::string quoted(std::string_view name);

// Shortest equal path: no "//", ".", and no ".." but at the start of a relative one; "." when nothing is left.
std::string cleanPath(std::string_view path);
// Both with a slash between, cleaned; "" when both are empty.
std::string joinPath(std::string_view folder, std::string_view name);
// The last element without slashes after it; "." for "", "/" for slashes only.
std::string_view baseName(std::string_view path);
// From the last dot of the last element, or "".
std::string_view extension(std::string_view path);
// Whether the path, as the file service reads it, is the server's folder itself.
bool isRoot(std::string_view path);

// 2026-11-21T01:56:42Z, or with the zone's offset.
void appendTime(std::string &out, std::int64_t unix_seconds);
std::string timeText(std::int64_t unix_seconds);

} // namespace pinion::files
