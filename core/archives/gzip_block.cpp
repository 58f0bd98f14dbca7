#include "archives/gzip_block.hpp"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <algorithm>

namespace pinion::core::archives {

Deflater::Deflater(Level level) : level_(level) {
  if (level_ != Level::best_speed) return;
  stream_ = std::make_unique<isal_zstream>();
  level_buffer_.resize(ISAL_DEF_LVL2_DEFAULT);
}

Deflater::~Deflater() = default;

void Deflater::run(Block &block) {
  auto *bytes = reinterpret_cast<unsigned char *>(block.in.data());
  block.crc = crc32_gzip_refl(0, bytes, block.in.size());
  const bool packed = level_ == Level::best_speed         ? fast(block)
                      : level_ == Level::best_compression ? small(block)
                                                          : false;
  if (!packed) store(block);
}

bool Deflater::fast(Block &block) {
  block.out.resize(block.in.size() + block.in.size() / 8 + 1024);
  isal_zstream &stream = *stream_;
  isal_deflate_init(&stream);
  stream.level = 2;
  stream.level_buf = level_buffer_.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
  stream.gzip_flag = IGZIP_DEFLATE;
  stream.flush = SYNC_FLUSH;
  stream.end_of_stream = 0;
  if (!block.before.empty() && isal_deflate_set_dict(&stream, reinterpret_cast<std::uint8_t *>(block.before.data()),
                                                     static_cast<std::uint32_t>(block.before.size())) != COMP_OK)
    return false;
  stream.next_in = reinterpret_cast<std::uint8_t *>(block.in.data());
  stream.avail_in = static_cast<std::uint32_t>(block.in.size());
  stream.next_out = reinterpret_cast<std::uint8_t *>(block.out.data());
  stream.avail_out = static_cast<std::uint32_t>(block.out.size());
  // Without room to spare the flush may not have been written whole.
  if (isal_deflate(&stream) != COMP_OK || stream.avail_in != 0 || stream.avail_out == 0) return false;
  block.out.resize(block.out.size() - stream.avail_out);
  return true;
}

bool Deflater::small(Block &block) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) return false;
  if (!block.before.empty())
    deflateSetDictionary(&stream, reinterpret_cast<Bytef *>(block.before.data()),
                         static_cast<uInt>(block.before.size()));
  block.out.resize(deflateBound(&stream, block.in.size()) + 64);
  stream.next_in = reinterpret_cast<Bytef *>(block.in.data());
  stream.avail_in = static_cast<uInt>(block.in.size());
  stream.next_out = reinterpret_cast<Bytef *>(block.out.data());
  stream.avail_out = static_cast<uInt>(block.out.size());
  const bool whole = deflate(&stream, Z_SYNC_FLUSH) == Z_OK && stream.avail_in == 0 && stream.avail_out != 0;
  block.out.resize(block.out.size() - stream.avail_out);
  deflateEnd(&stream);
  return whole;
}

// Deflate's way of not compressing: pieces of up to 65535 bytes behind a head of five.
void Deflater::store(Block &block) {
  block.out.clear();
  for (std::size_t at = 0; at < block.in.size();) {
    const std::size_t length = std::min<std::size_t>(block.in.size() - at, 65535);
    const auto low = static_cast<char>(length & 0xff), high = static_cast<char>(length >> 8);
    const char head[] = {0, low, high, static_cast<char>(~low), static_cast<char>(~high)};
    block.out.insert(block.out.end(), head, head + sizeof head);
    block.out.insert(block.out.end(), block.in.begin() + static_cast<std::ptrdiff_t>(at),
                     block.in.begin() + static_cast<std::ptrdiff_t>(at + length));
    at += length;
  }
}

} // namespace pinion::core::archives
