#include "filesystem/ground_for_tests.hpp"

#include <sys/sysmacros.h>

using namespace pinion::core;
using namespace pinion::core::testing;

TEST_CASE("paths are cleaned as text, and one that leads out is denied") {
  const std::string long_name(255, 'x');
  const std::vector<std::pair<std::string, std::string>> good = {{"", ""},
                                                                 {"/", ""},
                                                                 {".", ""},
                                                                 {"a/..", ""},
                                                                 {"a", "a"},
                                                                 {"/a//b/./c", "a/b/c"},
                                                                 {"a/x/../b/", "a/b"},
                                                                 {"/../../x", "x"},
                                                                 {"/a/../../../x", "x"},
                                                                 {"...", "..."},
                                                                 {"%2e%2e/x", "%2e%2e/x"},
                                                                 {long_name, long_name},
                                                                 {"a\\..\\b", "a\\..\\b"}};
  for (const auto &[path, cleaned] : good) {
    INFO(path);
    const auto result = Tree::clean(path);
    REQUIRE(result);
    CHECK(*result == cleaned);
  }
  for (const std::string path : {"..", "../x", "a/../../x", "./..", "../root/x"}) {
    INFO(path);
    CHECK(code(Tree::clean(path)) == Code::denied);
  }
  CHECK(code(Tree::clean(std::string("a\0b", 3))) == Code::denied);
  CHECK(code(Tree::clean(long_name + "x")) == Code::invalid);
  CHECK_THAT(words(Tree::clean(long_name + "x")), Catch::EndsWith("file name too long"));
  std::string deep;
  for (int i = 0; i < 2100; ++i) deep += "a/";
  CHECK_THAT(words(Tree::clean(deep)), Catch::EndsWith("file name too long"));
}

TEST_CASE("files are opened, made and read below the root") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("a/b/c.txt", "hello");
  CHECK(read(tree.openFile("a/b/c.txt", O_RDONLY)) == "hello");
  CHECK(read(tree.openFile("/a/../a/b/c.txt", O_RDONLY)) == "hello");
  const auto fd = tree.openFile("a/new", O_WRONLY | O_CREAT, 0640);
  REQUIRE(fd);
  CHECK(::write(fd->get(), "x", 1) == 1);
  CHECK((::fcntl(fd->get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(code(tree.openFile("a/none", O_RDONLY)) == Code::notFound);
  CHECK(code(tree.openFile("none/x", O_WRONLY | O_CREAT)) == Code::notFound);
  CHECK_THAT(words(tree.openFile("a/b/c.txt/d", O_RDONLY)), Catch::EndsWith("not a directory"));
  CHECK_THAT(words(tree.openFile("a", O_RDONLY)), Catch::EndsWith("is a directory"));
  CHECK_THAT(words(tree.openFile("a", O_WRONLY)), Catch::EndsWith("is a directory"));
  CHECK(code(tree.openFile("", O_RDONLY)) == Code::invalid);
  CHECK(code(tree.openFile("a/new", O_WRONLY | O_CREAT | O_EXCL)) == Code::busy);
  CHECK(tree.openFolder("a/b"));
  CHECK(tree.openFolder(""));
  CHECK(code(tree.openFolder("a/new")) == Code::invalid);
  const auto info = tree.stat("a/b/c.txt");
  REQUIRE(info);
  CHECK(info->st_size == 5);
  CHECK(tree.stat(""));
  CHECK(code(tree.stat("a/none")) == Code::notFound);
}

TEST_CASE("no link leads out of the root, whatever is asked") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("real/inside", "inside");
  ground.link(ground.outside + "/secret", "file");
  ground.link("../outside/secret", "relative");
  ground.link(ground.outside, "folder");
  ground.link("../outside", "relative-folder");
  ground.link("..", "up");
  ground.link("../..", "real/up-up");
  ground.link("/", "slash");
  ground.link("/proc/self/root", "proc");
  ground.link("self", "self");
  ground.link("two", "chain/one");
  ground.link("../file", "chain/two");
  ground.link(ground.outside + "/not-yet", "new");
  ground.link(ground.root + "/real", "absolute-inside");
  for (const std::string path :
       {"file", "relative", "folder/secret", "relative-folder/secret", "up/outside/secret", "chain/one", "new",
        "real/up-up/outside/secret", "folder/folder/inner", "relative-folder/folder/inner", "self", "self/x",
        "self/x/y", "new/x", "absolute-inside/inside", "up/root/real/inside", "real/up-up/x/y", "slash/etc/passwd",
        "proc/etc/passwd"}) {
    INFO(path);
    for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR | O_CREAT, O_WRONLY | O_TRUNC, O_WRONLY | O_APPEND, O_PATH}) {
      const auto fd = tree.openFile(path, flags);
      CHECK_FALSE(fd);
      if (!fd) CHECK((fd.error().code == Code::denied || fd.error().code == Code::invalid));
    }
    CHECK_FALSE(tree.openFolder(path));
    CHECK_FALSE(tree.list(path));
    CHECK_FALSE(tree.chmod(path, 0777));
    CHECK_FALSE(tree.rename("real/inside", path));
    CHECK_FALSE(tree.makeFolders(path + "/made"));
    CHECK(ground.untouched());
  }
  for (const std::string path : {"folder/secret", "relative-folder/secret", "folder/folder", "up/outside/secret"}) {
    INFO(path);
    CHECK_FALSE(tree.stat(path));
    CHECK_FALSE(tree.rename(path, "stolen"));
    CHECK_FALSE(tree.remove(path));
    CHECK_FALSE(tree.chown(path, 12345, 12345));
    CHECK(ground.untouched());
  }
  // A link itself is an entry like others.
  REQUIRE(tree.stat("file"));
  CHECK(S_ISLNK(tree.stat("file")->st_mode));
  CHECK(tree.rename("folder", "moved"));
  CHECK(fs::read_symlink(ground.root + "/moved") == ground.outside);
  CHECK(tree.remove("moved"));
  CHECK(tree.remove("file"));
  CHECK(tree.usage({}));
  CHECK(tree.removeAll());
  CHECK(fs::is_empty(ground.root));
  CHECK(ground.untouched());
}

TEST_CASE("links that stay inside are followed on the way, never at the end") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("real/deep/file", "inside");
  ground.link("real", "link");
  ground.link("../real/../real/./deep/..", "other/back");
  CHECK(read(tree.openFile("link/deep/file", O_RDONLY)) == "inside");
  CHECK(read(tree.openFile("other/back/deep/file", O_RDONLY)) == "inside");
  CHECK_FALSE(tree.openFolder("link/deep")); // directly in a link: as Wings
  CHECK_FALSE(tree.openFolder("link"));
  CHECK_FALSE(tree.list("link"));
  CHECK_FALSE(tree.stat("link/deep/none"));
  CHECK_FALSE(tree.openFile("link/none", O_WRONLY | O_CREAT));
  CHECK(tree.makeFolders("link/deep/made/there"));
  CHECK(tree.openFolder("link/deep/made"));
  CHECK(fs::is_directory(ground.root + "/real/deep/made/there"));
}

TEST_CASE("FIFOs never block and devices are never opened") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  REQUIRE(::mkfifo((ground.root + "/fifo").c_str(), 0600) == 0);
  const auto fd = tree.openFile("fifo", O_RDONLY);
  REQUIRE(fd);
  char byte = 0;
  CHECK(::read(fd->get(), &byte, 1) <= 0);
  CHECK(tree.openFile("fifo", O_RDWR));
  CHECK(code(tree.openFolder("fifo")) == Code::invalid);
  CHECK(tree.chmod("fifo", 0640));
  CHECK(tree.usage({}));
  if (::mknod((ground.root + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0) {
    CHECK_THAT(words(tree.openFile("null", O_RDWR)), Catch::EndsWith("not a regular file"));
    CHECK_FALSE(tree.openFile("null", O_PATH));
  }
  ::unlink((ground.root + "/lone").c_str());
  REQUIRE(::mkfifo((ground.root + "/lone").c_str(), 0600) == 0);
  CHECK_THAT(words(tree.openFile("lone", O_WRONLY)), Catch::EndsWith("not a regular file"));
  CHECK(tree.remove("fifo"));
  CHECK(tree.removeAll());
}

TEST_CASE("a tree of five thousand levels is measured, owned and removed") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  UniqueFd folder(::open(ground.root.c_str(), O_RDONLY | O_DIRECTORY));
  const std::string name(20, 'n');
  for (int level = 0; level < 5000; ++level) {
    REQUIRE(::mkdirat(folder.get(), name.c_str(), 0755) == 0);
    UniqueFd next(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
    REQUIRE(next);
    folder = std::move(next);
    if (level % 100 == 0) {
      const UniqueFd file(::openat(folder.get(), "f", O_WRONLY | O_CREAT, 0644));
      REQUIRE(::write(file.get(), "12345", 5) == 5);
    }
  }
  folder.reset();
  const auto used = tree.usage({});
  REQUIRE(used);
  CHECK(used->bytes == 50 * 5);
  CHECK(tree.chown("", ::getuid(), ::getgid()));
  CHECK(tree.remove(name));
  CHECK(fs::is_empty(ground.root));
}

TEST_CASE("a folder lists its entries with what they are") {
  Ground ground(eachMode());
  ground.file("a", "12");
  ground.file("b/c", "3");
  ground.link("nowhere", "l");
  const auto entries = ground.tree->list("/");
  REQUIRE(entries);
  std::set<std::string> seen;
  for (const auto &entry : *entries)
    seen.insert(entry.name + (S_ISDIR(entry.info.st_mode) ? "/" : S_ISLNK(entry.info.st_mode) ? "@" : ""));
  CHECK(seen == std::set<std::string>{"a", "b/", "l@"});
  CHECK(code(ground.tree->list("none")) == Code::notFound);
  CHECK(code(ground.tree->list("a")) == Code::invalid);
}

TEST_CASE("use counts each file once and stops when told") {
  Ground ground(eachMode());
  ground.file("a", "12345");
  ground.file("d/b", "123");
  fs::create_hard_link(ground.root + "/a", ground.root + "/d/a2");
  ground.link("a", "l");
  const auto used = ground.tree->usage([] { return false; });
  REQUIRE(used);
  CHECK(used->bytes == 8);
  CHECK(code(ground.tree->usage([] { return true; })) == Code::cancelled);
}

TEST_CASE("a root that is missing or no folder is an error that names it") {
  const auto mode = eachMode();
  CHECK(code(Tree::open("/nonexistent/pinion", false, mode)) == Code::notFound);
  CHECK_THAT(words(Tree::open("/nonexistent/pinion", false, mode)), Catch::Contains("/nonexistent/pinion"));
  CHECK(code(Tree::open("/proc/self/status", true, mode)) == Code::invalid);
}
