// Whether text is JSON, also where it is cut off. Pure; memory grows with the depth of its brackets only.
#pragma once

#include <string_view>

namespace pinion::files {

enum class JsonScan { whole, cut, wrong };

// cut: more text could make it whole.
JsonScan scanJson(std::string_view text);

} // namespace pinion::files
