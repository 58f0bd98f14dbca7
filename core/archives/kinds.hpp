// What an archive may be and how far one has come: shared by packing and unpacking. Contract:
// sdk/contracts/archives.v1.json.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace pinion::core::archives {

enum class Format { tar, tar_gz, tar_bz2, tar_xz, tar_zst, zip };
enum class Level { none, best_speed, best_compression };
enum class Checksum { none, sha1, sha256 };

struct Progress {
  std::uint64_t bytes = 0;
  std::uint64_t total = 0; // 0: not known
  std::uint64_t entries = 0;
  std::string_view name; // any bytes; valid during the call
};

// Called on the working thread, for each entry and each piece of it.
using Told = std::function<void(const Progress &)>;
// Asked for each piece; true ends the work with Code::cancelled.
using Stopped = std::function<bool()>;
// Whether rules name a path: clean, relative to the server's root. A folder's path is asked with and without '/'
// behind.
using Named = std::function<bool(std::string_view path)>;

} // namespace pinion::core::archives
