#include "base/folder_for_tests.hpp"
#include "log/line.hpp"
#include "log/log.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace fs = std::filesystem;
using namespace pinion::core;

namespace {

struct Folder : testing::TestFolder {
  ~Folder() { static_cast<void>(log::open("", false, false)); }
  [[nodiscard]] std::string text(const char *name = "wings.log") const { return read(name); }
};

} // namespace

TEST_CASE("a line has the level, the local time, the padded message and the fields in order") {
  std::tm when{};
  when.tm_mon = 10, when.tm_mday = 3, when.tm_hour = 2, when.tm_min = 26, when.tm_sec = 56;
  CHECK(log::linePrefix(log::Level::info, when, 7) == " INFO: [Nov  3 02:26:56.007] ");
  CHECK(log::linePrefix(log::Level::warn, when, 792) == " WARN: [Nov  3 02:26:56.792] ");
  CHECK(log::linePrefix(log::Level::debug, when, 0).substr(0, 7) == "DEBUG: ");
  CHECK(log::linePrefix(log::Level::error, when, 0).substr(0, 7) == "ERROR: ");
  CHECK(log::lineText("short", {{"b", "x y"}, {"a", "1"}}, {}) == "short                     a=1 b=x y");
  CHECK(log::lineText("a message that is longer than the column", {{"a", "1"}}, {}) ==
        "a message that is longer than the column a=1");
  CHECK(log::lineText("grün", {}, {}) == "grün                     ");
}

TEST_CASE("a line keeps secrets to itself") {
  const std::vector<std::string> secrets{"0123456789abcdef", "ab"};
  CHECK(log::lineText("m", {{"k", "0123456789abcdef"}}, secrets).find("k=***") != std::string::npos);
  CHECK(log::lineText("Bearer id.0123456789abcdef!", {}, secrets) == "Bearer id.***!           ");
  SECTION("a short secret hides equal values only") {
    CHECK(log::lineText("about", {{"k", "ab"}, {"l", "abc"}}, secrets) == "about                     k=*** l=abc");
  }
  SECTION("a token in an address is hidden though nobody registered it") {
    CHECK(log::lineText("GET", {{"path", "/download?token=aaa.bbb&x=1"}}, {}) ==
          "GET                       path=/download?token=***&x=1");
    CHECK(log::lineText("token=", {}, {}) == "token=                   ");
    CHECK(log::lineText("token=***", {}, {}) == "token=***                ");
  }
}

TEST_CASE("an entry stays one line whatever it holds") {
  CHECK(log::lineText("a\nERROR: b", {{"k", "\r\t\x1b"}}, {}) == "a\\nERROR: b               k=\\r\\t\\x1b");
}

TEST_CASE("lines go to wings.log and follow it when it is rotated") {
  const Folder folder;
  const auto logs = folder.path / "a" / "b";
  REQUIRE(log::open(logs.string(), false, false));
  log::info("first", {{"n", "1"}});
  log::debug("hidden");
  fs::rename(logs / "wings.log", logs / "wings.log.1");
  log::info("second");
  log::reopen();
  log::info("third");
  log::flush();
  const auto old = folder.text("a/b/wings.log.1"), now = folder.text("a/b/wings.log");
  std::string shape = old.substr(0, old.find('\n'));
  for (char &c : shape)
    if (c >= '0' && c <= '9') c = '0';
  CHECK(shape.substr(0, 8) == " INFO: [");
  CHECK(shape.substr(11, 20) == (shape[12] == ' ' ? "  0 00:00:00.000] fi" : " 00 00:00:00.000] fi"));
  CHECK(shape.ends_with("] first                     n=0"));
  CHECK(old.find("second") != std::string::npos);
  CHECK(old.find("hidden") == std::string::npos);
  CHECK(now.find("third") != std::string::npos);
  CHECK(now.find("first") == std::string::npos);
}

TEST_CASE("quiet leaves warnings, and debug wins over quiet") {
  const Folder folder;
  REQUIRE(log::open(folder.path.string(), false, true));
  CHECK(!log::enabled(log::Level::info));
  CHECK(log::enabled(log::Level::warn));
  REQUIRE(log::open(folder.path.string(), true, true));
  CHECK(log::enabled(log::Level::debug));
}

TEST_CASE("a log file that cannot be opened is named and the old output stays") {
  const Folder folder;
  REQUIRE(log::open(folder.path.string(), false, false));
  fs::create_directory(folder.path / "taken");
  fs::create_directory(folder.path / "taken" / "wings.log");
  const auto opened = log::open((folder.path / "taken").string(), false, false);
  REQUIRE(!opened);
  CHECK(opened.error().text.find("taken/wings.log") != std::string::npos);
  std::ofstream(folder.path / "file") << "x";
  CHECK(!log::open((folder.path / "file" / "below").string(), false, false));
  log::info("still here");
  CHECK(folder.text().find("still here") != std::string::npos);
  SECTION("and so it stays when the file cannot be reopened") {
    fs::remove(folder.path / "wings.log");
    fs::create_directory(folder.path / "wings.log");
    log::reopen();
    log::info("no crash");
    CHECK(fs::is_directory(folder.path / "wings.log"));
  }
}

TEST_CASE("many threads write whole lines, with a registered secret hidden") {
  const Folder folder;
  REQUIRE(log::open(folder.path.string(), false, false));
  log::addSecret("a-long-secret-word");
  log::addSecret("");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 50; ++i) log::info("entry", {{"secret", "a-long-secret-word"}, {"tail", "end"}});
    });
  for (auto &thread : threads) thread.join();
  std::istringstream lines(folder.text());
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    ++count;
    CHECK(line.substr(line.size() - 20) == " secret=*** tail=end");
  }
  CHECK(count == 200);
}

TEST_CASE("log rotation is set up once, and only where logrotate is") {
  const Folder folder;
  auto added = log::installLogRotation("/var/log/x", (folder.path / "absent").string());
  REQUIRE(added);
  CHECK(!*added);
  added = log::installLogRotation("/var/log/x", folder.path.string());
  REQUIRE(added);
  CHECK(*added);
  const auto rules = folder.text("wings");
  for (const char *word : {"/var/log/x/wings.log {", "size 10M", "compress", "delaycompress", "dateext", "maxage 7",
                           "missingok", "notifempty", "postrotate", "HUP wings.service", "endscript"})
    CHECK(rules.find(word) != std::string::npos);
  std::ofstream(folder.path / "wings") << "mine";
  added = log::installLogRotation("/var/log/x", folder.path.string());
  REQUIRE(added);
  CHECK(!*added);
  CHECK(folder.text("wings") == "mine");
}
