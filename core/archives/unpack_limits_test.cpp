// Archives that are more than the disk limit or the limits of unpacking allow, whatever they say of themselves.
#include "archives/archive_for_tests.hpp"
#include "archives/tar_header.hpp"

#include <limits>

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;

namespace {

std::int64_t bytesIn(const Volume &volume) {
  std::int64_t bytes = 0;
  for (const auto &[name, text] : volume.all(volume.root)) bytes += static_cast<std::int64_t>(text.size());
  return bytes;
}

} // namespace

TEST_CASE("what does not fit is refused before anything is written") {
  for (const std::string kind : {"zip", "pax", "7zip"}) {
    INFO(kind);
    Volume volume;
    volume.put("kept", "x");
    make(volume, "a", kind, "",
         {{"first", "x"}, {"zeroes", std::string(2 << 20, '\0')}, {"new/folder/", "", AE_IFDIR}});
    Quota quota{1 << 20};
    const auto done = unpacked(volume, "a", {}, quota.hooks());
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::full);
    CHECK(volume.all(volume.root) == Files{{"kept", "x"}});
    CHECK(quota.most == 0);
  }
}

TEST_CASE("a size beyond all bounds does not fit") {
  Volume volume;
  write(volume.base / "a.tar", tarHeader({"huge", TarEntry::Type::file, 0644, std::uint64_t{1} << 62, 0, ""}));
  Quota quota{1 << 20};
  const auto done = unpacked(volume, "a.tar", {}, quota.hooks());
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::full);
  CHECK(volume.all(volume.root).empty());
}

TEST_CASE("real bytes count, whatever was claimed, and what was not needed is given back") {
  Volume volume;
  make(volume, "a.tar.gz", "pax", "gzip", {{"small", "123"}, {"zeroes", std::string(8 << 20, '\0')}});
  Quota quota{4 << 20};
  UnpackOptions options;
  options.check_first = false;
  const auto done = unpacked(volume, "a.tar.gz", options, quota.hooks());
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::full);
  CHECK(quota.most <= quota.limit);
  CHECK(quota.used == bytesIn(volume));
}

TEST_CASE("limits end an archive of too many entries, too many bytes or too much swelling") {
  Volume volume;
  std::vector<Given> many;
  for (int i = 0; i < 50; ++i) many.push_back({"f" + std::to_string(i), "x"});
  make(volume, "many.zip", "zip", "", many);
  UnpackOptions options;
  options.limits.entries = 20;
  auto done = unpacked(volume, "many.zip", options);
  REQUIRE_FALSE(done);
  CHECK((done.error().code == Code::full && done.error().detail == E2BIG));
  CHECK(volume.all(volume.root).size() == 20);

  make(volume, "big.tar.gz", "pax", "gzip", {{"zeroes", std::string(4 << 20, '\0')}});
  options = {};
  options.limits.bytes = 1 << 20;
  done = unpacked(volume, "big.tar.gz", options);
  REQUIRE_FALSE(done);
  CHECK(done.error().detail == E2BIG);
  CHECK(fs::file_size(volume.root / "zeroes") <= options.limits.bytes);
}

TEST_CASE("a sparse file counts with its holes, and swelling beyond a gibibyte is bounded") {
  Volume volume;
  // As GNU tar writes one: a table of (offset, length) from 386 on, the real size at 483.
  std::string header = tarHeader({"holes", TarEntry::Type::file, 0644, 0, 0, ""});
  header[156] = 'S';
  header.replace(257, 8, std::string("ustar  \0", 8));
  header.replace(386, 24,
                 std::string("77777777777\0"
                             "00000000000\0",
                             24));
  header.replace(483, 12, std::string("77777777777\0", 12));
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < header.size(); ++i)
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  header.replace(148, 7, digits, 7);
  write(volume.base / "sparse.tar", header + std::string(1024, '\0'));
  for (const bool check_first : {true, false}) {
    Quota quota{1 << 30};
    UnpackOptions options;
    options.check_first = check_first;
    const auto done = unpacked(volume, "sparse.tar", options, quota.hooks());
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::full);
    CHECK(quota.most <= quota.limit);
  }
  const auto done = unpacked(volume, "sparse.tar");
  REQUIRE_FALSE(done);
  CHECK(done.error().detail == E2BIG);
}

namespace {

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

// A zip by hand: the stored bytes "x" under one name in front, and a directory with so many entries that each claim
// `size` bytes (as zip64) and all point at the same place, or each a byte further.
std::string zipClaiming(int entries, std::uint64_t size, int apart) {
  const std::string zip64 = little(1, 2) + little(16, 2) + little(size, 8) + little(size, 8);
  std::string body, directory;
  for (int i = 0; i < (apart == 0 ? 1 : entries); ++i)
    body += "PK\3\4" + little(45, 2) + little(0, 4) + little(0, 4) + little(0, 4) + little(0xffffffff, 4) +
            little(0xffffffff, 4) + little(2, 2) + little(zip64.size(), 2) + "f" + std::to_string(i) + zip64 + "x";
  const std::size_t each = apart == 0 ? 0 : body.size() / static_cast<std::size_t>(entries);
  for (int i = 0; i < entries; ++i)
    directory += "PK\1\2" + little(45, 2) + little(45, 2) + little(0, 4) + little(0, 4) + little(0, 4) +
                 little(0xffffffff, 4) + little(0xffffffff, 4) + little(2, 2) + little(zip64.size(), 2) + little(0, 2) +
                 little(0, 2) + little(0, 2) + little(0100644u << 16, 4) +
                 little(each * static_cast<std::size_t>(i), 4) + "f" + std::to_string(i) + zip64;
  return body + directory + "PK\5\6" + little(0, 4) + little(static_cast<std::uint64_t>(entries), 2) +
         little(static_cast<std::uint64_t>(entries), 2) + little(directory.size(), 4) + little(body.size(), 4) +
         little(0, 2);
}

} // namespace

TEST_CASE("sizes of a zip that together are more than a number holds do not fit, whatever the limit") {
  Volume volume;
  write(volume.base / "a.zip", zipClaiming(4, std::uint64_t{1} << 62, 1));
  Quota quota{std::numeric_limits<std::int64_t>::max()};
  const auto done = unpacked(volume, "a.zip", {}, quota.hooks());
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::full);
  CHECK(quota.most == 0);
  CHECK(volume.all(volume.root).empty());
}

TEST_CASE("entries of a zip that share their bytes swell no further than the disk limit") {
  for (const bool check_first : {true, false}) {
    INFO(check_first);
    Volume volume;
    write(volume.base / "a.zip", zipClaiming(9, 1 << 20, 0));
    Quota quota{4 << 20};
    UnpackOptions options;
    options.check_first = check_first;
    const auto done = unpacked(volume, "a.zip", options, quota.hooks());
    CHECK_FALSE(done); // of what is claimed one byte is there
    CHECK(quota.most <= quota.limit);
    CHECK(quota.used == bytesIn(volume));
  }
}

TEST_CASE("an archive in an archive is a file like others") {
  Volume volume;
  make(volume, "inner.zip", "zip", "", {{"zeroes", std::string(8 << 20, '\0')}});
  const std::string inner = Volume::read(volume.base / "inner.zip");
  make(volume, "outer.zip", "zip", "", {{"inner.zip", inner}});
  Quota quota{1 << 20};
  REQUIRE(unpacked(volume, "outer.zip", {}, quota.hooks()));
  CHECK(volume.all(volume.root) == Files{{"inner.zip", inner}});
}
