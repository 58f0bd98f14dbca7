// What comes out of an archive, and what is said of one that is none.
#include "archives/archive_for_tests.hpp"

#include <zlib.h>

#include <sys/wait.h>
#include <unistd.h>

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;

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
