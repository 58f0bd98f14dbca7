// URLs of downloads: the errors that the Panel shows, and the name of what is downloaded. Pure; who connects where is
// decided elsewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pinion::files {

// Why the text is no URL, in Go's words, or nothing.
std::optional<std::string> urlFault(std::string_view url);

// The last segment of the path, decoded; "" when there is none.
std::string urlFileName(std::string_view url);

} // namespace pinion::files
