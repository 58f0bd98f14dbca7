#include "filesystem/quota.hpp"

#include "filesystem/disk.hpp"
#include "store/store.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace pinion::core;
namespace fs = std::filesystem;

namespace {

const ServerId one = *ServerId::parse("11111111-0dc3-4f0e-9a36-68526cabfbcf");
const ServerId two = *ServerId::parse("22222222-0dc3-4f0e-9a36-68526cabfbcf");

// Projects of inodes, limits, and use as the sum of the blocks of the marked files.
struct FakeKernel {
  struct Inode {
    std::uint32_t project = 0, flags = 0;
    std::uint64_t blocks = 0;
  };
  std::map<ino_t, Inode> inodes;
  std::map<std::uint32_t, std::uint64_t> limits;
  std::uint16_t flags = FS_QUOTA_PDQ_ACCT | FS_QUOTA_PDQ_ENFD;
  int quota_error = 0;
  int limit_calls = 0, marks = 0, fail_mark = -1;

  std::uint64_t blocks(std::uint32_t project) const {
    std::uint64_t sum = 0;
    for (const auto &inode : inodes)
      if (inode.second.project == project) sum += inode.second.blocks;
    return sum;
  }
  QuotaCalls calls() {
    QuotaCalls calls;
    calls.quota = [this](int, int command, std::uint32_t project, void *data) {
      if (quota_error != 0) return quota_error;
      if (command == Q_XGETQSTATV) {
        auto *state = static_cast<fs_quota_statv *>(data);
        if (state->qs_version != FS_QSTATV_VERSION1) return EINVAL;
        state->qs_flags = flags;
        return 0;
      }
      auto *quota = static_cast<fs_disk_quota *>(data);
      if (command == Q_XSETQLIM) {
        if (quota->d_id != project || (quota->d_fieldmask & FS_DQ_BHARD) == 0) return EINVAL;
        ++limit_calls;
        limits[project] = quota->d_blk_hardlimit;
        return 0;
      }
      if (command != Q_XGETQUOTA) return EINVAL;
      quota->d_bcount = blocks(project);
      quota->d_blk_hardlimit = limits.contains(project) ? limits[project] : 0;
      return quota->d_bcount == 0 && quota->d_blk_hardlimit == 0 ? ENOENT : 0;
    };
    calls.attributes = [this](int fd, fsxattr &attributes) {
      struct stat info {};
      if (::fstat(fd, &info) != 0) return errno;
      attributes.fsx_projid = inodes[info.st_ino].project;
      attributes.fsx_xflags = inodes[info.st_ino].flags;
      return 0;
    };
    calls.setAttributes = [this](int fd, const fsxattr &attributes) {
      if (marks == fail_mark) return EIO;
      ++marks;
      struct stat info {};
      if (::fstat(fd, &info) != 0) return errno;
      const std::uint64_t blocks = S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size + 511) / 512 : 0;
      inodes[info.st_ino] = {attributes.fsx_projid, attributes.fsx_xflags, blocks};
      return 0;
    };
    return calls;
  }
};

struct Ground {
  Ground() {
    char pattern[] = "/tmp/pinion-quota-XXXXXX";
    place = ::mkdtemp(pattern);
    fs::create_directories(data());
    store = std::move(*Store::open(place + "/store.db"));
  }
  ~Ground() {
    store.reset();
    std::error_code ignored;
    fs::remove_all(place, ignored);
  }
  std::string data() const { return place + "/data"; }
  std::string folder(const ServerId &id) const { return data() + "/" + id.text(); }
  void file(const ServerId &id, const std::string &name, std::size_t size) const {
    fs::create_directories(fs::path(folder(id) + "/" + name).parent_path());
    std::ofstream(folder(id) + "/" + name) << std::string(size, 'x');
  }
  Tree tree(const ServerId &id) const { return std::move(*Tree::open(folder(id), true)); }
  std::unique_ptr<Quota> open() { return std::move(*Quota::open(data(), *store, kernel.calls())); }
  FakeKernel::Inode &inode(const std::string &path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return kernel.inodes[info.st_ino];
  }

  std::string place;
  FakeKernel kernel;
  std::unique_ptr<Store> store;
};

} // namespace

TEST_CASE("a file system without enforced project quotas is refused with the reason") {
  Ground ground;
  ground.kernel.flags = FS_QUOTA_PDQ_ACCT | FS_QUOTA_UDQ_ENFD;
  auto refused = Quota::open(ground.data(), *ground.store, ground.kernel.calls());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unsupported);
  ground.kernel.quota_error = ENOSYS;
  refused = Quota::open(ground.data(), *ground.store, ground.kernel.calls());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail == ENOSYS);
  CHECK_FALSE(Quota::open(ground.place + "/nowhere", *ground.store, ground.kernel.calls()));
}

TEST_CASE("everything in an adopted folder gets the number, and its use is what the kernel says") {
  Ground ground;
  ground.file(one, "a", 1000);
  ground.file(one, "deep/er/b", 513);
  const std::string outside = ground.place + "/outside";
  std::ofstream(outside) << "x";
  fs::create_symlink(outside, ground.folder(one) + "/link");
  const auto quota = ground.open();
  CHECK(quota->used(one).error().code == Code::notFound);
  REQUIRE(quota->adopt(one, ground.tree(one), {}));
  CHECK(quota->holds(one));
  for (const char *path : {"", "/a", "/deep", "/deep/er", "/deep/er/b"})
    CHECK(ground.inode(ground.folder(one) + path).project == Quota::first_project);
  CHECK((ground.inode(ground.folder(one) + "/deep/er").flags & FS_XFLAG_PROJINHERIT) != 0);
  CHECK((ground.inode(ground.folder(one) + "/a").flags & FS_XFLAG_PROJINHERIT) == 0);
  CHECK(ground.inode(outside).project == 0);
  CHECK(*quota->used(one) == 4 * 512);
}

TEST_CASE("a number that the quota table, another folder or another server has is not given") {
  Ground ground;
  ground.kernel.limits[Quota::first_project] = 8;
  fs::create_directories(ground.data() + "/somebody");
  ground.inode(ground.data() + "/somebody").project = Quota::first_project + 1;
  const auto quota = ground.open();
  REQUIRE(quota->adopt(one, ground.tree(one), {}));
  REQUIRE(quota->adopt(two, ground.tree(two), {}));
  CHECK(ground.inode(ground.folder(one)).project == Quota::first_project + 2);
  CHECK(ground.inode(ground.folder(two)).project == Quota::first_project + 3);
}

TEST_CASE("a folder with somebody else's project is left alone") {
  Ground ground;
  ground.file(one, "a", 10);
  ground.inode(ground.folder(one)).project = 42;
  const auto quota = ground.open();
  const auto adopted = quota->adopt(one, ground.tree(one), {});
  REQUIRE_FALSE(adopted);
  CHECK(adopted.error().code == Code::unsupported);
  CHECK(ground.inode(ground.folder(one)).project == 42);
  CHECK_FALSE(quota->holds(one));
  CHECK(ground.kernel.marks == 0);
}

TEST_CASE("numbers outlive the daemon, and files are marked once") {
  Ground ground;
  ground.file(one, "a", 10);
  REQUIRE(ground.open()->adopt(one, ground.tree(one), {}));
  const int marks = ground.kernel.marks;
  const auto again = ground.open();
  REQUIRE(again->adopt(one, ground.tree(one), {}));
  CHECK(ground.kernel.marks == marks);
  CHECK(*again->used(one) == 512);
}

TEST_CASE("marking that was broken off goes on with the same number") {
  Ground ground;
  ground.file(one, "a", 10);
  ground.file(one, "b/c", 10);
  ground.kernel.fail_mark = 1;
  const auto first = ground.open();
  CHECK(first->adopt(one, ground.tree(one), {}).error().code == Code::io);
  CHECK_FALSE(first->holds(one));
  ground.kernel.fail_mark = -1;
  const auto again = ground.open();
  REQUIRE(again->adopt(one, ground.tree(one), {}));
  CHECK(ground.inode(ground.folder(one) + "/b/c").project == Quota::first_project);
  CHECK(*again->used(one) == 2 * 512);
}

TEST_CASE("a limit is set in blocks of 512 bytes, once, and none is zero") {
  Ground ground;
  const auto quota = ground.open();
  CHECK(quota->limit(one, 1024).error().code == Code::notFound);
  REQUIRE(quota->adopt(one, ground.tree(one), {}));
  REQUIRE(quota->limit(one, 1 << 20));
  REQUIRE(quota->limit(one, 1 << 20));
  CHECK(ground.kernel.limits[Quota::first_project] == 2048);
  CHECK(ground.kernel.limit_calls == 1);
  REQUIRE(quota->limit(one, -1));
  CHECK(ground.kernel.limits[Quota::first_project] == 1); // not 0, which is none
  REQUIRE(quota->limit(one, 0));
  CHECK(ground.kernel.limits[Quota::first_project] == 0);
}

TEST_CASE("a server that is gone has no limit left, and its number is free when its files are") {
  Ground ground;
  ground.file(one, "a", 10);
  const auto quota = ground.open();
  REQUIRE(quota->adopt(one, ground.tree(one), {}));
  REQUIRE(quota->limit(one, 1 << 20));
  quota->forget(one);
  CHECK(ground.kernel.limits[Quota::first_project] == 0);
  CHECK_FALSE(quota->holds(one));
  CHECK(ground.store->keys("core/quota", "")->empty());
  REQUIRE(quota->adopt(two, ground.tree(two), {})); // a file of the first one is still there
  CHECK(ground.inode(ground.folder(two)).project == Quota::first_project + 1);
}

TEST_CASE("where the kernel counts, a measurement asks it, and a walk is made for a folder it cannot count") {
  Ground ground;
  ground.file(one, "a", 600);
  ground.file(two, "a", 600);
  ground.inode(ground.folder(two)).project = 42;
  Loop loop;
  loop.start("test");
  Pool pool("test", {});
  Bus bus(loop);
  Disk disk(bus, pool, ground.data(), std::chrono::seconds(100), OpenatMode::automatic, Watching::never, ground.open());
  const auto server = [](const ServerId &id, std::int64_t mebibytes) {
    auto definition = std::make_shared<Definition>();
    definition->settings.id = id;
    definition->settings.build.disk_space = mebibytes;
    return std::make_shared<Server>(definition);
  };
  const auto counted = server(one, 1), walked = server(two, 1);
  CHECK(*disk.measure(counted) == 1024);
  CHECK(disk.walks() == 0);
  CHECK(ground.kernel.limits[Quota::first_project] == 2048);
  ground.inode(ground.folder(one) + "/a").blocks = 2000; // the game wrote
  CHECK(*disk.measure(counted) == 1'024'000);
  CHECK(disk.reserve(counted, 24'577).error().code == Code::full);
  CHECK(disk.reserve(counted, 24'576));
  fs::rename(ground.folder(one), ground.folder(one) + ".old"); // by hand, and made anew
  ground.file(one, "b", 1200);
  ground.inode(ground.folder(one) + ".old/a").project = 0;
  CHECK(*disk.measure(counted) == 3 * 512);
  CHECK(ground.inode(ground.folder(one)).project == Quota::first_project);
  CHECK(*disk.measure(walked) == 600);
  CHECK(disk.walks() == 1);
  disk.define(server(one, 2));
  CHECK(ground.kernel.limits[Quota::first_project] == 4096);
  disk.forget(one);
  CHECK(ground.kernel.limits[Quota::first_project] == 0);
  disk.stop();
  bus.stop();
  loop.stop();
  pool.stop();
}

// Runs where /tmp is such a file system, say in a virtual machine with Debian's kernel; elsewhere only the refusal.
TEST_CASE("the kernel's own project quotas count and limit a server") {
  Ground ground;
  auto opened = Quota::open(ground.data(), *ground.store);
  if (!opened) {
    CHECK(opened.error().code == Code::unsupported);
    WARN("not run: " << opened.error().text);
    return;
  }
  Quota &quota = **opened;
  Quota *used_by = &quota;
  constexpr std::int64_t mebibyte = 1 << 20;
  // What was there before counts, however deep, and what comes later.
  ground.file(one, "a", 100'000);
  ground.file(one, "deep/er/b", 100'000);
  ground.file(two, "a", 100'000);
  REQUIRE(quota.adopt(one, ground.tree(one), {}));
  REQUIRE(quota.adopt(two, ground.tree(two), {}));
  const auto sync = [&] { // blocks are found when the bytes are written out
    const UniqueFd data(::open(ground.data().c_str(), O_RDONLY | O_DIRECTORY));
    REQUIRE(::syncfs(data.get()) == 0);
  };
  const auto used = [&](const ServerId &id) {
    sync();
    const auto bytes = used_by->used(id);
    REQUIRE(bytes);
    return *bytes;
  };
  // Folders take blocks, too. XFS frees what is deleted a moment later, in the background.
  const auto near = [&](const ServerId &id, std::int64_t expected) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::int64_t bytes = used(id);
    while (bytes > expected + 64 * 1024 && std::chrono::steady_clock::now() < deadline) bytes = used(id);
    return bytes >= expected && bytes <= expected + 64 * 1024;
  };
  CHECK(near(one, 200'000));
  CHECK(near(two, 100'000));
  ground.file(one, "deep/later/c", 300'000);
  CHECK(near(one, 500'000));
  CHECK(near(two, 100'000));
  // Files without a name get their place in a project, and take the room of those they replace.
  const Tree tree = ground.tree(one);
  const auto place = [&](const char *path, std::size_t size) {
    const auto fd = tree.openUnnamed("");
    REQUIRE(fd);
    const std::string bytes(size, 'y');
    REQUIRE(::pwrite(fd->get(), bytes.data(), size, 0) == static_cast<ssize_t>(size));
    return tree.place(fd->get(), path, {});
  };
  CHECK(place("deep/later/d", 100'000));
  CHECK(place("deep/later/d", 50'000));
  CHECK(near(one, 550'000));
  REQUIRE(tree.remove("deep/later"));
  CHECK(near(one, 200'000));
  // The limit binds everybody, the game as well; another server has its own.
  REQUIRE(quota.limit(one, mebibyte));
  // Written by somebody without CAP_SYS_RESOURCE, as a game is: ext4 lets others beyond the limit.
  const auto room = [&](const ServerId &id, std::size_t size) {
    const UniqueFd fd(::open((ground.folder(id) + "/big").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
    REQUIRE(fd);
    const std::string bytes(64 * 1024, 'x');
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      if (::setresuid(65534, 65534, 65534) != 0) ::_exit(EPERM);
      for (std::size_t done = 0; done < size;) {
        const ssize_t put = ::write(fd.get(), bytes.data(), bytes.size());
        if (put < 0) ::_exit(errno);
        done += static_cast<std::size_t>(put);
      }
      ::_exit(::fsync(fd.get()) == 0 ? 0 : errno);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
  };
  CHECK(room(one, 512 * 1024) == 0);
  const int full = room(one, 2 * mebibyte);
  CHECK((full == EDQUOT || full == ENOSPC));
  CHECK(used(one) <= mebibyte);
  CHECK(room(two, 2 * mebibyte) == 0);
  REQUIRE(quota.limit(one, 4 * mebibyte));
  CHECK(room(one, 2 * mebibyte) == 0);
  // After a restart the same number holds, and no file is looked at again.
  opened->reset();
  opened = Quota::open(ground.data(), *ground.store);
  REQUIRE(opened);
  REQUIRE((*opened)->adopt(one, ground.tree(one), {}));
  used_by = opened->get();
  CHECK(near(one, 200'000 + 2 * mebibyte));
  REQUIRE((*opened)->limit(one, 0));
  CHECK(room(one, 8 * mebibyte) == 0);
  (*opened)->forget(one);
  CHECK((*opened)->used(one).error().code == Code::notFound);
}
