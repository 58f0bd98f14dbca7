#include "archives/gzip_sink.hpp"

#include "archives/archive_for_tests.hpp"
#include "archives/gzip_block.hpp"

#include <catch2/catch.hpp>
#include <zlib.h>

#include <string>

using namespace pinion::core;
using namespace pinion::core::archives;
using pinion::core::archives::testing::noise;

namespace {

struct Kept final : ByteSink {
  std::string bytes;
  Result<void> write(std::string_view piece) override {
    bytes += piece;
    return {};
  }
  Result<void> finish() override { return {}; }
};

std::string deflated(std::string_view bytes, Level level) {
  Kept kept;
  GzipSink sink(kept, level, 2);
  REQUIRE(sink.write(bytes));
  REQUIRE(sink.finish());
  return kept.bytes;
}

// By zlib, as one member.
std::string inflated(const std::string &gzip, std::size_t size) {
  std::string bytes(size + 1, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef *>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  const int status = inflate(&stream, Z_FINISH);
  CHECK(stream.avail_in == 0);
  bytes.resize(bytes.size() - stream.avail_out);
  inflateEnd(&stream);
  CHECK(status == Z_STREAM_END);
  return bytes;
}

} // namespace

TEST_CASE("a block refers to the end of the one before it") {
  const std::string random = noise(kBlock);
  const std::string bytes = random + random.substr(kBlock - kWindow / 2); // the second block is the end of the first
  for (const Level level : {Level::best_speed, Level::best_compression}) {
    const std::string gzip = deflated(bytes, level);
    CHECK(gzip.size() < kBlock + kWindow / 8);
    CHECK(inflated(gzip, bytes.size()) == bytes);
  }
}

TEST_CASE("blocks on both sides of their size are read again by zlib") {
  const std::string random = noise(2 * kBlock + 1);
  for (const Level level : {Level::none, Level::best_speed, Level::best_compression})
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock, 2 * kBlock + 1}) {
      const std::string bytes = random.substr(0, size);
      CHECK(inflated(deflated(bytes, level), size) == bytes);
    }
}
