#include "archives/archive_for_tests.hpp"
#include "archives/tar_header.hpp"

#include <zlib.h>

#include <sys/wait.h>

#include <limits>

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;

namespace {

using Files = std::map<std::string, std::string>;

// A disk of so many bytes.
struct Quota {
  std::int64_t limit, used = 0, most = 0;
  UnpackHooks hooks() {
    UnpackHooks out;
    out.room = [this] { return Result<std::int64_t>(limit - used); };
    out.reserve = [this](std::int64_t bytes) -> Result<void> {
      if (bytes > 0 && bytes > limit - used) return Error{Code::full, "full", EDQUOT};
      used += bytes;
      most = std::max(most, used);
      return {};
    };
    return out;
  }
};

void write(const fs::path &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

} // namespace

TEST_CASE("archives of each kind are unpacked with modes and times") {
  const std::vector<std::pair<std::string, std::pair<std::string, std::string>>> kinds = {
      {"zip", {"zip", ""}},         {"tar", {"gnutar", ""}},       {"7z", {"7zip", ""}},
      {"tar.gz", {"pax", "gzip"}},  {"tar.bz2", {"pax", "bzip2"}}, {"tar.xz", {"pax", "xz"}},
      {"tar.zst", {"pax", "zstd"}}, {"tar.lz4", {"pax", "lz4"}},   {"tar.lz", {"pax", "lzip"}}};
  for (const auto &[ending, how] : kinds) {
    INFO(ending);
    Volume volume;
    make(volume, "a." + ending, how.first, how.second,
         {{"top.txt", "top", AE_IFREG, "", false, 0750, {}},
          {"d/e/deep.txt", "deep", AE_IFREG, "", false, 0644, {}},
          {"\u00e9t\u00e9/\u732b", "cat", AE_IFREG, "", false, 0644, {}},
          {"hollow/inner/", "", AE_IFDIR, "", false, 0755, {}}});
    const auto done = unpacked(volume, "a." + ending);
    if (!done) FAIL(done.error().text);
    CHECK(done->format == ending);
    CHECK(volume.all(volume.root) == Files{{"top.txt", "top"},
                                           {"d", "/"},
                                           {"d/e", "/"},
                                           {"d/e/deep.txt", "deep"},
                                           {"\u00e9t\u00e9", "/"},
                                           {"\u00e9t\u00e9/\u732b", "cat"},
                                           {"hollow", "/"},
                                           {"hollow/inner", "/"}});
    struct stat info {};
    REQUIRE(::stat((volume.root / "top.txt").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0750);
    CHECK(info.st_mtim.tv_sec == 1'400'000'000);
  }
}

TEST_CASE("files are overwritten in place, and a shorter one is cut") {
  Volume volume;
  const auto path = volume.put("f", std::string(5000, 'o'));
  ::chmod(path.c_str(), 0600);
  struct stat before {
  }, after{};
  REQUIRE(::stat(path.c_str(), &before) == 0);
  make(volume, "a.zip", "zip", "", {{"f", "new"}});
  Quota quota{6000, 5000};
  REQUIRE(unpacked(volume, "a.zip", {}, quota.hooks()));
  REQUIRE(::stat(path.c_str(), &after) == 0);
  CHECK(Volume::read(path) == "new");
  CHECK(after.st_ino == before.st_ino);
  CHECK((after.st_mode & 0777) == 0600);
  CHECK(quota.used == 3);
}

TEST_CASE("members that climb end at the root, or are refused where the root was named without a slash") {
  for (const std::string format : {"zip", "pax"})
    for (const std::string name : {"../evil", "../../evil", "x/../../../evil", "/../../evil", "./../evil"}) {
      INFO(format << " " << name);
      Volume volume;
      make(volume, "a", format, "", {{name, "evil"}});
      UnpackOptions options;
      options.root = "/in";
      REQUIRE(unpacked(volume, "a", options));
      CHECK(Volume::read(volume.root / "evil") == "evil");
      CHECK_FALSE(fs::exists(volume.base / "evil"));
      options.root = "in";
      const auto refused = unpacked(volume, "a", options);
      const bool inside = name == "../evil" || name == "./../evil";
      CHECK(static_cast<bool>(refused) == inside);
      if (!refused) CHECK(refused.error().detail == EXDEV);
      CHECK_FALSE(fs::exists(volume.base / "evil"));
    }
}

TEST_CASE("an absolute name is taken below the root") {
  Volume volume;
  make(volume, "a", "pax", "", {{"/etc/pinion-evil", "evil"}});
  REQUIRE(unpacked(volume, "a"));
  CHECK(volume.all(volume.root) == Files{{"etc", "/"}, {"etc/pinion-evil", "evil"}});
}

TEST_CASE("links in an archive are passed over, and nothing is written through one") {
  Volume volume;
  fs::create_directories(volume.base / "outside");
  write(volume.base / "outside/secret", "secret");
  for (const std::string format : {"zip", "pax"}) {
    INFO(format);
    make(volume, "a", format, "",
         {{"link", "", AE_IFLNK, (volume.base / "outside").string()},
          {"link/evil", "evil"},
          {"link2", "", AE_IFLNK, (volume.base / "outside/secret").string()},
          {"link2", "evil"},
          {"up", "", AE_IFLNK, ".."},
          {"up/evil", "evil"}});
    for (const bool links : {false, true}) {
      UnpackOptions options;
      options.links = links;
      (void)unpacked(volume, "a", options);
      CHECK(volume.all(volume.base / "outside") == Files{{"secret", "secret"}});
      CHECK_FALSE(fs::exists(volume.base / "evil"));
      fs::remove_all(volume.root);
      fs::create_directories(volume.root);
    }
  }
}

TEST_CASE("a hard link outwards gives nothing away, one inside becomes a copy") {
  Volume volume;
  write(volume.base / "secret", "secret");
  make(volume, "a", "gnutar", "",
       {{"real", "real"},
        {"good", "", AE_IFREG, "real", true},
        {"evil", "", AE_IFREG, "../secret", true},
        {"evil2", "", AE_IFREG, (volume.base / "secret").string(), true},
        {"real", "", AE_IFREG, "good", true}});
  const auto done = unpacked(volume, "a");
  if (!done) FAIL(done.error().text);
  CHECK(volume.all(volume.root) == Files{{"real", "real"}, {"good", "real"}});
  struct stat info {};
  REQUIRE(::stat((volume.root / "real").c_str(), &info) == 0);
  CHECK(info.st_nlink == 1);
}

TEST_CASE("a name that is there as a link is not written through") {
  for (const std::string target : {"outside", "missing"}) {
    Volume volume;
    write(volume.base / "outside", "kept");
    fs::create_symlink(volume.base / target, volume.root / "f");
    make(volume, "a", "pax", "", {{"f", "evil"}});
    const auto done = unpacked(volume, "a");
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::denied);
    CHECK(Volume::read(volume.base / "outside") == "kept");
    UnpackOptions options;
    options.links = true; // the daemon's own archives put back what was there
    REQUIRE(unpacked(volume, "a", options));
    CHECK(volume.all(volume.root) == Files{{"f", "evil"}});
    CHECK(volume.all(volume.base).count("missing") == 0);
    CHECK(Volume::read(volume.base / "outside") == "kept");
  }
}

TEST_CASE("links of the daemon's own archives come back, in the place of files and links") {
  Volume volume;
  volume.put("d/file", "data");
  fs::create_symlink("d/file", volume.root / "link");
  fs::create_symlink("/etc/hostname", volume.root / "d/far");
  const auto before = volume.all(volume.root);
  PackOptions options;
  options.links = true;
  packed(volume, "a.tar.gz", options);
  fs::remove(volume.root / "link");
  volume.put("link", "a file now");
  UnpackOptions back;
  back.links = true;
  REQUIRE(unpacked(volume, "a.tar.gz", back));
  CHECK(volume.all(volume.root) == before);
}

TEST_CASE("devices and pipes are not made, and special bits of modes are dropped") {
  Volume volume;
  const auto device = [](archive_entry *e) { archive_entry_set_rdev(e, 0x0103); };
  make(volume, "a", "pax", "",
       {{"null", "", AE_IFCHR, "", false, 0666, device},
        {"disk", "", AE_IFBLK, "", false, 0666, device},
        {"pipe", "", AE_IFIFO},
        {"suid", "#!sh", AE_IFREG, "", false, 06777, {}},
        {"sticky/", "", AE_IFDIR, "", false, 01777, {}}});
  const auto done = unpacked(volume, "a");
  if (!done) FAIL(done.error().text);
  CHECK(done->passed_over == 3);
  CHECK(volume.all(volume.root) == Files{{"suid", "#!sh"}, {"sticky", "/"}});
  struct stat info {};
  REQUIRE(::stat((volume.root / "suid").c_str(), &info) == 0);
  CHECK((info.st_mode & 07000) == 0);
  REQUIRE(::stat((volume.root / "sticky").c_str(), &info) == 0);
  CHECK((info.st_mode & 07000) == 0);
}

TEST_CASE("a pipe that lies where a file should go is not waited for") {
  Volume volume;
  REQUIRE(::mkfifo((volume.root / "f").c_str(), 0600) == 0);
  make(volume, "a", "pax", "", {{"f", "x"}});
  CHECK_FALSE(unpacked(volume, "a"));
}

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
  std::int64_t there = 0;
  for (const auto &[name, text] : volume.all(volume.root)) there += static_cast<std::int64_t>(text.size());
  CHECK(quota.used == there);
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

TEST_CASE("denied entries are passed over") {
  Volume volume;
  make(volume, "a.zip", "zip", "", {{"ok", "1"}, {"conf/x", "2"}, {"z", "3"}});
  UnpackHooks hooks;
  hooks.denied = [](std::string_view path) { return path == "conf/x"; };
  const auto done = unpacked(volume, "a.zip", {}, hooks);
  REQUIRE(done);
  CHECK(done->passed_over == 1);
  CHECK(volume.all(volume.root) == Files{{"ok", "1"}, {"z", "3"}});
}

TEST_CASE("what is no archive is told apart from a damaged one") {
  Volume volume;
  for (const auto &[name, bytes] : Files{{"a.txt", "just text"}, {"a.bin", std::string(300, '\1')}, {"empty", ""}}) {
    INFO(name);
    write(volume.base / name, bytes);
    const auto done = unpacked(volume, name);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::invalid);
    CHECK(done.error().detail == EPROTONOSUPPORT);
  }
  for (const std::string kind : {"zip", "tar.gz", "tar.xz", "tar.bz2", "tar.zst"}) {
    INFO(kind);
    std::string text(200'000, '\0');
    std::uint32_t state = 1;
    for (char &c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    make(volume, "whole", kind == "zip" ? "zip" : "pax",
         kind == "zip"       ? ""
         : kind == "tar.gz"  ? "gzip"
         : kind == "tar.xz"  ? "xz"
         : kind == "tar.bz2" ? "bzip2"
                             : "zstd",
         {{"f", text}});
    const std::string whole = Volume::read(volume.base / "whole");
    write(volume.base / ("cut." + kind), whole.substr(0, whole.size() / 2));
    const auto done = unpacked(volume, "cut." + kind);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::io);
    CHECK(done.error().detail == EBADMSG);
  }
  CHECK(volume.all(volume.root).size() <= 1);
}

TEST_CASE("a zip that lost the directory at its end is refused whole, and so is a rar of nothing but its mark") {
  Volume volume;
  make(volume, "whole", "zip", "", {{"a", "1"}, {"b", "2"}});
  const std::string whole = Volume::read(volume.base / "whole");
  write(volume.base / "cut.zip", whole.substr(0, whole.size() - 30));
  write(volume.base / "mark.rar", "Rar!\x1a\7\1" + std::string(1, '\0') + std::string(40, 'x'));
  for (const char *name : {"cut.zip", "mark.rar"}) {
    INFO(name);
    const auto done = unpacked(volume, name);
    REQUIRE_FALSE(done);
    CHECK(done.error().detail == EBADMSG);
  }
  CHECK(volume.all(volume.root).empty());
}

TEST_CASE("an encrypted archive is told so") {
  Volume volume;
  const NamesAsBytes names;
  {
    const ArchivePtr a(archive_write_new());
    archive_write_set_format_zip(a.get());
    if (archive_write_set_options(a.get(), "zip:encryption=zipcrypt") != ARCHIVE_OK) return; // built without
    archive_write_set_passphrase(a.get(), "secret");
    REQUIRE(archive_write_open_filename(a.get(), (volume.base / "a.zip").c_str()) == ARCHIVE_OK);
    const EntryPtr entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), "f");
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_size(entry.get(), 4);
    REQUIRE(archive_write_header(a.get(), entry.get()) == ARCHIVE_OK);
    REQUIRE(archive_write_data(a.get(), "text", 4) == 4);
  }
  const auto done = unpacked(volume, "a.zip");
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::unsupported);
  CHECK(done.error().detail == ENOKEY);
}

TEST_CASE("a single compressed file is unpacked beside it, and never over the archive itself") {
  Volume volume;
  const auto gzip = [&](const std::string &name, const std::string &text) {
    gzFile out = ::gzopen((volume.base / name).c_str(), "wb");
    ::gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
    ::gzclose(out);
  };
  gzip("notes.txt.gz", "notes");
  UnpackOptions options;
  options.root = "/d";
  const auto done = unpacked(volume, "notes.txt.gz", options);
  if (!done) FAIL(done.error().text);
  CHECK(done->format == "gz");
  CHECK(Volume::read(volume.root / "d/notes.txt") == "notes");
  gzip("nothing.gz", "");
  REQUIRE(unpacked(volume, "nothing.gz"));
  CHECK(Volume::read(volume.root / "nothing").empty());
  CHECK(fs::exists(volume.root / "nothing"));
  gzip("odd", "text"); // no ending to take away
  CHECK(unpacked(volume, "odd").error().detail == EPROTONOSUPPORT);
  gzip("text.tar.gz", "text"); // says that it is an archive
  CHECK(unpacked(volume, "text.tar.gz").error().detail == EPROTONOSUPPORT);
}

TEST_CASE("a file that is being executed is busy") {
  Volume volume;
  // A descriptor for executing is as good as running it.
  fs::copy_file("/bin/true", volume.root / "f");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  fs::remove(volume.root / "f");
  fs::copy_file("/bin/cat", volume.root / "f");
  const std::string program = (volume.root / "f").string();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[0], 0);
    ::execl(program.c_str(), "cat", nullptr);
    ::_exit(127);
  }
  // It runs when its end of the pipe that closes at exec is gone: /proc says what it executes.
  std::string self;
  for (int tries = 0; tries < 100000 && self != program; ++tries) {
    std::error_code none;
    self = fs::read_symlink("/proc/" + std::to_string(child) + "/exe", none).string();
  }
  make(volume, "a", "pax", "", {{"f", "new"}});
  const auto done = unpacked(volume, "a");
  write_end.reset();
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::busy);
  CHECK(done.error().detail == ETXTBSY);
}

TEST_CASE("unpacking ends soon after it is stopped, and from a pipe it works as from a file") {
  Volume volume;
  make(volume, "a.tar.gz", "pax", "gzip", {{"zeroes", std::string(64 << 20, '\0')}, {"after", "x"}});
  UnpackHooks hooks;
  int asked = 0;
  hooks.stopped = [&] { return ++asked > 10; };
  const auto done = unpacked(volume, "a.tar.gz", {}, hooks);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::cancelled);
  CHECK(asked < 30);

  make(volume, "small.zip", "zip", "", {{"one", "1"}, {"two", "2"}});
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const std::string bytes = Volume::read(volume.base / "small.zip");
  REQUIRE(::write(out.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  out.reset();
  REQUIRE(unpack(volume.tree(), in.get(), {}, {}));
  CHECK(Volume::read(volume.root / "two") == "2");
}

TEST_CASE("a thousand folders deep is survived") {
  Volume volume;
  std::string deep;
  for (int i = 0; i < 1500; ++i) deep += "d/";
  make(volume, "a.tar", "pax", "", {{deep + "f", "x"}});
  const auto done = unpacked(volume, "a.tar");
  if (!done) FAIL(done.error().text);
  CHECK(done->entries == 1);
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
    std::int64_t there = 0;
    for (const auto &[name, text] : volume.all(volume.root)) there += static_cast<std::int64_t>(text.size());
    CHECK(quota.used == there);
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
