// One block of a gzip stream that is deflated in parts.
#pragma once

#include "archives/kinds.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

struct isal_zstream;

namespace pinion::core::archives {

constexpr std::size_t kBlock = 1 << 20;
constexpr std::size_t kWindow = 1 << 15; // how far deflate looks back

struct Block {
  std::vector<char> in;     // up to kBlock bytes
  std::vector<char> before; // the last bytes of the block before it: what this one may refer to
  std::vector<char> out;
  std::uint32_t crc = 0;
  bool done = false; // under the sink's lock
};

// What one thread needs to deflate, with the window of the block before. best_speed: ISA-L level 2, within
// 0.03 percent of pgzip's fastest or below it. Level 1 is a tenth faster and 1 to 5 percent larger, level 3 takes a
// third to two thirds more time for 0.2 to 5 percent. best_compression: zlib level 9.
class Deflater {
public:
  explicit Deflater(Level level);
  ~Deflater();
  Deflater(const Deflater &) = delete;
  Deflater &operator=(const Deflater &) = delete;
  // Fills block.out and block.crc. What ends on a byte border and is no last block of deflate: more can follow.
  void run(Block &block);

private:
  bool fast(Block &block);
  static bool small(Block &block);
  static void store(Block &block);

  const Level level_;
  std::unique_ptr<isal_zstream> stream_;
  std::vector<std::uint8_t> level_buffer_;
};

} // namespace pinion::core::archives
