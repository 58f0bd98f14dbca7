// Packing what lies in a server's folder into an archive: everything is reached by descriptors below the root, no link
// is followed, memory is constant.
#pragma once

#include "archives/kinds.hpp"
#include "filesystem/tree.hpp"

#include <string>
#include <vector>

namespace pinion::core::archives {

struct PackOptions {
  std::string root;               // below the tree; names in the archive are relative to it
  std::vector<std::string> files; // relative to root; empty: everything
  Format format = Format::tar_gz;
  Level level = Level::best_speed;
  Checksum checksum = Checksum::none;
  bool links = false;      // store symbolic links
  std::uint64_t limit = 0; // bytes of the archive; 0: none
  std::uint64_t rate = 0;  // bytes of the archive a second; 0: none
};

struct PackHooks {
  Named denied;  // by the path below the tree's root
  Named ignored; // by the path below options.root
  Told told;
  Stopped stopped;
  std::uint64_t total = 0; // for told()
};

struct Packed {
  std::uint64_t bytes = 0, entries = 0, left_out = 0;
  std::string checksum;
};

// [pool] Minutes or hours, until hooks.stopped says true. Threads of its own for gzip, joined before it returns.
// Errors: those of the confined tree for options.root, of Output for `out`, Code::io for a file that cannot be read.
Result<Packed> pack(const Tree &tree, int out, const PackOptions &options, const PackHooks &hooks);

} // namespace pinion::core::archives
