// Archives that would write elsewhere: by their names, by links of theirs, and by links that are there already.
#include "archives/archive_for_tests.hpp"

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;

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
