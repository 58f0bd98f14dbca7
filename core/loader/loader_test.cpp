#include "loader/bench_for_tests.hpp"

#include <pinion/plugin.h>

#include <sys/stat.h>
#include <unistd.h>

using namespace pinion::core;
using testing::Bench;
using testing::has;
using Sentences = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

std::string flawed(const std::string &name) { return Bench::plugins("flawed") + "/" + name + ".so"; }

Sentences loadFlawed(Bench &bench, const std::string &name) {
  // By path: the file names of these plugins are no ids.
  return bench.loader.load("/nowhere", {name});
}

std::string withPath(const std::string &name) { return "plugins:\n  " + name + ":\n    path: " + flawed(name) + "\n"; }

} // namespace

TEST_CASE("each flawed plugin is refused with a sentence that names file, id and reason") {
  const std::string entry = std::to_string(sizeof(pinion_entry_v1)), plugin = std::to_string(sizeof(pinion_plugin_v1));
  const auto [name, id, reason] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {"no_entry", "", "it has no symbol pinion_plugin_entry_v1, so it is no plugin"},
      {"size_zero", "", "its entry says it has 0 bytes, the ABI's first has " + entry},
      {"size_short", "", "its entry says it has 16 bytes, the ABI's first has " + entry},
      {"major_two", "major-two", "it is built for ABI 2.1, this daemon has 0.1"},
      {"minor_other", "minor-other",
       "it is built for ABI 0.77, this daemon has 0.1; until 1.0 they must be the same, so build it again"},
      {"create_null", "create-null", "its entry has no create function"},
      {"id_null", "", "its entry has no id"},
      {"id_malformed", "", "its id is not 1 to 64 of a-z, 0-9, . and -, or it is \"core\""},
      {"id_core", "", "its id is not 1 to 64 of a-z, 0-9, . and -, or it is \"core\""},
      {"need_unknown", "need-unknown", "it needs \"pinion.teleport/1\", and this daemon has no such service"},
      {"create_fails", "create-fails", "create failed: no licence was found (IO)"},
      {"create_throws", "create-throws", "create threw: thrown in create"},
      {"created_short", "created-short", "create set the size 8, the ABI's first is " + plugin},
      {"destroy_null", "destroy-null", "create gave no destroy function"},
  }));
  CAPTURE(name);
  Bench bench(withPath(name));
  const std::string head = id.empty() ? "plugin " + flawed(name) : "plugin \"" + id + "\" (" + flawed(name) + ")";
  CHECK(loadFlawed(bench, name) == Sentences{head + ": " + reason});
  CHECK(bench.loader.start().empty());
  CHECK(bench.loader.plugins().empty());
  CHECK(has(bench.logged(), reason));
}

TEST_CASE("a plugin whose start fails or throws is destroyed, and the others run") {
  const auto [name, id, reason] = GENERATE(table<std::string, std::string, std::string>({
      {"start_fails", "start-fails", "start failed: the port is taken (IO)"},
      {"start_throws", "start-throws", "start threw: thrown in start"},
  }));
  Bench bench(withPath(name));
  CHECK(loadFlawed(bench, name).empty());
  CHECK(bench.loader.load(Bench::plugins("good"), {"probe"}).empty());
  CHECK(bench.loader.plugins().size() == 2);
  CHECK(bench.loader.start() == Sentences{"plugin \"" + id + "\" (" + flawed(name) + "): " + reason});
  REQUIRE(bench.loader.plugins().size() == 1);
  CHECK(bench.loader.plugins()[0].id == "probe");
  CHECK(bench.probe("servers") == "0 [\"" + testing::kServer + "\"]");
}

TEST_CASE("of two plugins with one id the first by name is loaded") {
  Bench bench;
  const std::string folder = Bench::plugins("twins");
  CHECK(bench.loader.load(folder, {}) ==
        Sentences{"plugin \"twin\" (" + folder + "/two.so): its id is taken by " + folder + "/one.so"});
  REQUIRE(bench.loader.plugins().size() == 1);
  const PluginInfo info = bench.loader.plugins()[0];
  CHECK(info.id == "twin");
  CHECK(info.version == "1.2.3");
  CHECK(info.summary == "a plugin for tests");
  CHECK(info.file == folder + "/one.so");
}

TEST_CASE("every plugin of the folder is loaded when none is named") {
  Bench bench;
  CHECK(bench.loader.load(Bench::plugins("good"), {}).empty());
  std::vector<std::string> ids;
  for (const auto &plugin : bench.loader.plugins()) ids.push_back(plugin.id);
  CHECK(ids == std::vector<std::string>{"manners", "probe", "wrapped"});
}

TEST_CASE("a named plugin that is missing is refused with what is there") {
  Bench bench;
  const std::string folder = Bench::plugins("twins");
  CHECK(bench.loader.load(folder, {"three"}) ==
        Sentences{"plugin \"three\" (" + folder + "/three.so): there is no such file; the folder has one, two"});
  CHECK(bench.loader.load("/nowhere", {"three"}) ==
        Sentences{"plugin \"three\" (/nowhere/three.so): there is no such file; the folder /nowhere holds no plugin"});
}

TEST_CASE("a name that is no plugin name never becomes a path") {
  Bench bench;
  CHECK(bench.loader.load(Bench::plugins("good"), {"../flawed/no_entry"}) ==
        Sentences{"plugin \"../flawed/no_entry\": a listed name is 1 to 64 of a-z, 0-9, . and -"});
}

TEST_CASE("a path in the configuration is absolute") {
  Bench bench("plugins:\n  mine:\n    path: lib/mine.so\n");
  CHECK(bench.loader.load("/nowhere", {"mine"}) ==
        Sentences{"plugin \"mine\" (lib/mine.so): its \"path\" in the configuration is not absolute"});
}

TEST_CASE("a file that is no library is refused with the linker's words") {
  const testing::Folder folder;
  const auto file = folder.write("text.so", "this is no library");
  Bench bench;
  const auto refused = bench.loader.load(folder.path(), {});
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].starts_with("plugin " + file + ": it cannot be loaded: "));
}

TEST_CASE("a folder in a plugin's place is refused") {
  const testing::Folder folder;
  fs::create_directory(folder / "dir.so");
  Bench bench;
  CHECK(bench.loader.load(folder.path(), {}) == Sentences{"plugin " + folder / "dir.so" + ": it is no regular file"});
}

TEST_CASE("a plugin that others can write is refused, and so is one in a folder that they can write") {
  const testing::Folder folder;
  const std::string file = folder / "one.so";
  fs::copy_file(Bench::plugins("twins") + "/one.so", file);
  Bench bench;
  REQUIRE(::chmod(file.c_str(), 0757) == 0);
  CHECK(bench.loader.load(folder.path(), {}) ==
        Sentences{"plugin " + file + ": the file can be written by everyone; run: chmod o-w " + file});
  REQUIRE(::chmod(file.c_str(), 0755) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  const std::string real = fs::canonical(folder.path()).string();
  CHECK(bench.loader.load(folder.path(), {}) ==
        Sentences{"plugin " + file + ": its folder can be written by everyone; run: chmod o-w " + real});
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  CHECK(bench.loader.load(folder.path(), {}).empty());
}

TEST_CASE("a root daemon refuses a plugin that another user owns") {
  if (::geteuid() != 0) return; // only root can give a file away
  const testing::Folder folder;
  const std::string file = folder / "one.so";
  fs::copy_file(Bench::plugins("twins") + "/one.so", file);
  REQUIRE(::chown(file.c_str(), 65534, 65534) == 0);
  Bench bench;
  CHECK(bench.loader.load(folder.path(), {}) ==
        Sentences{"plugin " + file + ": the file is not owned by root; run: chown root " + file});
}

TEST_CASE("a plugin that needs the store is refused by a daemon without one") {
  Bench bench("", {}, false);
  bench.run({"probe"});
  CHECK(bench.probe("servers") == "0 [\"" + testing::kServer + "\"]");
}

TEST_CASE("what was created and never started is destroyed without a stop") {
  Bench bench;
  CHECK(bench.loader.load(Bench::plugins("good"), {"probe"}).empty());
  bench.loader.stop();
  CHECK(bench.loader.plugins().empty());
  CHECK(bench.count("probe.stop ") == 0);
  CHECK(bench.bus.list("probe/").empty());
}

TEST_CASE("stopping ends what plugins had: their offers go and their routes answer no more") {
  Bench bench;
  REQUIRE(bench.front.listen());
  bench.run({"manners", "probe"});
  CHECK(bench.bus.list("manners/").size() == 13);
  testing::RawClient client(bench.front.port());
  CHECK(client.ask("GET", "/pool/json").status == 200);
  bench.loader.stop();
  CHECK(bench.heard("probe.stop "));
  CHECK(bench.bus.list("").empty());
  CHECK(client.ask("GET", "/pool/json").status == 401); // as any unknown path without a token
  CHECK(bench.ask("probe/do", "servers") == "failed -2 nobody offers \"probe/do\"");
  bench.loader.stop();
}
