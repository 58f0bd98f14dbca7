// JSON pointers (RFC 6901) into JSON text. Values keep the text they have: no number is read and written again.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

// "/a~1b/0" -> {"a/b", "0"}; "" -> {}. Code::invalid when it neither is empty nor begins with '/'.
Result<std::vector<std::string>> pointerSegments(std::string_view pointer);
// The value at `segments` from the one with index `from` on. Code::notFound names `pointer`.
Result<std::string> valueAt(std::string_view json, const std::vector<std::string> &segments, std::size_t from,
                            std::string_view pointer);

} // namespace pinion::core
