#include "filesystem/ground_for_tests.hpp"

#include <sys/sysmacros.h>

using namespace pinion::core;
using namespace pinion::core::testing;

TEST_CASE("a wide tree is removed whole") {
  Ground ground(eachMode());
  for (int i = 0; i < 300; ++i)
    ground.file("d" + std::to_string(i % 60) + "/" + std::string(250, 'x') + std::to_string(i), "1");
  REQUIRE(ground.tree->usage({}));
  CHECK(ground.tree->usage({})->bytes == 300);
  CHECK(ground.tree->removeAll());
  CHECK(fs::is_empty(ground.root));
  CHECK(ground.tree->removeAll());
}

TEST_CASE("removing what is absent is success, and the root is kept") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("keep", "x");
  CHECK(tree.remove("none"));
  CHECK(tree.remove("none/below"));
  for (const std::string path : {"", "/", ".", "keep/..", "/.."}) CHECK(code(tree.remove(path)) == Code::denied);
  CHECK(code(tree.rename("", "x")) == Code::denied);
  CHECK(code(tree.rename("keep", "/")) == Code::denied);
  CHECK(code(tree.remove("../root")) == Code::denied);
  CHECK(fs::exists(ground.root + "/keep"));
}

TEST_CASE("a rename moves and never replaces") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("a", "1");
  ground.file("b", "2");
  ground.file("d/e", "3");
  CHECK(code(tree.rename("a", "b")) == Code::busy);
  CHECK(code(tree.rename("a", "d")) == Code::busy);
  CHECK(code(tree.rename("none", "x")) == Code::notFound);
  CHECK(code(tree.rename("none", "none")) == Code::notFound);
  CHECK(code(tree.rename("none", "no/x")) == Code::notFound);
  CHECK_FALSE(fs::exists(ground.root + "/no"));
  CHECK(tree.rename("a", "no/such/x"));
  CHECK(tree.rename("no/such/x", "a"));
  CHECK(code(tree.rename("d", "d/e2")) == Code::invalid);
  CHECK(code(tree.rename("d", "d/new/e2")) == Code::invalid);
  CHECK_FALSE(fs::exists(ground.root + "/d/new"));
  CHECK(tree.rename("a", "./a"));
  CHECK(tree.rename("a", "d/a"));
  CHECK(read(tree.openFile("d/a", O_RDONLY)) == "1");
  CHECK(read(tree.openFile("b", O_RDONLY)) == "2");
  CHECK(tree.rename("d", "moved"));
  CHECK(read(tree.openFile("moved/e", O_RDONLY)) == "3");
}

TEST_CASE("folders are made with all their parents") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  CHECK(tree.makeFolders("a/b/c/d"));
  CHECK(tree.makeFolders("a/b/c/d"));
  CHECK(tree.makeFolders("a/b/x"));
  CHECK(tree.makeFolders(""));
  CHECK((tree.stat("a/b")->st_mode & 0777) == 0755);
  CHECK(tree.makeFolders("private", 0700));
  CHECK((tree.stat("private")->st_mode & 0777) == 0700);
  ground.file("file", "x");
  CHECK_THAT(words(tree.makeFolders("file")), Catch::EndsWith("not a directory"));
  CHECK_THAT(words(tree.makeFolders("file/x/y")), Catch::EndsWith("not a directory"));
  CHECK(code(tree.makeFolders("../x")) == Code::denied);
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "z/";
  CHECK(tree.makeFolders(deep));
  CHECK(tree.openFolder(deep));
}

TEST_CASE("modes are changed on files and folders, special bits too") {
  Ground ground(eachMode());
  ground.file("a", "1");
  CHECK(ground.tree->chmod("a", 04755));
  CHECK((ground.tree->stat("a")->st_mode & 07777) == 04755);
  CHECK(ground.tree->makeFolders("d"));
  CHECK(ground.tree->chmod("d", 0700));
  CHECK(code(ground.tree->chmod("none", 0700)) == Code::notFound);
  ground.link("a", "l");
  CHECK(code(ground.tree->chmod("l", 0777)) == Code::denied);
}

TEST_CASE("owners are changed below and beside links, and only where they differ") {
  if (::getuid() != 0) return; // only root may give files away
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("d/a", "1");
  ground.file("d/e/b", "1");
  ground.link(ground.outside + "/secret", "d/l");
  ground.link(ground.outside, "d/lf");
  REQUIRE(::mkfifo((ground.root + "/d/p").c_str(), 0600) == 0);
  CHECK(tree.chown("d", 4711, 4712));
  for (const char *path : {"d", "d/a", "d/e", "d/e/b", "d/l", "d/lf", "d/p"}) {
    INFO(path);
    CHECK(tree.stat(path)->st_uid == 4711);
    CHECK(tree.stat(path)->st_gid == 4712);
  }
  CHECK(tree.stat("")->st_uid == 0);
  struct stat outside {};
  REQUIRE(::stat((ground.outside + "/secret").c_str(), &outside) == 0);
  CHECK(outside.st_uid == 0);
  const auto before = tree.stat("d/a")->st_ctim;
  CHECK(tree.chown("", 4711, 4712));
  CHECK(tree.stat("d/a")->st_ctim.tv_nsec == before.tv_nsec);
  CHECK(tree.stat("")->st_uid == 4711);
  CHECK(code(tree.chown("none", 1, 1)) == Code::notFound);
}

TEST_CASE("the answer to a removal is the bytes that are gone") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("d/a", "12345");
  ground.file("d/e/b", "123");
  fs::create_hard_link(ground.root + "/d/a", ground.root + "/other");
  ground.file("f", "12");
  ground.link("f", "d/l");
  REQUIRE(tree.remove("d"));
  ground.file("d/a", "1234567");
  const auto removed = tree.remove("d");
  REQUIRE(removed);
  CHECK(*removed == 7);
  const auto file = tree.remove("f");
  REQUIRE(file);
  CHECK(*file == 2);
  const auto none = tree.remove("f");
  REQUIRE(none);
  CHECK(*none == 0);
  const auto rest = tree.removeAll();
  REQUIRE(rest);
  CHECK(*rest == 5); // its second name was the last
}

TEST_CASE("links are made with their target as it is, and lead nowhere for the tree") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("d/a", "1");
  CHECK(tree.link("../../../etc/passwd", "d/l"));
  CHECK(fs::read_symlink(ground.root + "/d/l") == "../../../etc/passwd");
  CHECK(code(tree.openFile("d/l", O_RDONLY)) == Code::denied);
  CHECK(detail(tree.link("x", "d/l")) == EEXIST);
  CHECK(detail(tree.link("x", "d/a")) == EEXIST);
  CHECK(detail(tree.link("x", "none/l")) == ENOENT);
  CHECK(detail(tree.link("", "d/empty")) == ENOENT);
  CHECK(detail(tree.link(std::string("a\0b", 3), "d/nul")) == EINVAL);
  CHECK_FALSE(tree.link("x", "/"));
  ground.link(ground.outside, "out");
  CHECK_FALSE(tree.link("x", "out/l"));
  CHECK(ground.untouched());
}

TEST_CASE("times are set on exactly what is named, never through a link") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("d/a", "1");
  CHECK(tree.setTimes("d/a", 1500000000, 1600000000));
  CHECK(tree.stat("d/a")->st_mtim.tv_sec == 1600000000);
  CHECK(tree.stat("d/a")->st_atim.tv_sec == 1500000000);
  CHECK(tree.setTimes("d", -5, 5));
  CHECK(tree.stat("d")->st_mtim.tv_sec == 5);
  CHECK(detail(tree.setTimes("none", 1, 1)) == ENOENT);
  ground.link(ground.outside + "/secret", "l");
  ground.link("d/a", "inside");
  CHECK(detail(tree.setTimes("l", 1, 1)) == ELOOP);
  CHECK(detail(tree.setTimes("inside", 1, 1)) == ELOOP);
  CHECK(tree.stat("d/a")->st_mtim.tv_sec == 1600000000);
  REQUIRE(::mkfifo((ground.root + "/fifo").c_str(), 0600) == 0);
  CHECK(tree.setTimes("fifo", 7, 7));
  CHECK(ground.untouched());
}

TEST_CASE("what is made under terms belongs to the one they name, and nothing else does") {
  if (::getuid() != 0) return; // only root may give files away
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("old/file", "1");
  ground.deny({}, 4711, 4712);
  CHECK(tree.makeFolders("old/new/er"));
  CHECK(tree.makeParents("old/parents/above/x"));
  CHECK(tree.openFile("old/made", O_WRONLY | O_CREAT));
  CHECK(tree.openFile("old/file", O_WRONLY | O_CREAT | O_TRUNC));
  CHECK(tree.link("/nowhere", "old/link"));
  CHECK(tree.copy("old/made", "old/to/copy", {}, {}));
  CHECK(tree.rename("old/made", "old/further/made"));
  const auto unnamed = tree.openUnnamed("");
  REQUIRE(unnamed);
  CHECK(tree.place(unnamed->get(), "old/placed/whole", {}));
  for (const char *path : {"old/new", "old/new/er", "old/parents", "old/parents/above", "old/further/made", "old/link",
                           "old/to", "old/to/copy", "old/further", "old/placed", "old/placed/whole"}) {
    INFO(path);
    CHECK(tree.stat(path)->st_uid == 4711);
    CHECK(tree.stat(path)->st_gid == 4712);
  }
  for (const char *path : {"", "old", "old/file"}) CHECK(tree.stat(path)->st_uid == 0);
}
