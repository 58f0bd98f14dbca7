// A file as the API shows it (contract files.md 4): the object of listings, searches, archives and downloads.
#pragma once

#include <pinion/cpp/files.hpp>

#include <string>
#include <string_view>

namespace pinion::files {

// Appends the object. No library in between: a listing has thousands of them.
void appendEntry(std::string &out, const pinion_file_info &info, std::string_view name, std::string_view mime);

// "-rw-r--r--", with Go's letters before: d, L, D, p, S, u, g, c, t.
std::string modeText(std::uint32_t type, std::uint32_t mode);

// What entries are that are no regular files and so are never looked into.
std::string_view mimeOfSpecial(std::uint32_t type);

} // namespace pinion::files
