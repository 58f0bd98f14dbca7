// What is refused under terms, by every function, by the name as it is written and by the real path.
#include "filesystem/denylist.hpp"
#include "filesystem/ground_for_tests.hpp"

#include <map>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

UniqueFd unnamed(const Tree &tree) {
  auto fd = tree.openUnnamed("");
  REQUIRE(fd);
  REQUIRE(::write(fd->get(), "new", 3) == 3);
  return std::move(*fd);
}

// Every function that is refused, on a path; the answer names the first that was not.
std::string whoAllows(const Tree &tree, const std::string &path) {
  const auto refused = [](const auto &result) { return detail(result) == EACCES && code(result) == Code::denied; };
  const UniqueFd fd = unnamed(tree);
  if (!refused(tree.openFile(path, O_RDONLY))) return "read";
  if (!refused(tree.openFile(path, O_WRONLY))) return "write";
  if (!refused(tree.openFile(path, O_WRONLY | O_CREAT | O_TRUNC))) return "create";
  if (!refused(tree.makeFolders(path))) return "makeFolders";
  if (!refused(tree.makeParents(path))) return "makeParents";
  if (!refused(tree.rename(path, "free-target"))) return "rename from";
  if (!refused(tree.rename("free", path))) return "rename to";
  if (!refused(tree.copy(path, "free-target", {}, {}))) return "copy from";
  if (!refused(tree.copy("free", path, {}, {}))) return "copy to";
  if (!refused(tree.link("x", path))) return "link";
  if (!refused(tree.chmod(path, 0777))) return "chmod";
  if (!refused(tree.setTimes(path, 1, 1))) return "setTimes";
  if (!refused(tree.place(fd.get(), path, {}))) return "place";
  return "";
}

DefinitionPtr definition(const std::string &list) {
  auto parsed =
      parseDefinition(R"({"settings":{"uuid":"3fd3e129-0dc3-4f0e-9a36-68526cabfbcf","egg":{"id":"","file_denylist":)" +
                          list + R"(}},"process_configuration":{}})",
                      {});
  REQUIRE(parsed);
  return *parsed;
}

} // namespace

TEST_CASE("everything is refused on what the denylist names, however it is written") {
  Ground ground(eachMode());
  ground.file("free", "1");
  ground.file("conf/x", "secret");
  ground.file("a/b.key", "secret");
  ground.deny({"*.key", "conf/"});
  for (const std::string path : {"conf/x", "a/b.key", "/a/../conf//x", "./a/./b.key"}) {
    INFO(path);
    CHECK(whoAllows(*ground.tree, path) == "");
  }
  for (const char *path : {"new.key", "made/new.key"}) {
    INFO(path);
    CHECK(detail(ground.tree->openFile(path, O_WRONLY | O_CREAT)) == EACCES);
    CHECK(detail(ground.tree->makeParents(path)) == EACCES);
    CHECK(detail(ground.tree->makeFolders(path + std::string("/x"))) == EACCES);
  }
  CHECK_FALSE(ground.has("made"));
  CHECK(ground.text("conf/x") == "secret");
  CHECK(ground.text("a/b.key") == "secret");
  CHECK(ground.text("free") == "1");
  CHECK(ground.tree->stat("conf/x")); // looking is free, as the contract has it
  CHECK(ground.tree->list("conf"));
  CHECK(ground.tree->openFile("conf", O_PATH)); // what is in it is denied, not the folder
}

TEST_CASE("a link to a folder is no way round the denylist") {
  Ground ground(eachMode());
  ground.file("free", "1");
  ground.file("conf/deep/x", "secret");
  ground.file("conf/deep/er/x", "secret");
  ground.link("conf", "way");
  ground.link("../conf/deep", "other/way");
  ground.link("way", "again");
  ground.deny({"conf/"});
  for (const std::string path : {"way/deep/x", "other/way/er/x", "again/deep/x", "way/deep/er/x"}) {
    INFO(path);
    CHECK(whoAllows(*ground.tree, path) == "");
  }
  CHECK(detail(ground.tree->makeFolders("way/deep/new/folder")) == EACCES);
  CHECK(detail(ground.tree->openFile("way/deep/new", O_WRONLY | O_CREAT)) == EACCES);
  CHECK(ground.tree->remove("way/deep/x"));     // it is success, and nothing goes
  CHECK_FALSE(ground.tree->remove("way/deep")); // directly in a link
  CHECK(ground.text("conf/deep/x") == "secret");
  CHECK(ground.text("conf/deep/er/x") == "secret");
  CHECK(ground.tree->remove("way")); // the link itself is not denied
  CHECK_FALSE(ground.has("way"));
}

TEST_CASE("a folder that was denied under an old name is denied under the real one") {
  Ground ground(eachMode());
  ground.file("free", "1");
  ground.file("Conf/x", "1");
  ground.file("conf/x", "secret");
  ground.deny({"conf/"});
  CHECK(ground.tree->openFile("Conf/x", O_RDONLY)); // case matters
  fs::rename(ground.root + "/Conf", ground.root + "/was");
  fs::rename(ground.root + "/conf", ground.root + "/Conf");
  CHECK(ground.tree->openFile("Conf/x", O_RDONLY));
  fs::rename(ground.root + "/was", ground.root + "/conf");
  CHECK(whoAllows(*ground.tree, "conf/x") == "");
}

TEST_CASE("a removal leaves what is denied, with the folders above it, and takes the rest") {
  Ground ground(eachMode());
  const auto fill = [&] {
    for (const char *path :
         {"d/k.key", "d/free", "d/e/f/k.key", "d/e/free", "d/g/free", "conf/x", "conf/ok/x", "top.key"})
      ground.file(path, "12345");
    if (!ground.has("d/l.key")) ground.link("x", "d/l.key");
  };
  const auto left = [&] {
    std::set<std::string> out;
    for (const auto &entry : fs::recursive_directory_iterator(ground.root))
      if (!entry.is_directory() || entry.is_symlink())
        out.insert(fs::relative(entry.path().parent_path(), ground.root) / entry.path().filename());
    return out;
  };
  fill();
  ground.deny({"*.key", "conf/", "!conf/ok"});
  const auto freed = ground.tree->remove("d");
  REQUIRE(freed);
  CHECK(*freed == 15);
  CHECK(ground.tree->remove("top.key"));
  CHECK(ground.tree->remove("conf"));
  CHECK(left() == std::set<std::string>{"d/k.key", "d/e/f/k.key", "d/l.key", "conf/x", "./top.key"});
  CHECK_FALSE(ground.has("d/g"));
  CHECK_FALSE(ground.has("conf/ok"));
  fill();
  CHECK(ground.tree->removeAll());
  CHECK(left() == std::set<std::string>{"d/k.key", "d/e/f/k.key", "d/l.key", "conf/x", "./top.key"});
  ground.deny({"d"});
  CHECK(ground.tree->remove("d"));
  CHECK(ground.has("d/e/f/k.key"));
  ground.deny({});
  CHECK(ground.tree->removeAll());
  CHECK(fs::is_empty(ground.root));
}

TEST_CASE("a folder is not moved with denied entries in it, and not to where they would be denied") {
  Ground ground(eachMode());
  ground.file("d/e/f/k.key", "1");
  ground.file("free/secret", "1");
  ground.file("plain/x", "1");
  ground.deny({"*.key", "conf/", "/sub/secret", "!plain/never"});
  const auto fails = [&](const char *from, const char *to) { return detail(ground.tree->rename(from, to)); };
  CHECK(fails("d", "elsewhere") == EACCES);
  CHECK(fails("d/e", "elsewhere") == EACCES);
  CHECK(fails("free", "sub") == EACCES);
  CHECK(fails("plain", "conf") == EACCES);
  CHECK(ground.tree->rename("plain", "moved/plain"));
  CHECK(ground.tree->rename("free", "sub2"));
  CHECK(ground.text("d/e/f/k.key") == "1");
}

TEST_CASE("a folder with too much in it to be compared is not moved") {
  Ground ground(OpenatMode::automatic);
  REQUIRE(::mkdir((ground.root + "/d").c_str(), 0755) == 0);
  const UniqueFd folder(::open((ground.root + "/d").c_str(), O_RDONLY | O_DIRECTORY));
  REQUIRE(::mknodat(folder.get(), "0", S_IFREG | 0644, 0) == 0);
  // Names of one file: a hundred thousand files would be a hundred thousand inodes.
  for (int i = 1; i <= 100000; ++i)
    REQUIRE(::linkat(folder.get(), "0", folder.get(), std::to_string(i).c_str(), 0) == 0);
  CHECK(ground.tree->rename("d", "d2"));
  ground.deny({"*.key"});
  CHECK(detail(ground.tree->rename("d2", "d")) == EACCES);
  CHECK_THAT(words(ground.tree->rename("d2", "d")), Catch::Contains("too much"));
  REQUIRE(::unlinkat(folder.get(), "0", 0) == 0);
  CHECK(ground.tree->rename("d2", "d"));
}

TEST_CASE("a list is compiled once for each definition of a server") {
  Denylists lists;
  const auto server = std::make_shared<Server>(definition(R"(["*.key"])"));
  const auto first = lists.of(server);
  CHECK(first->matches("a.key"));
  CHECK(lists.of(server) == first);
  server->define(definition(R"(["*.pem"])"));
  const auto second = lists.of(server);
  CHECK(second->matches("a.pem"));
  CHECK_FALSE(second->matches("a.key"));
  CHECK(first->matches("a.key")); // who still has it may use it
  server->define(definition("null"));
  CHECK(lists.of(server)->empty());
}
