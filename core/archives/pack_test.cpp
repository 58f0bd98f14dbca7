#include "archives/archive_for_tests.hpp"

#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <set>

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;

namespace {

// What libarchive finds in an archive: names (folders with '/') and contents, links as "-> target".
std::map<std::string, std::string> contents(const fs::path &path) {
  const NamesAsBytes names;
  const ArchivePtr a(archive_read_new());
  archive_read_support_filter_all(a.get());
  archive_read_support_format_all(a.get());
  REQUIRE(archive_read_open_filename(a.get(), path.c_str(), 65536) == ARCHIVE_OK);
  std::map<std::string, std::string> out;
  archive_entry *entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(a.get(), &entry)) == ARCHIVE_OK) {
    const std::string name = archive_entry_pathname(entry);
    REQUIRE(out.count(name) == 0);
    std::string &text = out[name];
    if (archive_entry_filetype(entry) == AE_IFLNK) text = std::string("-> ") + archive_entry_symlink(entry);
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    std::string piece(65536, '\0');
    la_ssize_t got = 0;
    while ((got = archive_read_data(a.get(), piece.data(), piece.size())) > 0)
      text.append(piece, 0, static_cast<std::size_t>(got));
    REQUIRE(got == 0);
  }
  REQUIRE(status == ARCHIVE_EOF);
  return out;
}

std::set<std::string> names(const fs::path &path) {
  std::set<std::string> out;
  for (const auto &[name, text] : contents(path)) out.insert(name);
  return out;
}

const std::vector<std::pair<Format, std::string>> kFormats = {
    {Format::tar, "a.tar"},       {Format::tar_gz, "a.tar.gz"},   {Format::tar_bz2, "a.tar.bz2"},
    {Format::tar_xz, "a.tar.xz"}, {Format::tar_zst, "a.tar.zst"}, {Format::zip, "a.zip"}};

} // namespace

TEST_CASE("each format holds every file, whatever its name, and what it packed unpacks to what it was") {
  for (const auto &[format, name] : kFormats) {
    INFO(name);
    Volume volume;
    volume.put("a.txt", "alpha");
    volume.put("empty", "");
    volume.put("d/e/deep.txt", noise(3'000'000));
    volume.put("d/\u732b " + std::string(120, 'n') + ".txt", "cat");
    volume.put("l/" + std::string(200, 'o') + "/" + std::string(200, 'p'), "long");
    fs::create_directories(volume.root / "hollow/inner");
    const auto before = volume.all(volume.root);
    PackOptions options;
    options.format = format;
    const Packed done = packed(volume, name, options);
    CHECK(done.entries == 6);
    CHECK(done.bytes == fs::file_size(volume.base / name));
    CHECK(names(volume.base / name).count("hollow/inner/") == 1);
    fs::remove_all(volume.root);
    fs::create_directories(volume.root);
    const auto again = unpacked(volume, name);
    if (!again) FAIL(again.error().text);
    CHECK(again->entries == 6);
    CHECK(volume.all(volume.root) == before);
  }
}

TEST_CASE("names that are no UTF-8 stay the bytes they are") {
  for (const auto &[format, name] : kFormats) {
    INFO(name);
    Volume volume;
    volume.put("caf\xe9", "x");
    volume.put(std::string(300, 'd').substr(0, 200) + "/" + std::string(190, 'e') + "\xe9", "long");
    const auto before = volume.all(volume.root);
    PackOptions options;
    options.format = format;
    packed(volume, name, options);
    fs::remove_all(volume.root);
    fs::create_directories(volume.root);
    const auto again = unpacked(volume, name);
    if (!again) FAIL(again.error().text);
    CHECK(volume.all(volume.root) == before);
  }
}

TEST_CASE("modes and times are kept, and owners are not told") {
  Volume volume;
  const auto path = volume.put("f", "x");
  ::chmod(path.c_str(), 0751);
  const timespec times[2] = {{1'500'000'000, 0}, {1'500'000'000, 0}};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);
  packed(volume, "a.tar.gz");
  fs::remove(path);
  REQUIRE(unpacked(volume, "a.tar.gz"));
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0751);
  CHECK(info.st_mtim.tv_sec == 1'500'000'000);
}

TEST_CASE("a name takes what lies below it and not what begins like it, each once") {
  Volume volume;
  volume.put("world/a", "1");
  volume.put("world/sub/b", "2");
  volume.put("world2/a", "3");
  volume.put("world.txt", "4");
  PackOptions options;
  options.files = {"world/sub", "./world/", "world", "missing", "world/../world.txt"};
  packed(volume, "a.tar.gz", options);
  CHECK(names(volume.base / "a.tar.gz") == std::set<std::string>{"world/a", "world/sub/b", "world.txt"});
}

TEST_CASE("names are relative to the folder that was asked for") {
  Volume volume;
  volume.put("s/x/y", "data");
  volume.put("other", "data");
  PackOptions options;
  options.root = "/s";
  packed(volume, "a.tar.gz", options);
  CHECK(names(volume.base / "a.tar.gz") == std::set<std::string>{"x/y"});
  options.files = {"../other", "x"};
  packed(volume, "b.tar.gz", options);
  CHECK(names(volume.base / "b.tar.gz") == std::set<std::string>{"x/y"});
  options.root = "/missing";
  const UniqueFd out = volume.file("c");
  CHECK(pack(volume.tree(), out.get(), options, {}).error().code == Code::notFound);
}

TEST_CASE("links are never followed, and are stored only when asked for") {
  Volume volume;
  fs::create_directories(volume.base / "outside");
  std::ofstream(volume.base / "outside/secret") << "secret";
  volume.put("own/file", "own");
  fs::create_symlink(volume.base / "outside", volume.root / "folder");
  fs::create_symlink(volume.base / "outside/secret", volume.root / "file");
  fs::create_symlink("own", volume.root / "inside");
  PackOptions options;
  packed(volume, "a.tar.gz", options);
  CHECK(names(volume.base / "a.tar.gz") == std::set<std::string>{"own/file"});
  options.files = {"folder", "folder/secret", "file", "inside/file"};
  CHECK(packed(volume, "b.tar.gz", options).entries == 0);
  options.files.clear();
  options.links = true;
  packed(volume, "c.tar.gz", options);
  const auto found = contents(volume.base / "c.tar.gz");
  CHECK(found.size() == 4);
  CHECK(found.at("inside") == "-> own");
  CHECK(found.at("file") == "-> " + (volume.base / "outside/secret").string());
}

TEST_CASE("both names of a hard link carry the content; pipes, sockets and the archive itself are left out") {
  Volume volume;
  volume.put("one", "shared");
  fs::create_hard_link(volume.root / "one", volume.root / "two");
  REQUIRE(::mkfifo((volume.root / "pipe").c_str(), 0600) == 0);
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket = (volume.root / "socket").string();
  REQUIRE(socket.size() < sizeof address.sun_path);
  socket.copy(address.sun_path, socket.size());
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0);
  packed(volume, "volume/a.tar.gz");
  CHECK(contents(volume.root / "a.tar.gz") == std::map<std::string, std::string>{{"one", "shared"}, {"two", "shared"}});
}

TEST_CASE("what rules name is left out and counted") {
  Volume volume;
  volume.put("s/keep", "1");
  volume.put("s/deny", "2");
  volume.put("s/ignore", "3");
  fs::create_directories(volume.root / "s/nothing");
  PackOptions options;
  options.root = "s";
  PackHooks hooks;
  hooks.denied = [](std::string_view path) { return path == "s/deny"; };
  hooks.ignored = [](std::string_view path) { return path == "ignore" || path == "nothing/"; };
  CHECK(packed(volume, "a.tar.gz", options, hooks).left_out == 3);
  CHECK(names(volume.base / "a.tar.gz") == std::set<std::string>{"keep"});
}

TEST_CASE("an archive beyond its limit ends as full") {
  Volume volume;
  volume.put("noise", noise(3'000'000));
  for (const auto &[format, name] : kFormats) {
    INFO(name);
    PackOptions options;
    options.format = format;
    options.limit = 1'000'000;
    const UniqueFd out = volume.file(name);
    const auto done = pack(volume.tree(), out.get(), options, {});
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Code::full);
    CHECK(fs::file_size(volume.base / name) <= options.limit);
  }
}

TEST_CASE("a pack ends soon after it is stopped") {
  Volume volume;
  volume.put("noise", noise(8'000'000));
  PackHooks hooks;
  int asked = 0;
  hooks.stopped = [&] { return ++asked > 5; };
  const UniqueFd out = volume.file("a.tar.gz");
  const auto done = pack(volume.tree(), out.get(), {}, hooks);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::cancelled);
  CHECK(asked < 20);
}

TEST_CASE("checksums are of the archive's bytes") {
  Volume volume;
  PackOptions options;
  options.format = Format::tar;
  options.checksum = Checksum::sha1;
  CHECK(packed(volume, "a.tar", options).checksum == "60cacbf3d72e1e7834203da608037b1bf83b40e8"); // 1024 zeroes
  options.checksum = Checksum::sha256;
  CHECK(packed(volume, "b.tar", options).checksum ==
        "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

TEST_CASE("each level of gzip is read by everyone, and smaller costs more") {
  Volume volume;
  std::string words;
  std::mt19937 random(2);
  while (words.size() < 2'500'000) (words += noise(12, random() % 2000)) += ' ';
  volume.put("words", words);
  std::map<Level, std::uint64_t> sizes;
  for (const Level level : {Level::none, Level::best_speed, Level::best_compression}) {
    PackOptions options;
    options.level = level;
    sizes[level] = packed(volume, "a.tar.gz", options).bytes;
    ::truncate((volume.base / "a.tar.gz").c_str(), static_cast<off_t>(sizes[level]));
    CHECK(contents(volume.base / "a.tar.gz").at("words") == words);
    REQUIRE(unpacked(volume, "a.tar.gz"));
    CHECK(Volume::read(volume.root / "words") == words);
  }
  CHECK(sizes[Level::none] > words.size());
  CHECK(sizes[Level::none] < words.size() + words.size() / 50);
  CHECK(sizes[Level::best_speed] < words.size() * 6 / 10);
  CHECK(sizes[Level::best_compression] < sizes[Level::best_speed]);
}

TEST_CASE("what becomes a device while it is packed is not opened") {
  Volume volume;
  const fs::path path = volume.put("f", "x");
  const UniqueFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  REQUIRE(watch);
  PackHooks hooks;
  hooks.ignored = [&](std::string_view) { // the last question before a file is opened
    ::unlink(path.c_str());
    if (::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0)
      REQUIRE(::inotify_add_watch(watch.get(), volume.root.c_str(), IN_OPEN) >= 0);
    else
      WARN("the device was not made: " << std::strerror(errno));
    return false;
  };
  CHECK(packed(volume, "a.tar.gz", {}, hooks).entries == 0);
  char events[4096];
  CHECK(::read(watch.get(), events, sizeof events) < 0);
}

TEST_CASE("a pipe takes an archive, and is blocking again afterwards") {
  Volume volume;
  volume.put("f", "x");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd in(ends[0]), out(ends[1]);
  PackOptions options;
  options.format = Format::tar;
  REQUIRE(pack(volume.tree(), out.get(), options, {}));
  CHECK((::fcntl(out.get(), F_GETFL) & O_NONBLOCK) == 0);
  std::string text(4096, '\0');
  CHECK(::read(in.get(), text.data(), text.size()) == 2048);
}

TEST_CASE("progress tells bytes, entries and names, and comes once more at the end") {
  Volume volume;
  volume.put("a", "12345");
  PackHooks hooks;
  std::vector<std::string> told;
  hooks.told = [&](const Progress &now) { told.push_back(std::to_string(now.bytes) + std::string(now.name)); };
  packed(volume, "a.tar.gz", {}, hooks);
  CHECK(told == std::vector<std::string>{"0a", "5a", "5"});
}

TEST_CASE("a tree of a thousand levels is packed") {
  Volume volume;
  UniqueFd at(::open(volume.root.c_str(), O_RDONLY | O_DIRECTORY));
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(::mkdirat(at.get(), "d", 0755) == 0);
    at = UniqueFd(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY));
  }
  CHECK(packed(volume, "a.tar.gz").entries == 1);
}
