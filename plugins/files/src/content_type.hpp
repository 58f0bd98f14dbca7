// The Content-Type of a body that nobody named, told from its first 512 bytes by the rules of the MIME Sniffing
// Standard, as Go's HTTP server does. Pure.
#pragma once

#include <string_view>

namespace pinion::files {

std::string_view sniffContentType(std::string_view body);

} // namespace pinion::files
