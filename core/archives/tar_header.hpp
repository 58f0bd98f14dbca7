// Headers of a tar archive: ustar, with a pax header before it where ustar has no room (long names, files beyond 8
// GiB).
#pragma once

#include <cstdint>
#include <string>

namespace pinion::core::archives {

struct TarEntry {
  enum class Type : char { file = '0', link = '2', folder = '5' };
  std::string name; // any bytes but NUL; a folder without '/' at its end
  Type type = Type::file;
  unsigned mode = 0644; // the low 12 bits
  std::uint64_t size = 0;
  std::int64_t modified = 0; // Unix s
  std::string target;        // of a link
};

constexpr std::size_t kTarBlock = 512;

// Owners are left out: 0 without names. A multiple of kTarBlock.
std::string tarHeader(const TarEntry &entry);

} // namespace pinion::core::archives
