#include "filesystem/folder_sums.hpp"

#include "filesystem/disk_ground_for_tests.hpp"
#include "filesystem/ground_for_tests.hpp"

#include <linux/fs.h>

#include <atomic>
#include <random>
#include <thread>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

// Sums of a tree; what changes is told by hand, as the kernel would tell it.
class Sums {
public:
  explicit Sums(std::int64_t folders = 1000) : room(std::make_shared<std::atomic<std::int64_t>>(folders)), sums(room) {}
  std::int64_t walk() {
    const auto used = sums.walk(*ground.tree, {});
    REQUIRE(used);
    return used->bytes;
  }
  FolderHandle handle(const std::string &path) const {
    int mount = 0;
    const auto found = FolderHandle::of(AT_FDCWD, (ground.root + "/" + path).c_str(), mount);
    REQUIRE(found);
    return *found;
  }
  // Files, or folders as well, changed in this folder; call it while the folder is there.
  void files(const std::string &path) { note(path, false); }
  void folders(const std::string &path) { note(path, true); }
  // -1: everything has to be walked.
  std::int64_t refresh() {
    const auto path_of = [&](const FolderHandle &folder) -> Result<std::optional<std::string>> {
      for (const auto &[one, path] : paths)
        if (one == folder) {
          int mount = 0;
          const auto now = FolderHandle::of(AT_FDCWD, (ground.root + "/" + path).c_str(), mount);
          if (now && *now == folder) return std::optional<std::string>(path);
        }
      return std::optional<std::string>();
    };
    const auto done = sums.refresh(*ground.tree, std::exchange(changed, {}), path_of, {});
    again = done && done->again;
    return done ? done->bytes : -1;
  }

  Ground ground{OpenatMode::automatic};
  FolderSums::Room room;
  FolderSums sums;
  ChangedFolders changed;
  std::vector<std::pair<FolderHandle, std::string>> paths;
  bool again = false;

private:
  void note(const std::string &path, bool folders) {
    changed.note(handle(path), folders);
    paths.emplace_back(handle(path), path);
  }
};

std::string bytes(std::size_t count) { return std::string(count, 'x'); }

} // namespace

TEST_CASE("only the folders that changed are listed again") {
  Sums a;
  a.ground.file("one/x", bytes(100));
  a.ground.file("two/y", bytes(20));
  a.ground.file("z", bytes(3));
  CHECK(a.walk() == 123);
  REQUIRE(a.sums.holds());
  CHECK(a.refresh() == 123);
  a.ground.file("one/x", bytes(150));
  a.ground.file("two/y", bytes(99)); // nobody tells of it
  a.files("one");
  CHECK(a.refresh() == 173);
  a.files("two");
  a.files("");
  CHECK(a.refresh() == 252);
  CHECK_FALSE(a.again);
}

TEST_CASE("folders that come, go and move are followed") {
  Sums a;
  a.ground.file("one/x", bytes(100));
  a.ground.file("one/deep/er/y", bytes(20));
  a.ground.file("two/z", bytes(3));
  const std::int64_t before = *a.room;
  CHECK(a.walk() == 123);
  CHECK(*a.room == before - 5);

  SECTION("a new one is walked whole") {
    a.ground.file("two/new/er/file", bytes(7));
    a.folders("two");
    a.files("two/new/er");
    CHECK(a.refresh() == 130);
    CHECK(*a.room == before - 7);
  }
  SECTION("one that is gone is taken away with all below it") {
    a.folders("one");
    a.folders("one/deep");
    a.files("one/deep/er");
    fs::remove_all(a.ground.root + "/one/deep");
    CHECK(a.refresh() == 103);
    CHECK(*a.room == before - 3);
    CHECK_FALSE(a.again);
  }
  SECTION("one that moved is counted once, where it is now") {
    a.folders("one");
    a.folders("two");
    fs::rename(a.ground.root + "/one/deep", a.ground.root + "/two/deep");
    CHECK(a.refresh() == 123);
    CHECK(*a.room == before - 5);
    a.ground.file("two/deep/er/y", bytes(30));
    a.files("two/deep/er");
    CHECK(a.refresh() == 133);
    a.folders("");
    fs::remove_all(a.ground.root + "/two");
    CHECK(a.refresh() == 100);
  }
  SECTION("one that moved into a new one is counted once") {
    fs::create_directories(a.ground.root + "/new");
    fs::rename(a.ground.root + "/one", a.ground.root + "/new/one");
    a.folders("");
    a.folders("new");
    CHECK(a.refresh() == 123);
  }
  SECTION("one that is made again under the same name is another") {
    a.folders("one/deep");
    a.files("one/deep/er");
    fs::remove_all(a.ground.root + "/one/deep/er");
    a.ground.file("one/deep/er/y", bytes(1));
    CHECK(a.refresh() == 104);
  }
  SECTION("two that changed places are counted once") {
    a.folders("");
    REQUIRE(::renameat2(AT_FDCWD, (a.ground.root + "/one").c_str(), AT_FDCWD, (a.ground.root + "/two").c_str(),
                        RENAME_EXCHANGE) == 0);
    CHECK(a.refresh() == 123);
  }
  SECTION("one that left the server goes") {
    a.folders("one");
    fs::rename(a.ground.root + "/one/deep", a.ground.outside + "/deep");
    CHECK(a.refresh() == 103);
    fs::remove_all(a.ground.outside + "/deep");
  }
}

TEST_CASE("what the folder above has not told yet is found at the next look") {
  Sums a;
  a.ground.file("one/deep/y", bytes(20));
  CHECK(a.walk() == 20);
  SECTION("a folder that is gone") {
    a.files("one/deep");
    fs::remove_all(a.ground.root + "/one/deep");
    CHECK(a.refresh() == 20);
    CHECK(a.again);
    a.folders("one");
    CHECK(a.refresh() == 0);
    CHECK_FALSE(a.again);
  }
  SECTION("a folder that is new") {
    a.ground.file("one/new/x", bytes(5));
    a.files("one/new");
    CHECK(a.refresh() == 20);
    CHECK(a.again);
    a.folders("one");
    CHECK(a.refresh() == 25);
    CHECK_FALSE(a.again);
  }
}

TEST_CASE("where sums cannot be kept or trusted everything is walked") {
  Sums a(4);
  a.ground.file("one/x", bytes(100));
  a.ground.file("one/y", bytes(10));
  const std::int64_t before = *a.room;

  SECTION("files with several names") {
    fs::create_hard_link(a.ground.root + "/one/x", a.ground.root + "/same");
    CHECK(a.walk() == 110);
    CHECK_FALSE(a.sums.holds());
  }
  SECTION("a file that gets another name later") {
    CHECK(a.walk() == 110);
    REQUIRE(a.sums.holds());
    fs::create_hard_link(a.ground.root + "/one/x", a.ground.root + "/same");
    a.files("");
    CHECK(a.refresh() == -1);
    CHECK_FALSE(a.sums.holds());
    CHECK(a.walk() == 110);
  }
  SECTION("no room is left at once") {
    for (const char *folder : {"a", "b", "c"}) a.ground.file(std::string(folder) + "/x", bytes(1));
    CHECK(a.walk() == 113);
    CHECK_FALSE(a.sums.holds());
  }
  SECTION("no room is left later") {
    CHECK(a.walk() == 110);
    for (const char *folder : {"a", "b", "c"}) a.ground.file(std::string(folder) + "/x", bytes(1));
    a.folders("");
    CHECK(a.refresh() == -1);
  }
  SECTION("which folders changed is not known") {
    CHECK(a.walk() == 110);
    a.changed.noteAll();
    CHECK(a.refresh() == -1);
  }
  SECTION("the server's folder is another") {
    CHECK(a.walk() == 110);
    fs::rename(a.ground.root, a.ground.place + "/old");
    fs::create_directories(a.ground.root);
    a.ground.tree.emplace(*Tree::open(a.ground.root, false));
    CHECK(a.refresh() == -1);
  }
  SECTION("a place where a folder was has another now") {
    CHECK(a.walk() == 110);
    a.files("one");
    const auto lie = [](const FolderHandle &) -> Result<std::optional<std::string>> {
      return std::optional<std::string>("other");
    };
    fs::create_directories(a.ground.root + "/other");
    CHECK_FALSE(a.sums.refresh(*a.ground.tree, a.changed, lie, {}));
    CHECK_FALSE(a.sums.holds());
  }
  CHECK((a.sums.holds() || *a.room == before));
}

TEST_CASE("stopped, a refresh says so and the sums are no more") {
  Sums a;
  a.ground.file("x", "1");
  CHECK(a.walk() == 1);
  a.files("");
  const auto done = a.sums.refresh(
      *a.ground.tree, a.changed, [](const FolderHandle &) { return std::optional<std::string>(""); },
      [] { return true; });
  CHECK(code(done) == Code::cancelled);
  CHECK_FALSE(a.sums.holds());
}

TEST_CASE("more changed folders than are noted are all of them") {
  Sums a;
  ChangedFolders changed, more;
  for (std::size_t i = 0; i <= ChangedFolders::max_kept; ++i) {
    const std::string name = "d" + std::to_string(i);
    fs::create_directory(a.ground.root + "/" + name);
    (i % 2 == 0 ? changed : more).note(a.handle(name), false);
  }
  CHECK_FALSE(changed.all());
  changed.add(more);
  CHECK(changed.all());
  CHECK(changed.each().empty());
}

TEST_CASE("no swapped link leads a refresh out of the root") {
  Sums a;
  a.ground.file("d/secret", "inside");
  a.ground.file("d/folder/inner", "inside");
  a.ground.link("../outside", "l");
  const std::string one = a.ground.root + "/d", two = a.ground.root + "/l";
  a.walk();
  const auto root = a.handle(""), folder = a.handle("d"), inner = a.handle("d/folder");
  std::atomic<bool> stop{false};
  std::thread swapping([&] {
    while (!stop) ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, two.c_str(), RENAME_EXCHANGE);
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(80);
  int refreshed = 0;
  std::int64_t most = 0;
  const auto path_of = [&](const FolderHandle &which) -> Result<std::optional<std::string>> {
    return std::optional<std::string>(which == root ? "" : which == folder ? "d" : "d/folder");
  };
  for (int i = 0; i < 200'000 && (std::chrono::steady_clock::now() < end || refreshed == 0); ++i) {
    ChangedFolders changed;
    changed.note(root, true);
    changed.note(folder, true);
    changed.note(inner, true);
    const auto done = a.sums.refresh(*a.ground.tree, changed, path_of, {});
    const auto walked = done ? Result<Usage>(Usage{}) : a.sums.walk(*a.ground.tree, {});
    refreshed += done ? 1 : 0;
    most = std::max({most, done ? done->bytes : 0, walked ? walked->bytes : 0});
  }
  stop = true;
  swapping.join();
  CHECK(refreshed > 0);
  CHECK(most == 12); // "inside", twice
  CHECK(a.ground.untouched());
}

// With the daemon's own watch: what this process does counts as our own writes.
namespace {

constexpr int many = 2100;

void fill(const DiskGround &node) {
  node.others("mkdir world && cd world && seq 1 " + std::to_string(many) + " | xargs touch");
}

} // namespace

TEST_CASE("of a large server that changed again and again only what changed is looked at") {
  DiskGround node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  fill(node);
  CHECK(*node.disk->measure(server) == 0);
  const auto after = [&](const char *command) {
    node.others(command);
    return *node.disk->measure(server);
  };
  CHECK(after("head -c 10 /dev/zero > log") == 10); // that it changes is known from here on
  CHECK(node.disk->walks() == 2);
  CHECK(after("head -c 10 /dev/zero >> log") == 20);
  CHECK(after("mkdir new && head -c 100 /dev/zero > new/a && mv new world/") == 120);
  CHECK(after("truncate -s 50 world/new/a && ln -s /etc/passwd world/link") == 70);
  CHECK(after("mv world/new . && rm log") == 50);
  CHECK(after("rm -r new") == 0);
  CHECK(after("mkfifo world/fifo && head -c 10 /dev/zero > world/7") == 10);
  CHECK(node.disk->walks() == 2);
  CHECK(node.disk->lookups() == 6);
  CHECK(*node.disk->measure(server) == 10);
  CHECK(node.disk->lookups() == 6);
  CHECK(after("ln world/7 same") == 10); // files with several names are only told from others by a walk
  CHECK(after("rm world/7") == 10);
  CHECK(after("rm same") == 0);
  CHECK(node.disk->walks() == 4);
  CHECK(after("cp /dev/null x && head -c 1 /dev/zero > x") == 1);
  CHECK(node.disk->walks() == 4);
}

TEST_CASE("a small server that changes is walked, and none of its folders is kept") {
  DiskGround node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  for (int i = 1; i < 4; ++i) {
    node.others("head -c 10 /dev/zero >> log");
    CHECK(*node.disk->measure(server) == i * 10);
  }
  CHECK(node.disk->walks() == 3);
  CHECK(node.disk->lookups() == 0);
}

TEST_CASE("a folder that both we and others write is in the figure once") {
  DiskGround node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  fill(node);
  REQUIRE(node.disk->measure(server));
  node.others("head -c 10 /dev/zero > world/log");
  CHECK(*node.disk->measure(server) == 10);

  REQUIRE(node.disk->reserve(server, 100)); // ours, counted and written
  node.file("world/ours", 100);
  CHECK(*node.disk->measure(server) == 110);
  node.others("head -c 10 /dev/zero >> world/log");
  CHECK(*node.disk->measure(server) == 120);
  REQUIRE(node.disk->reserve(server, 30)); // in a folder where others do nothing
  node.file("elsewhere", 30);
  node.others("head -c 10 /dev/zero >> world/log");
  CHECK(*node.disk->measure(server) == 160);
  fs::rename(node.place + "/" + uuid + "/elsewhere", node.place + "/" + uuid + "/world/elsewhere"); // by us
  fs::remove(node.place + "/" + uuid + "/world/ours");
  REQUIRE(node.disk->reserve(server, -100));
  node.others("head -c 10 /dev/zero >> world/log");
  CHECK(*node.disk->measure(server) == 70);
  CHECK(node.disk->walks() == 2);
}

TEST_CASE("whatever happens in a large server, looking at what changed finds what a walk finds") {
  DiskGround node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  fill(node);
  REQUIRE(node.disk->measure(server));
  node.others("touch begin");
  REQUIRE(node.disk->measure(server));
  const auto tree = *node.disk->tree(server->id(), false);
  const fs::path root = node.place + "/" + uuid;
  std::mt19937 dice(20240607);
  const auto upTo = [&](unsigned most) { return dice() % most; };
  // A folder or file somewhere in four levels of three names.
  const auto somewhere = [&](bool file) {
    fs::path path = root;
    for (unsigned levels = 1 + upTo(4); levels > 0; --levels) path /= std::string("d") + std::to_string(upTo(3));
    return file ? path / ("f" + std::to_string(upTo(3))) : path;
  };
  for (int round = 0; round < 300; ++round) {
    for (unsigned steps = 1 + upTo(6); steps > 0; --steps) {
      std::error_code ignored;
      const fs::path at = somewhere(false);
      switch (upTo(6)) {
      case 0: fs::create_directories(at, ignored); break;
      case 1: fs::remove_all(at, ignored); break;
      case 2: fs::rename(at, somewhere(false), ignored); break;
      case 3: fs::rename(somewhere(true), somewhere(true), ignored); break;
      default:
        fs::create_directories(at, ignored);
        std::ofstream(at / ("f" + std::to_string(upTo(3)))) << bytes(upTo(5000));
      }
    }
    node.disk->doubt(server);
    REQUIRE(*node.disk->measure(server) == tree.usage({})->bytes);
  }
  CHECK(node.disk->walks() == 2);
  CHECK(node.disk->lookups() == 300);
}
