// compress and decompress, with the fake host's archives: what they ask for, what they answer, and what stays behind
// when something comes between.
#include "node_test.hpp"

#include <sys/stat.h>

#include <regex>
#include <set>

using namespace pinion;
using namespace pinion::files::testing;
using pinion::testing::readTar;
using pinion::testing::tarOf;

namespace {

Json refusal(const std::string &text) { return {{"error", text}, {"request_id", "fake-request"}}; }
const Json kDenied = refusal("This file cannot be modified: present in egg denylist.");

struct PackingNode : Node {
  ~PackingNode() { CHECK(fake.openArchives() == 0); }
  auto compress(const Json &files, const Json &more = Json::object()) {
    Json body = {{"root", "/"}, {"files", files}};
    body.update(more);
    return post("compress", body);
  }
  auto decompress(const std::string &name, const std::string &folder = "/") {
    return post("decompress", {{"root", folder}, {"file", name}});
  }
  // Everything in the server's folder, sorted, folders with a slash.
  std::set<std::string> all() {
    std::set<std::string> out;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(root))
      out.insert(entry.path().lexically_relative(root).string() + (entry.is_directory() ? "/" : ""));
    return out;
  }
  // The names in an archive of the server's.
  std::vector<std::string> namesIn(const std::string &archive) {
    std::vector<std::string> out;
    const auto entries = readTar(read(archive));
    REQUIRE(entries);
    for (const auto &entry : *entries) out.push_back(entry.name);
    return out;
  }
};

} // namespace

TEST_CASE("an archive is made of what was named, and is answered as a file is described") {
  PackingNode node;
  node.put("a.txt", "alpha");
  node.put("world/level.dat", "level");
  node.put("world/region/r.mca", "region");
  node.put("other", "x");
  const auto answer = node.compress({"a.txt", "world", "ghost"});
  REQUIRE(answer->status == 200);
  const Json file = answer->json();
  const std::string name = file["name"];
  CHECK(std::regex_match(name, std::regex(R"(archive-\d{4}-\d\d-\d\dT\d{6}Z\.tar\.gz)")));
  CHECK(file["mime"] == "application/tar+gzip");
  CHECK(file["mode"] == "-rw-r--r--");
  CHECK(file["mode_bits"] == "644");
  CHECK(file["file"] == true);
  CHECK(file["directory"] == false);
  CHECK(file["symlink"] == false);
  CHECK(file["size"] == std::filesystem::file_size(node.root / name));
  CHECK(file.contains("created"));
  CHECK(file.contains("modified"));
  CHECK(node.namesIn(name) == std::vector<std::string>{"a.txt", "world/level.dat", "world/region/r.mca"});
}

TEST_CASE("an archive has the name and the format that were asked for, and never another's place") {
  const auto [extension, stored_as, mime] = GENERATE(table<std::string, std::string, std::string>({
      {"zip", "x.zip", "application/zip"},
      {"tar.gz", "x.tar.gz", "application/gzip"},
      {"tgz", "x.tar.gz", "application/gzip"},
      {"tar.bz2", "x.tar.bz2", "application/x-bzip2"},
      {".TBZ2", "x.tar.bz2", "application/x-bzip2"},
      {"tar.xz", "x.tar.xz", "application/x-xz"},
      {"txz", "x.tar.xz", "application/x-xz"},
      {"arj", "x.tar.gz", "application/gzip"}, // what is not known is a tar.gz
      {"", "x.tar.gz", "application/gzip"},
  }));
  PackingNode node;
  node.put("a", "x");
  const Json wanted = {{"name", "x"}, {"extension", extension}};
  const Json first = node.compress({"a"}, wanted)->json(), second = node.compress({"a"}, wanted)->json();
  CHECK(first["name"] == stored_as);
  CHECK(first["mime"] == mime);
  const auto dot = stored_as.find('.');
  CHECK(second["name"] == stored_as.substr(0, dot) + " copy" + stored_as.substr(dot));
  CHECK(node.namesIn(stored_as) == std::vector<std::string>{"a"});
}

TEST_CASE("an archive of a folder lies in it, and its names begin there") {
  PackingNode node;
  node.put("world/level.dat", "level");
  const auto answer = node.post("compress", {{"root", "/world"}, {"files", {"level.dat"}}, {"name", "w"}});
  REQUIRE(answer->status == 200);
  CHECK(node.namesIn("world/w.tar.gz") == std::vector<std::string>{"level.dat"});
}

TEST_CASE("names do not climb out of the folder, and what is denied is left out") {
  PackingNode node;
  node.put("in/ok", "x");
  node.put("in/no.key", "secret");
  node.put("outside", "x");
  node.fake.denyFile(kServer, "in/no.key");
  const auto answer =
      node.post("compress", {{"root", "/in"}, {"files", {"../outside", "no.key", "ok"}}, {"name", "x"}});
  REQUIRE(answer->status == 200);
  CHECK(node.namesIn("in/x.tar.gz") == std::vector<std::string>{"ok"});
}

TEST_CASE("an archive of nothing is refused before it begins") {
  PackingNode node;
  const auto answer = node.compress(Json::array());
  CHECK(answer->status == 422);
  CHECK(answer->json() == Json{{"error", "No files were passed through to be compressed."}});
  CHECK(node.all().empty());
}

TEST_CASE("a server over its disk limit gets no archive, and one that does not fit is not there at all") {
  PackingNode node;
  node.put("a", std::string(3000, 'x'));
  node.fake.limitDisk(kServer, 2999);
  const auto over = node.compress({"a"});
  CHECK(over->status == 409);
  CHECK(over->json() ==
        Json{{"error", "This server does not have enough available disk space to generate a compressed archive."}});
  node.fake.limitDisk(kServer, 3000 + 4607); // the archive takes 512 + 3072 + 1024
  const auto full = node.compress({"a"});
  CHECK(full->status == 400);
  CHECK(full->json() == kFull);
  CHECK(node.all() == std::set<std::string>{"a"});
  node.fake.limitDisk(kServer, 3000 + 4608);
  CHECK(node.compress({"a"}, {{"name", "fits"}})->status == 200);
}

TEST_CASE("an archive that cannot be begun or breaks off is a failure, and leaves nothing behind") {
  PackingNode node;
  node.put("a", "x");
  const auto [slot, status] = GENERATE(table<std::string, pinion_status>(
      {{"archives.pack", PINION_E_BUSY}, {"archives.pack", PINION_E_STOPPING}, {"tasks.run", PINION_E_BUSY}}));
  node.fake.failNext(slot, status);
  CHECK(node.compress({"a"})->status >= 500);
  CHECK(node.all() == std::set<std::string>{"a"});
}

TEST_CASE("a server that is deleted while its files are packed gets no archive") {
  PackingNode node;
  node.put("a", "x");
  node.put("b", "x");
  std::vector<std::string> packed;
  node.fake.duringArchives([&](const std::string &name) {
    packed.push_back(name);
    node.fake.removeServer(kServer);
  });
  const auto answer = node.compress({"a", "b"});
  CHECK(answer->done);
  CHECK(answer->status >= 400);
  CHECK(packed == std::vector<std::string>{"a"});
  CHECK(node.all() == std::set<std::string>{"a", "b"});
}

TEST_CASE("a daemon that stops while files are packed or unpacked leaves no archive, and answers nobody twice") {
  PackingNode node;
  node.put("a", "x");
  node.put("in.tar", tarOf({{"one", "1"}, {"two", "2"}}));
  bool stop = false;
  const bool pack = GENERATE(true, false);
  // The plugin stops between two entries: nothing of it may be called after that.
  node.fake.duringArchives([&](const std::string &) {
    if (!std::exchange(stop, true)) node.plugin.stop();
  });
  const auto answer = pack ? node.compress({"a", "in.tar"}) : node.decompress("in.tar");
  CHECK(stop);
  CHECK(node.fake.openArchives() == 0);
  CHECK(node.all().count("two") == 0);
  for (const auto &name : node.all()) CHECK(name.find("archive-") == std::string::npos);
}

TEST_CASE("what is in an archive lies in the folder afterwards, replacing files and passing over what is denied") {
  PackingNode node;
  node.put("d/a.txt", "old and longer");
  node.fake.denyFile(kServer, "d/no.key");
  node.put("d/x.tar", tarOf({{"a.txt", "new"},
                             {"sub/b.txt", "b", '0', "", 0600, 1'000'000'000},
                             {"empty/", "", '5', "", 0755},
                             {"link", "", '2', "/etc/passwd"},
                             {"no.key", "mine now"}}));
  const auto answer = node.decompress("x.tar", "/d");
  CHECK(answer->status == 204);
  CHECK(answer->body.empty());
  CHECK(node.read("d/a.txt") == "new");
  CHECK(node.read("d/sub/b.txt") == "b");
  CHECK(node.all() == std::set<std::string>{"d/", "d/a.txt", "d/empty/", "d/sub/", "d/sub/b.txt", "d/x.tar"});
  struct stat facts {};
  REQUIRE(::stat((node.root / "d/sub/b.txt").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(facts.st_mtim.tv_sec == 1'000'000'000);
}

TEST_CASE("an archive that lies elsewhere is unpacked into the folder that was asked for") {
  PackingNode node;
  node.put("archives/x.tar", tarOf({{"../../up.txt", "x"}, {"a", "y"}}));
  CHECK(node.decompress("archives/x.tar", "/")->status == 204);
  CHECK(node.read("a") == "y");
  CHECK(node.read("up.txt") == "x"); // it climbs no further than the server's folder
  node.put("y.tar", tarOf({{"../../up2.txt", "x"}}));
  CHECK(node.post("decompress", {{"root", "sub"}, {"file", "../y.tar"}})->status >= 400); // a root without a slash
  CHECK_FALSE(std::filesystem::exists(node.root / "up2.txt"));
}

TEST_CASE("what is no archive, is not there, is denied or is no file is refused each in its own words") {
  PackingNode node;
  node.put("text", "just text");
  node.put("no.tar", tarOf({{"a", "x"}}));
  node.put("cut.tar", tarOf({{"a", std::string(2000, 'x')}}).substr(0, 1000));
  node.fake.denyFile(kServer, "no.tar");
  std::filesystem::create_directory(node.root / "folder");
  const auto unknown = node.decompress("text");
  CHECK(unknown->status == 400);
  CHECK(unknown->json() == Json{{"error", "The archive provided is in a format Wings does not understand."}});
  const auto missing = node.decompress("ghost.tar");
  CHECK(missing->status == 404);
  CHECK(missing->json() == kMissing);
  const auto denied = node.decompress("no.tar");
  CHECK(denied->status == 403);
  CHECK(denied->json() == kDenied);
  CHECK(node.decompress("folder")->status >= 400);
  CHECK(node.decompress("cut.tar")->status == 500);
}

TEST_CASE("an archive that does not fit is refused before anything of it is written") {
  PackingNode node;
  const std::string archive = tarOf({{"small", "x"}, {"big", std::string(5000, 'x')}});
  node.put("x.tar", archive);
  node.fake.limitDisk(kServer, static_cast<std::int64_t>(archive.size()) + 5000);
  const auto answer = node.decompress("x.tar");
  CHECK(answer->status == 400);
  CHECK(answer->json() == kFull);
  CHECK(node.all() == std::set<std::string>{"x.tar"});
  node.fake.limitDisk(kServer, static_cast<std::int64_t>(archive.size()) + 5001);
  CHECK(node.decompress("x.tar")->status == 204);
}

TEST_CASE("a server that is deleted while an archive is unpacked gets nothing more of it") {
  PackingNode node;
  node.put("x.tar", tarOf({{"one", "1"}, {"two", "2"}, {"three", "3"}}));
  node.fake.duringArchives([&](const std::string &name) {
    if (name == "two") node.fake.removeServer(kServer);
  });
  const auto answer = node.decompress("x.tar");
  CHECK(answer->done);
  CHECK(answer->status >= 400);
  CHECK(node.read("one") == "1");
  CHECK(node.all() == std::set<std::string>{"one", "x.tar"});
}
