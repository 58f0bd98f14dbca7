// Unpacking an archive below a server's folder. Names, sizes and kinds in an archive are its maker's claims: each entry
// is made through the confined tree, and what comes out of it is counted while it comes.
#pragma once

#include "archives/kinds.hpp"
#include "filesystem/tree.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

namespace pinion::core::archives {

struct UnpackLimits {
  std::uint64_t entries = 1'000'000;
  std::uint64_t bytes = 0;    // of all files together; 0: none
  std::uint64_t ratio = 2000; // bytes out for each byte of the archive, asked after the first GiB; 0: none
};

struct UnpackOptions {
  std::string root; // as it came: a leading '/' decides what ".." means
  std::string name; // the archive's
  bool links = false;
  bool check_first = true;
  UnpackLimits limits;
};

struct UnpackHooks {
  Named denied; // by the path below the tree's root
  // Counts bytes that the files are about to grow by (negative: that were not needed); Code::full refuses them.
  std::function<Result<void>(std::int64_t bytes)> reserve;
  // How many bytes there is room for; empty when there is no limit.
  std::function<Result<std::int64_t>()> room;
  Told told;
  Stopped stopped;
};

struct Unpacked {
  std::uint64_t bytes = 0, entries = 0, passed_over = 0;
  std::string format;
};

// [pool] Minutes or hours, until hooks.stopped says true; what was written then stays. `in` stays the caller's. Errors:
// those of the confined tree, and those of the contract (sdk/contracts/archives.v1.json).
Result<Unpacked> unpack(const Tree &tree, int in, const UnpackOptions &options, const UnpackHooks &hooks);

} // namespace pinion::core::archives
