// Character sets of text, for the kinds of files. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pinion::files {

// What a byte order mark at its start says; nullptr without one.
const char *markedCharset(std::string_view text);
// What its bytes say; empty when they are no text in a charset that is told apart.
std::string_view charsetOf(std::string_view text);
// What a <meta> of the page says, or nothing.
std::string htmlCharset(std::string_view text);
// Whether the XML declaration names UTF-8.
bool declaresUtf8(std::string_view text);
// Only what is a plain word becomes a parameter: the value may come out of the file.
std::string withCharset(const char *kind, std::string_view charset);

} // namespace pinion::files
