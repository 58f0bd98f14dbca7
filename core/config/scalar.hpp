// What the text of a plain YAML scalar means, as the reference daemon reads it (YAML 1.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pinion::core {

bool isNullText(std::string_view text);
std::optional<bool> boolFromText(std::string_view text);
// 0x, 0o, 0b, leading-zero octal and "_" between digits are read; a fraction is none.
std::optional<std::int64_t> integerFromText(std::string_view text);
std::optional<std::uint64_t> unsignedFromText(std::string_view text);
std::optional<double> numberFromText(std::string_view text); // finite

} // namespace pinion::core
