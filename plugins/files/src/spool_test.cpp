#include "node_test.hpp"
#include "spool.hpp"

#include <sys/stat.h>

using namespace pinion;
using namespace pinion::files;
using namespace pinion::files::testing;

namespace {

// Of all open files without a name.
std::int64_t bytesOnDisk() {
  std::int64_t out = 0;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    struct stat facts {};
    if (::stat(entry.path().c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 0)
      out += facts.st_blocks * 512;
  }
  return out;
}

} // namespace

TEST_CASE("what leaves a bundle leaves the disk, whether it got its place or not") {
  constexpr std::size_t kBytes = 1 << 20;
  Node node;
  const Host host(node.fake.raw());
  const Files files(host, kServer, 0);
  const auto before = bytesOnDisk();
  auto bundle = Bundle::open(files);
  REQUIRE(bundle);
  Spool first = Spool::within(*bundle, files, 0);
  REQUIRE(first.write(std::string(kBytes, '1')));
  {
    Spool second = Spool::within(*bundle, files, 0);
    REQUIRE(second.write(std::string(kBytes, '2')));
    CHECK(bytesOnDisk() - before >= 2 * static_cast<std::int64_t>(kBytes));
  }
  CHECK(bytesOnDisk() - before < 3 * static_cast<std::int64_t>(kBytes) / 2);
  Spool third = Spool::within(*bundle, files, 0);
  REQUIRE(third.write("3"));
  REQUIRE(first.place("first"));
  CHECK(bytesOnDisk() - before < static_cast<std::int64_t>(kBytes) / 2);
  REQUIRE(third.place("third"));
  CHECK(node.read("first") == std::string(kBytes, '1'));
  CHECK(node.read("third") == "3");
}

TEST_CASE("a file that another has made meanwhile makes room for the one that replaces it") {
  Node node;
  const Host host(node.fake.raw());
  const Files files(host, kServer, 0);
  node.fake.limitDisk(kServer, 1000);
  auto one = Spool::open(files, 0), other = Spool::open(files, 0);
  REQUIRE(one);
  REQUIRE(other);
  REQUIRE(one->write(std::string(100, '1')));
  REQUIRE(other->write(std::string(120, '2')));
  REQUIRE(one->place("same"));
  REQUIRE(other->place("same"));
  CHECK(node.read("same") == std::string(120, '2'));
  // 120 bytes are counted: the fake adds them to those that lie there.
  CHECK_FALSE(files.reserve(1000 - 120 - 120 + 1));
  CHECK(files.reserve(1000 - 120 - 120));
}
