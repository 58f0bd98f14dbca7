#include "machine/preparation.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

using namespace pinion::core;

TEST_CASE("a configured zone wins and is only trimmed") {
  CHECK(*machine::timezone(" UTC\n") == "UTC");
  if (std::filesystem::exists("/usr/share/zoneinfo/Etc/GMT+5")) CHECK(*machine::timezone("Etc/GMT+5") == "Etc/GMT+5");
}

TEST_CASE("a zone that does not exist is refused by name") {
  for (const char *zone : {"Mars/Olympus", "../../etc/passwd", "/etc/localtime"}) {
    const auto result = machine::timezone(zone);
    REQUIRE_FALSE(result);
    CHECK(result.error().text.find(zone) != std::string::npos);
  }
}

TEST_CASE("without configuration a zone is found all the same") {
  ::unsetenv("TZ");
  const auto zone = machine::timezone("");
  REQUIRE(zone);
  CHECK_FALSE(zone->empty());
}

TEST_CASE("a rootless node uses the current user") {
  Config config;
  config.system.rootless = true;
  const auto user = machine::systemUser(config);
  REQUIRE(user);
  CHECK(user->uid == static_cast<int>(::getuid()));
}

TEST_CASE("an existing user is taken as it is") {
  Config config;
  config.system.username = "nobody";
  const auto user = machine::systemUser(config);
  REQUIRE(user);
  CHECK(user->uid > 0);
}

TEST_CASE("the node's folders are made private and kept when they are there") {
  char folder[] = "/tmp/pinion-folders-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  Config config;
  config.system.root_directory = std::string(folder) + "/a/root";
  config.system.log_directory = std::string(folder) + "/log";
  REQUIRE(machine::makeFolders(config));
  struct stat info {};
  REQUIRE(::stat((config.system.root_directory + "/volumes").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  ::chmod(config.system.root_directory.c_str(), 0711);
  REQUIRE(machine::makeFolders(config));
  REQUIRE(::stat(config.system.root_directory.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0711);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a folder that cannot be made is named") {
  Config config;
  config.system.root_directory = "/proc/pinion-no";
  const auto made = machine::makeFolders(config);
  REQUIRE_FALSE(made);
  CHECK(made.error().text.find("/proc/pinion-no") != std::string::npos);
}
