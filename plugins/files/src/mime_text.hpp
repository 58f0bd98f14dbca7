// Kinds of text, for mime.cpp. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pinion::files::mime {

// The text kind of bytes that are text, with its character set; empty when they are none. Fewer than kSniffed bytes are
// all of the file.
std::string ofText(std::string_view head);

} // namespace pinion::files::mime
