#include "archives/archive_for_tests.hpp"
#include "archives/entry_reader.hpp"
#include "archives/sources.hpp"

#include <brotli/encode.h>
#include <isa-l/crc.h>
#include <lzma.h>
#include <snappy.h>
#include <zlib.h>

#include <cstring>

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;

namespace {

// Gives bytes in pieces of a size.
class Pieces final : public ByteSource {
public:
  Pieces(std::string bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  Result<std::size_t> read(char *into, std::size_t room) override {
    const std::size_t length = std::min({room, piece_, bytes_.size() - at_});
    std::memcpy(into, bytes_.data() + at_, length);
    at_ += length;
    return length;
  }

private:
  const std::string bytes_;
  const std::size_t piece_;
  std::size_t at_ = 0;
};

// The stream says that its decoder has to remember 2^(12 + window/2) bytes.
std::string xzed(const std::string &plain, std::uint8_t window) {
  lzma_options_lzma options;
  REQUIRE_FALSE(lzma_lzma_preset(&options, 0));
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  std::string out(plain.size() + 4096, '\0');
  std::size_t length = 0;
  REQUIRE(lzma_stream_buffer_encode(const_cast<lzma_filter *>(filters), LZMA_CHECK_CRC32, nullptr,
                                    reinterpret_cast<const std::uint8_t *>(plain.data()), plain.size(),
                                    reinterpret_cast<std::uint8_t *>(out.data()), &length, out.size()) == LZMA_OK);
  out.resize(length);
  auto *const head = reinterpret_cast<std::uint8_t *>(out.data()) + LZMA_STREAM_HEADER_SIZE;
  const std::size_t size = std::size_t{head[0]} * 4; // without its checksum
  const auto filter = out.find("\x21\1", LZMA_STREAM_HEADER_SIZE + 2);
  REQUIRE(filter < LZMA_STREAM_HEADER_SIZE + size - 2);
  out[filter + 2] = static_cast<char>(window);
  const std::uint32_t sum = lzma_crc32(head, size, 0);
  std::memcpy(head + size, &sum, sizeof sum); // little-endian, as all we build for
  return out;
}

Result<std::string> decoded(Coding coding, const std::string &bytes, std::size_t piece, std::size_t room = 5000) {
  Pieces from(bytes, piece);
  const auto source = decoder(coding, from);
  std::string out, part(room, '\0');
  for (;;) {
    auto got = source->read(part.data(), part.size());
    if (!got) return got.error();
    if (*got == 0) return out;
    out.append(part, 0, *got);
  }
}

std::string text() {
  std::string out;
  for (int i = 0; i < 20'000; ++i) out += "line " + std::to_string(i * 7919 % 1000) + "\n";
  return out;
}

// Window bits as zlib has them: 15 zlib, 31 gzip.
std::string deflated(const std::string &plain, int bits) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

void number(std::string &out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> 8 * i));
}

std::string snapped(const std::string &plain, bool plainly) {
  std::string out("\xff\x06\0\0sNaPpY", 10);
  for (std::size_t at = 0; at < plain.size(); at += 65536) {
    std::string piece = plain.substr(at, 65536), packed;
    const std::uint32_t crc =
        ~crc32_iscsi(reinterpret_cast<unsigned char *>(piece.data()), static_cast<int>(piece.size()), 0xffffffffU);
    snappy::Compress(piece.data(), piece.size(), &packed);
    if (plainly) packed = piece;
    out.push_back(plainly ? 1 : 0);
    number(out, static_cast<std::uint32_t>(packed.size() + 4), 3);
    number(out, (crc >> 15 | crc << 17) + 0xa282ead8U, 4);
    out += packed;
  }
  return out;
}

std::string brotlied(const std::string &plain) {
  std::size_t length = BrotliEncoderMaxCompressedSize(plain.size());
  std::string out(length, '\0');
  REQUIRE(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, plain.size(),
                                reinterpret_cast<const std::uint8_t *>(plain.data()), &length,
                                reinterpret_cast<std::uint8_t *>(out.data())) == BROTLI_TRUE);
  out.resize(length);
  return out;
}

} // namespace

TEST_CASE(
    "each decoder gives back what was compressed, however the bytes come, and tells of a stream that is cut off") {
  const std::string plain = text();
  const std::vector<std::tuple<Coding, std::string, std::string>> cases = {
      {Coding::gzip, deflated(plain, 31), plain},
      {Coding::gzip, deflated(plain, 31) + deflated("more", 31) + deflated("", 31) + deflated("end", 31),
       plain + "moreend"},
      {Coding::zlib, deflated(plain, 15), plain},
      {Coding::snappy, snapped(plain, false), plain},
      {Coding::snappy, snapped(plain, true), plain},
      {Coding::brotli, brotlied(plain), plain},
      {Coding::xz, xzed(plain, 18), plain},
      {Coding::xz, xzed(plain, 18) + xzed("more", 18), plain + "more"}};
  for (const auto &[coding, bytes, wanted] : cases)
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
      INFO(static_cast<int>(coding) << " in pieces of " << piece);
      const auto whole = decoded(coding, bytes, piece);
      if (!whole) FAIL(whole.error().text);
      CHECK(*whole == wanted);
      const auto cut = decoded(coding, bytes.substr(0, bytes.size() - 1), piece);
      REQUIRE_FALSE(cut);
      CHECK(cut.error().code == Code::io);
      CHECK(cut.error().detail == EBADMSG);
    }
}

TEST_CASE("a stream that would have more memory than any honest one is refused before it gets it") {
  // What the stream says, whatever follows: it need not hold a gigabyte to have its room made.
  const auto large = decoded(Coding::xz, xzed("text", 28), 4096); // 64 MiB
  if (!large) FAIL(large.error().text);
  CHECK(*large == "text");
  const auto xz = decoded(Coding::xz, xzed("text", 36), 4096); // 1 GiB
  REQUIRE_FALSE(xz);
  CHECK((xz.error().code == Code::full && xz.error().detail == E2BIG));
  const auto lzip = decoded(Coding::lzip, std::string("LZIP\1\x1d") + std::string(100, '\0'), 4096); // 2^29
  REQUIRE_FALSE(lzip);
  CHECK((lzip.error().code == Code::full && lzip.error().detail == E2BIG));
}

TEST_CASE("zeroes and garbage behind a gzip stream are passed over") {
  for (const std::string &tail : {std::string(512, '\0'), std::string("garbage"), std::string("\x1f")}) {
    const auto whole = decoded(Coding::gzip, deflated("text", 31) + tail, 3);
    REQUIRE(whole);
    CHECK(*whole == "text");
  }
}

TEST_CASE("a wrong checksum and bytes of another kind are damage") {
  std::string bytes = snapped(text(), false);
  bytes[15] = static_cast<char>(bytes[15] + 1);
  CHECK(decoded(Coding::snappy, bytes, 4096).error().detail == EBADMSG);
  bytes = deflated(text(), 31);
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] + 1);
  CHECK(decoded(Coding::gzip, bytes, 4096).error().detail == EBADMSG);
  for (const Coding coding : {Coding::gzip, Coding::zlib, Coding::snappy, Coding::brotli, Coding::xz, Coding::lzip})
    CHECK(decoded(coding, std::string(1000, '\xee'), 4096).error().detail == EBADMSG);
}

TEST_CASE("tar in a compression that has no mark of its own is known by its name") {
  Volume volume;
  make(volume, "a.tar", "gnutar", "", {{"f", "text"}});
  const std::string plain = Volume::read(volume.base / "a.tar");
  std::ofstream(volume.base / "a.tar.zz", std::ios::binary) << deflated(plain, 15);
  std::ofstream(volume.base / "a.tsz", std::ios::binary) << snapped(plain, false);
  std::ofstream(volume.base / "a.tar.br", std::ios::binary) << brotlied(plain);
  for (const std::string name : {"a.tar.zz", "a.tsz", "a.tar.br"}) {
    INFO(name);
    const auto done = unpacked(volume, name);
    if (!done) FAIL(done.error().text);
    CHECK(Volume::read(volume.root / "f") == "text");
    fs::remove(volume.root / "f");
  }
}

TEST_CASE("kinds are told by their mark, else by the name") {
  CHECK(kindOf("\x1f\x8b\x08", "a").words == "gz");
  CHECK(kindOf("\x1f\x8b\x08", "dir/notes.TXT.GZ").single == "notes.TXT");
  CHECK(kindOf("\x1f\x8b\x08", "a.tar.gz").single.empty());
  CHECK(kindOf("\x1f\x8b\x08", "a.tgz").single.empty());
  CHECK(kindOf("PK\x03\x04", "a.gz").words.empty());
  CHECK(kindOf("\x78\x9c", "a.zz").words == "zz");
  CHECK(kindOf("\x78\x9c", "a.bin").words.empty());
  CHECK(kindOf("\x1f\x8b\x08", ".gz").single.empty());
}
