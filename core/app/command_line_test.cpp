#include "app/command_line.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core;

TEST_CASE("without arguments the daemon runs on the usual configuration") {
  const auto line = parseCommandLine({});
  REQUIRE(line);
  CHECK(line->command == CommandLine::Command::run);
  CHECK(line->config_path == "/etc/pterodactyl/config.yml");
  CHECK_FALSE(line->config_given);
}

TEST_CASE("values come after a blank or an equals sign") {
  CHECK(parseCommandLine({"--config", "a.yml"})->config_path == "a.yml");
  CHECK(parseCommandLine({"--config=b.yml"})->config_path == "b.yml");
  CHECK(parseCommandLine({"--standalone", "demo", "--debug"})->standalone == "demo");
  CHECK(parseCommandLine({"diagnostics", "--log-lines=7"})->log_lines == 7);
}

TEST_CASE("the console takes one server") {
  const auto line = parseCommandLine({"console", "--standalone", "demo", "demo-server", "--once"});
  REQUIRE(line);
  CHECK(line->command == CommandLine::Command::console);
  CHECK(line->server == "demo-server");
  CHECK(line->once);
  CHECK_FALSE(parseCommandLine({"console"}));
  CHECK_FALSE(parseCommandLine({"console", "one", "two"}));
}

TEST_CASE("what is not understood is named") {
  CHECK(parseCommandLine({"dance"}).error().text.find("dance") != std::string::npos);
  CHECK(parseCommandLine({"--colour"}).error().text.find("--colour") != std::string::npos);
  CHECK(parseCommandLine({"--config"}).error().text.find("--config") != std::string::npos);
  CHECK(parseCommandLine({"--log-lines", "many"}).error().text.find("many") != std::string::npos);
  CHECK_FALSE(parseCommandLine({"--debug=perhaps"}));
}

TEST_CASE("help wins over everything") {
  CHECK(parseCommandLine({"console", "-h"})->command == CommandLine::Command::help);
  CHECK(usage().find("--standalone") != std::string::npos);
}
