// Every kind of archive that users bring (contract files.md 5), those that no library here writes made by hand.
#include "archives/archive_for_tests.hpp"

#include <zlib.h>

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;

namespace {

std::uint32_t crc(const std::string &bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef *>(bytes.data()), static_cast<uInt>(bytes.size())));
}
// Little-endian.
std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

// A block of RAR 1.5 to 4: what follows the checksum, which is half a CRC.
std::string rar4Block(const std::string &head) { return number(crc(head) & 0xffff, 2) + head; }
std::string rar4File(const std::string &name, const std::string &bytes, bool folder = false) {
  const unsigned flags = folder ? 0x80e0 : 0x8000, mode = folder ? 040755 : 0100640;
  const std::size_t size = 32 + name.size();
  return rar4Block(std::string(1, '\x74') + number(flags, 2) + number(size, 2) + number(bytes.size(), 4) +
                   number(bytes.size(), 4) + '\x03' /* Unix */ + number(crc(bytes), 4) +
                   number(0x449c5a21, 4) /* DOS time */ + '\x14' + '\x30' /* stored */ + number(name.size(), 2) +
                   number(mode, 4) + name) +
         bytes;
}
std::string rar4(const std::string &files) {
  return std::string("Rar!\x1a\x07\0", 7) +
         rar4Block(std::string(1, '\x73') + number(0, 2) + number(13, 2) + number(0, 6)) + files +
         rar4Block(std::string(1, '\x7b') + number(0x4000, 2) + number(7, 2));
}

// RAR 5: numbers of seven bits a byte, and a whole CRC over the size and what it counts.
std::string vint(std::uint64_t value) {
  std::string out;
  for (; value > 0x7f; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out + static_cast<char>(value);
}
std::string rar5Block(const std::string &head) {
  const std::string counted = vint(head.size()) + head;
  return number(crc(counted), 4) + counted;
}
std::string rar5File(const std::string &name, const std::string &bytes, bool folder = false) {
  const unsigned facts = folder ? 0x3 : 0x6; // a folder; a time; a checksum
  return rar5Block(vint(2) + vint(2) + vint(bytes.size()) + vint(facts) + vint(bytes.size()) +
                   vint(folder ? 040755 : 0100640) + number(1'400'000'000, 4) + (folder ? "" : number(crc(bytes), 4)) +
                   vint(0) /* stored */ + vint(1) /* Unix */ + vint(name.size()) + name) +
         bytes;
}
std::string rar5(const std::string &files) {
  return std::string("Rar!\x1a\x07\x01\0", 8) + rar5Block(vint(1) + vint(0) + vint(0)) + files +
         rar5Block(vint(5) + vint(0) + vint(0));
}

// A zip of one entry; `packed` as the method says, `flags` 0x800: the name is UTF-8.
std::string zip(const std::string &name, const std::string &plain, const std::string &packed, unsigned method,
                unsigned flags = 0) {
  const std::string facts = number(20, 2) + number(flags, 2) + number(method, 2) + number(0, 2) + number(0x449c, 2) +
                            number(crc(plain), 4) + number(packed.size(), 4) + number(plain.size(), 4) +
                            number(name.size(), 2) + number(0, 2);
  const std::string local = "PK\x03\x04" + facts + name + packed;
  const std::string central = "PK\x01\x02" + number(20, 2) + facts + number(0, 2) + number(0, 2) + number(0, 2) +
                              number(0, 4) + number(0, 4) + name;
  return local + central + "PK\x05\x06" + number(0, 4) + number(1, 2) + number(1, 2) + number(central.size(), 4) +
         number(local.size(), 4) + number(0, 2);
}
// One block of deflate that is stored.
std::string storedBlock(const std::string &bytes) {
  return '\x01' + number(bytes.size(), 2) + number(~bytes.size() & 0xffff, 2) + bytes;
}

} // namespace

TEST_CASE("rar archives of both generations are unpacked, with folders, modes and names of any script") {
  const std::string rar = GENERATE(as<std::string>(), "4", "5");
  const auto file = rar == "4" ? rar4File : rar5File;
  const std::string content(100'000, 'r');
  Volume volume;
  write(volume.base / "a.rar", (rar == "4" ? rar4 : rar5)(file("top.txt", "top", false) + file("d", "", true) +
                                                          file("d/big", content, false) + file("none", "", false)));
  const auto done = unpacked(volume, "a.rar");
  if (!done) FAIL(done.error().text);
  CHECK(done->format == "rar");
  CHECK(done->bytes == 3 + content.size());
  CHECK(volume.all(volume.root) == Files{{"top.txt", "top"}, {"d", "/"}, {"d/big", content}, {"none", ""}});
  struct stat facts {};
  REQUIRE(::stat((volume.root / "top.txt").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0640);
}

TEST_CASE("a rar is known by its beginning, and its names do not climb") {
  const std::string rar = GENERATE(as<std::string>(), "4", "5");
  const auto file = rar == "4" ? rar4File : rar5File;
  const auto whole = rar == "4" ? rar4 : rar5;
  Volume volume;
  write(volume.base / "download", whole(file("../../a", "x", false)));
  UnpackOptions options;
  options.root = "/in";
  REQUIRE(unpacked(volume, "download", options));
  CHECK(volume.all(volume.root) == Files{{"in", "/"}, {"a", "x"}});
  options.root = "in";
  CHECK(unpacked(volume, "download", options).error().detail == EXDEV);
}

TEST_CASE("a rar that is cut off is damaged") {
  const std::string rar = GENERATE(as<std::string>(), "4", "5");
  const auto file = rar == "4" ? rar4File : rar5File;
  const auto whole = rar == "4" ? rar4 : rar5;
  Volume volume;
  const std::string good = whole(file("a", std::string(5000, 'x'), false));
  write(volume.base / "cut.rar", good.substr(0, 3000));
  CHECK(unpacked(volume, "cut.rar").error().detail == EBADMSG);
}

TEST_CASE("tar is read in each of its forms, with long names where the form has them") {
  const auto [format, longest] =
      GENERATE(table<std::string, std::size_t>({{"v7tar", 90}, {"ustar", 200}, {"pax", 3000}, {"gnutar", 3000}}));
  const std::string compression = GENERATE(as<std::string>(), "", "gzip", "bzip2", "xz", "zstd", "lz4", "lzip");
  INFO(format << " " << compression);
  std::string name;
  while (name.size() + 30 < longest) name += std::string(24, 'n') + "/";
  name += "end";
  Volume volume;
  make(volume, "archive", format, compression, {{name, "content"}});
  REQUIRE(unpacked(volume, "archive"));
  CHECK(volume.read(volume.root / name) == "content");
}

TEST_CASE("zip is read stored, deflated and with 64-bit sizes, in any order of flags") {
  const auto [option, value] = GENERATE(table<std::string, std::string>(
      {{"compression", "store"}, {"compression", "deflate"}, {"zip64", "1"}, {"zip64", "0"}}));
  Volume volume;
  const std::string content(70'000, 'z');
  {
    const ArchivePtr a(archive_write_new());
    REQUIRE(archive_write_set_format_zip(a.get()) == ARCHIVE_OK);
    REQUIRE(archive_write_set_format_option(a.get(), "zip", option.c_str(), value == "0" ? nullptr : value.c_str()) ==
            ARCHIVE_OK);
    REQUIRE(archive_write_open_filename(a.get(), (volume.base / "a.zip").c_str()) == ARCHIVE_OK);
    const EntryPtr entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), "d/a");
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    REQUIRE(archive_write_header(a.get(), entry.get()) == ARCHIVE_OK);
    REQUIRE(archive_write_data(a.get(), content.data(), content.size()) == static_cast<la_ssize_t>(content.size()));
    REQUIRE(archive_write_close(a.get()) == ARCHIVE_OK);
  }
  const auto done = unpacked(volume, "a.zip");
  if (!done) FAIL(done.error().text);
  CHECK(done->format == "zip");
  CHECK(volume.read(volume.root / "d/a") == content);
}

TEST_CASE("names in a zip stay the bytes they are, whatever script they claim to be in") {
  const auto [name, flags] = GENERATE(table<std::string, unsigned>({
      {"plain.txt", 0},
      {"\u00e9t\u00e9.txt", 0x800}, // UTF-8, and says so
      {"\u00e9t\u00e9.txt", 0},     // UTF-8 that does not say so: what most tools of today write
      {"\x82t\x82.txt", 0},         // code page 437
      {"\x8c\x8e.txt", 0},          // Shift-JIS
  }));
  Volume volume;
  write(volume.base / "a.zip", zip(name, "x", "x", 0, flags));
  const auto done = unpacked(volume, "a.zip");
  if (!done) FAIL(done.error().text);
  CHECK(volume.all(volume.root) == Files{{name, "x"}});
}

TEST_CASE("a zip with a way of packing that cannot be read is refused, and not taken for an empty one") {
  Volume volume;
  write(volume.base / "good.zip", zip("a", "data", storedBlock("data"), 8));
  REQUIRE(unpacked(volume, "good.zip"));
  CHECK(volume.all(volume.root) == Files{{"a", "data"}});
  write(volume.base / "deflate64.zip", zip("b", "data", storedBlock("data"), 9));
  const auto done = unpacked(volume, "deflate64.zip");
  REQUIRE_FALSE(done);
  CHECK(done.error().detail == EBADMSG);
}
