// The folders that the node keeps for itself, by the names that plugins know them by.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

#include <string>
#include <string_view>

namespace pinion::core {

// The path of one of them, made when it is missing; Code::notFound for a name that is none.
Result<std::string> nodeFolder(const Config &config, std::string_view which);
Result<UniqueFd> openNodeFolder(const Config &config, std::string_view which);

} // namespace pinion::core
