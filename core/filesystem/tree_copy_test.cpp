#include "filesystem/ground_for_tests.hpp"

#include <sys/sysmacros.h>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

std::string big() {
  std::string text;
  for (int i = 0; text.size() < 1500000; ++i) text += std::to_string(i) + ",";
  return text;
}

UniqueFd unnamed(const Tree &tree, const std::string &text) {
  auto fd = tree.openUnnamed("");
  REQUIRE(fd);
  REQUIRE(::write(fd->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return std::move(*fd);
}

} // namespace

TEST_CASE("a regular file is copied whole, with its mode, to a place that was free") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("a", big());
  REQUIRE(tree.chmod("a", 0750));
  std::int64_t asked = 0;
  const auto copied = tree.copy("a", "new/folder/b",
                                [&](std::int64_t bytes) -> Result<void> { return asked = bytes, Result<void>(); }, {});
  REQUIRE(copied);
  CHECK(*copied == static_cast<std::int64_t>(big().size()));
  CHECK(asked == *copied);
  CHECK(ground.text("new/folder/b") == big());
  CHECK((tree.stat("new/folder/b")->st_mode & 07777) == 0750);
  ground.file("empty", "");
  CHECK(tree.copy("empty", "empty2", {}, {}));
  REQUIRE(tree.chmod("empty", 06755)); // a copy is another's: it runs as nobody but who runs it
  REQUIRE(tree.copy("empty", "empty3", {}, {}));
  CHECK((tree.stat("empty3")->st_mode & 07777) == 0755);
  CHECK(ground.has("empty2"));
}

TEST_CASE("a copy never replaces, follows no link and takes no folder, pipe or device") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("a", "1");
  ground.file("b", "2");
  ground.file("d/x", "3");
  ground.link("a", "l");
  ground.link(ground.outside + "/secret", "out");
  ground.link(ground.outside, "folder");
  ground.link(ground.outside + "/new", "dangling");
  REQUIRE(::mkfifo((ground.root + "/fifo").c_str(), 0600) == 0);
  const auto fails = [&](const char *from, const char *to) { return detail(tree.copy(from, to, {}, {})); };
  CHECK(fails("a", "b") == EEXIST);
  CHECK(fails("a", "d") == EEXIST);
  CHECK(fails("a", "a") == EEXIST);
  CHECK(fails("a", "dangling") == EEXIST);
  CHECK(fails("a", "/") == EEXIST);
  CHECK(fails("none", "c") == ENOENT);
  CHECK(fails("none", "made/c") == ENOENT);
  CHECK_FALSE(ground.has("made"));
  CHECK(fails("d", "c") == EISDIR);
  CHECK(fails("l", "c") == ELOOP);
  CHECK(fails("out", "c") == ELOOP);
  CHECK(fails("fifo", "c") == ENXIO);
  CHECK(fails("folder/secret", "c") != 0);
  CHECK(fails("a", "folder/c") != 0);
  CHECK(fails("a", "../c") == EXDEV);
  if (::mknod((ground.root + "/zero").c_str(), S_IFCHR | 0666, makedev(1, 5)) == 0) CHECK(fails("zero", "c") == ENXIO);
  CHECK_FALSE(ground.has("c"));
  CHECK(ground.text("b") == "2");
  CHECK(ground.untouched());
}

TEST_CASE("a copy that is refused or stopped leaves nothing") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("a", big());
  const auto full = tree.copy("a", "new/b", [](std::int64_t) { return Error{Code::full, "full", EDQUOT}; }, {});
  CHECK(code(full) == Code::full);
  CHECK_FALSE(ground.has("new"));
  CHECK(code(tree.copy("a", "b", {}, [] { return true; })) == Code::cancelled);
  CHECK_FALSE(ground.has("b"));
}

TEST_CASE("an unnamed file gets its place when it is whole") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  const UniqueFd fd = unnamed(tree, "whole");
  CHECK(fs::is_empty(ground.root));
  const auto placed = tree.place(fd.get(), "a/b/new", {});
  REQUIRE(placed);
  CHECK(*placed == 0);
  CHECK(ground.text("a/b/new") == "whole");
  CHECK((tree.stat("a/b/new")->st_mode & 07777) == 0644);
  CHECK(detail(tree.place(fd.get(), "again", {})) == EINVAL); // a second name would be a hard link
  CHECK(::lseek(fd.get(), 0, SEEK_CUR) == 5);                 // still the caller's, where it was
  CHECK(detail(tree.openUnnamed("none")) == ENOENT);
  CHECK(detail(tree.openUnnamed("a/b/new")) == ENOTDIR);
}

TEST_CASE("placing on a file gives it the bytes and keeps inode, mode and owner") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("long", big());
  ground.file("short", "1");
  for (const char *path : {"long", "short"}) {
    INFO(path);
    REQUIRE(tree.chmod(path, 0600));
    if (::getuid() == 0) REQUIRE(tree.chown(path, 4711, 4712));
    const auto before = tree.stat(path);
    const UniqueFd fd = unnamed(tree, "the new text");
    const auto placed = tree.place(fd.get(), path, {});
    REQUIRE(placed);
    CHECK(*placed == before->st_size);
    CHECK(ground.text(path) == "the new text");
    const auto after = tree.stat(path);
    CHECK(after->st_ino == before->st_ino);
    CHECK(after->st_mode == before->st_mode);
    CHECK(after->st_uid == before->st_uid);
    CHECK(tree.place(fd.get(), "another", {})); // it still has no name
    CHECK(tree.remove("another"));
  }
  const UniqueFd fd = unnamed(tree, big());
  CHECK(code(tree.place(fd.get(), "short", [] { return true; })) == Code::cancelled);
  CHECK(ground.text("short") == "the new text");
}

TEST_CASE("where the file system has no files without a name, one loses its name and is copied to its place") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("d/old", "old");
  struct stat before {
  }, after{};
  REQUIRE(::stat((ground.root + "/d/old").c_str(), &before) == 0);
  const UniqueFd fd = beneath::openNameless(tree.rootFd());
  REQUIRE(fd);
  struct stat info {};
  REQUIRE(::fstat(fd.get(), &info) == 0);
  CHECK(info.st_nlink == 0);
  CHECK((info.st_mode & 07777) == 0644);
  REQUIRE(::write(fd.get(), "bytes", 5) == 5);
  CHECK(tree.place(fd.get(), "d/new", {}));
  CHECK(ground.text("d/new") == "bytes");
  REQUIRE(tree.place(fd.get(), "d/old", {}));
  CHECK(ground.text("d/old") == "bytes");
  REQUIRE(::stat((ground.root + "/d/old").c_str(), &after) == 0);
  CHECK(after.st_ino == before.st_ino);
  CHECK(code(tree.place(fd.get(), "cancelled", [] { return true; })) == Code::cancelled);
  CHECK_FALSE(ground.has("cancelled"));
  std::set<std::string> names;
  for (const auto &entry : fs::directory_iterator(ground.root)) names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"d"});
}

TEST_CASE("what NFS keeps under a hidden name of its own can be placed") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file(".nfs000000000000a1b200000001", "bytes");
  const auto open = tree.openFile(".nfs000000000000a1b200000001", O_RDWR);
  REQUIRE(open);
  CHECK(tree.place(open->get(), "here", {}));
  CHECK(ground.text("here") == "bytes");
}

TEST_CASE("nothing is placed on what is no regular file, and only unnamed files are") {
  Ground ground(eachMode());
  const Tree &tree = *ground.tree;
  ground.file("d/x", "1");
  ground.link("d/x", "l");
  ground.link(ground.outside + "/secret", "out");
  ground.link(ground.outside, "folder");
  REQUIRE(::mkfifo((ground.root + "/fifo").c_str(), 0600) == 0);
  const UniqueFd fd = unnamed(tree, "x");
  const auto fails = [&](const char *path) { return detail(tree.place(fd.get(), path, {})); };
  CHECK(fails("d") == EISDIR);
  CHECK(fails("/") == EISDIR);
  CHECK(fails("l") == ELOOP);
  CHECK(fails("out") == ELOOP);
  CHECK(fails("fifo") == ENXIO);
  CHECK(fails("folder/secret") != 0);
  CHECK(fails("folder/new") != 0);
  CHECK(fails("../x") == EXDEV);
  CHECK(fails("d/x/y") == ENOTDIR);
  const auto named = tree.openFile("d/x", O_RDWR);
  REQUIRE(named);
  CHECK(detail(tree.place(named->get(), "y", {})) == EINVAL);
  CHECK(detail(tree.place(-1, "y", {})) == EBADF);
  const UniqueFd folder(::open(ground.root.c_str(), O_RDONLY | O_DIRECTORY));
  CHECK(detail(tree.place(folder.get(), "y", {})) == EINVAL);
  CHECK_FALSE(ground.has("y"));
  CHECK(ground.text("d/x") == "1");
  CHECK(ground.untouched());
}

TEST_CASE("an entry of an opened folder is opened for reading, by one name") {
  Ground ground(eachMode());
  ground.file("d/a", "inside");
  ground.link(ground.outside + "/secret", "d/l");
  ground.link(ground.outside, "d/lf");
  REQUIRE(::mkfifo((ground.root + "/d/fifo").c_str(), 0600) == 0);
  const auto folder = ground.tree->openFolder("d");
  REQUIRE(folder);
  const int in = folder->get();
  CHECK(read(Tree::openIn(in, "a", false)) == "inside");
  CHECK((::fcntl(Tree::openIn(in, "a", false)->get(), F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == O_RDONLY);
  CHECK(Tree::openIn(in, "fifo", false)); // without waiting
  CHECK(detail(Tree::openIn(in, "l", false)) == ELOOP);
  CHECK_FALSE(Tree::openIn(in, "lf", true));
  CHECK(detail(Tree::openIn(in, "a", true)) == ENOTDIR);
  CHECK(detail(Tree::openIn(ground.tree->rootFd(), "d", false)) == EISDIR);
  CHECK(Tree::openIn(ground.tree->rootFd(), "d", true));
  CHECK(detail(Tree::openIn(in, "none", false)) == ENOENT);
  const std::vector<std::string> no_names{"", ".", "..", "../d/a", "/etc/passwd", std::string("a\0", 2)};
  for (const std::string &name : no_names) CHECK(detail(Tree::openIn(in, name, false)) == EINVAL);
  CHECK(detail(Tree::openIn(-1, "a", false)) == EBADF);
  if (::mknod((ground.root + "/d/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0)
    CHECK(detail(Tree::openIn(in, "null", false)) == ENXIO);
}
