#include "app/plugin_folder.hpp"

#include <catch2/catch.hpp>
#include <stdlib.h>

#include <filesystem>

using namespace pinion::core;

TEST_CASE("the plugins of the build beside the program come before the installed ones") {
  char folder[] = "/tmp/pinion-prefix-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string root = folder;
  CHECK(findPluginFolder("", root + "/bin/pinion", "/installed") == "/installed");
  std::filesystem::create_directories(root + "/lib/pinion/plugins");
  CHECK(findPluginFolder("", root + "/bin/pinion", "/installed") == root + "/lib/pinion/plugins");
  CHECK(findPluginFolder("/mine", root + "/bin/pinion", "/installed") == "/mine");
  std::filesystem::remove_all(root);
}

TEST_CASE("the running program knows its path") { CHECK(std::filesystem::exists(programPath())); }
