#include "filesystem/disk_ground_for_tests.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cerrno>
#include <future>

using namespace pinion::core;
using namespace pinion::core::testing;
using Node = DiskGround;

TEST_CASE("a server's tree is its folder below the data folder") {
  Node node(std::chrono::seconds(100));
  const auto id = *ServerId::parse(uuid);
  CHECK(node.disk->path(id) == node.place + "/" + uuid);
  CHECK_FALSE(node.disk->tree(id, false));
  REQUIRE(node.disk->tree(id, true));
  CHECK(fs::is_directory(node.place + "/" + uuid));
  CHECK(node.disk->tree(id, false));
}

TEST_CASE("a figure is measured once within the interval") {
  Node node(std::chrono::seconds(100), GENERATE(Watching::automatic, Watching::never));
  const auto server = node.server();
  node.file("a", 100);
  REQUIRE(node.disk->measure(server));
  CHECK(server->diskBytes() == 100);
  node.file("b", 100);
  CHECK(*node.disk->measure(server) == 100);
  CHECK(node.disk->known(server) == 100);
  const auto again = node.server(); // deleted and made anew: its own figure
  CHECK(*node.disk->measure(again) == 200);
}

TEST_CASE("asking for the known figure measures in the background") {
  Node node(std::chrono::seconds(100), GENERATE(Watching::automatic, Watching::never));
  const auto server = node.server();
  node.file("a", 1234);
  node.disk->known(server);
  CHECK(node.waitFor(server, 1234));
}

TEST_CASE("a folder that is not there yet uses nothing") {
  Node node(std::chrono::seconds(100));
  const auto measured = node.disk->measure(node.server());
  REQUIRE(measured);
  CHECK(*measured == 0);
}

TEST_CASE("an interval of zero means that use is always zero") {
  Node node(std::chrono::seconds(0));
  const auto server = node.server(1);
  node.file("a", 3 << 20);
  CHECK(*node.disk->measure(server) == 0);
  CHECK(node.disk->known(server) == 0);
  CHECK(server->diskBytes() == 0);
}

TEST_CASE("a fresh figure over the limit is told") {
  Node node(std::chrono::seconds(100));
  node.file("a", (1 << 20) + 1);
  REQUIRE(node.disk->measure(node.server(0)));
  REQUIRE(node.disk->measure(node.server(2)));
  REQUIRE(node.disk->measure(node.server(1)));
  CHECK(node.waitHeard(1) == std::vector<std::string>{uuid + R"({"bytes":1048577,"limit":1048576})"});
}

TEST_CASE("many who want the figure at once share one measurement") {
  Node node(std::chrono::seconds(100), GENERATE(Watching::automatic, Watching::never));
  node.file("a", (1 << 20) + 1);
  REQUIRE(node.disk->measure(node.server())); // is told of the writing
  const auto server = node.server(1);
  std::vector<std::future<Result<std::int64_t>>> asked;
  for (int i = 0; i < 16; ++i) {
    node.disk->known(server);
    asked.push_back(std::async(std::launch::async, [&] { return node.disk->measure(server); }));
  }
  for (auto &one : asked) {
    const auto bytes = one.get();
    REQUIRE(bytes);
    CHECK(*bytes == (1 << 20) + 1);
  }
  CHECK(node.waitHeard(1).size() == 1);
}

TEST_CASE("nothing is measured after the stop") {
  Node node(std::chrono::seconds(100));
  const auto server = node.server();
  node.disk->stop();
  const auto measured = node.disk->measure(server);
  REQUIRE_FALSE(measured);
  CHECK(measured.error().code == Code::stopping);
  CHECK(node.disk->known(server) == 0);
}

TEST_CASE("a full pool only delays the figure") {
  Node node(std::chrono::seconds(100));
  Pool tiny("tiny", {1, 1, 1});
  Disk disk(node.bus, tiny, node.place, std::chrono::seconds(100), OpenatMode::automatic);
  std::promise<void> go, begun;
  auto may_go = go.get_future().share();
  REQUIRE(tiny.post([&, may_go] {
    begun.set_value();
    may_go.wait();
  }));
  begun.get_future().wait();
  REQUIRE(tiny.post([] {}));
  const auto server = node.server();
  node.file("a", 77);
  CHECK(disk.known(server) == 0); // refused by the pool
  go.set_value();
  const auto end = Clock::now() + testing::kDeadline;
  while (disk.known(server) != 77 && Clock::now() < end) std::this_thread::yield();
  CHECK(server->diskBytes() == 77);
  disk.stop();
  tiny.stop();
}

namespace {

constexpr std::int64_t mib = 1 << 20;

Code codeOf(const Result<void> &result) { return result ? Code::ok : result.error().code; }

} // namespace

TEST_CASE("growth is counted before it happens, and refused beyond the limit") {
  Node node(std::chrono::seconds(100), GENERATE(Watching::automatic, Watching::never));
  const auto server = node.server(1);
  node.file("a", 1000);
  REQUIRE(node.disk->reserve(server, 24)); // the first one measures
  CHECK(node.disk->walks() == 1);
  CHECK(server->diskBytes() == 1024);
  const auto refused = node.disk->reserve(server, mib - 1023);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::full);
  CHECK(refused.error().detail == EDQUOT);
  CHECK(refused.error().text == "There is not enough disk space available to perform that action.");
  CHECK(server->diskBytes() == 1024);
  CHECK(node.disk->reserve(server, mib - 1024));
  CHECK(codeOf(node.disk->reserve(server, 1)) == Code::full);
  CHECK(node.disk->reserve(server, -mib));
  CHECK(server->diskBytes() == 0);
  CHECK(node.disk->walks() == 1);
}

TEST_CASE("a size that no disk has does not fit, with and without a limit") {
  Node node(std::chrono::seconds(100));
  for (const std::int64_t limit : {0, 1}) {
    const auto server = node.server(limit);
    node.file("a", 10);
    REQUIRE(node.disk->measure(server));
    CHECK(codeOf(node.disk->reserve(server, INT64_MAX)) == Code::full);
    CHECK(server->diskBytes() == 10);
  }
}

TEST_CASE("a limit holds from the moment it is defined") {
  Node node(std::chrono::seconds(100));
  const auto server = node.server(1);
  CHECK(codeOf(node.disk->reserve(server, 2 * mib)) == Code::full);
  server->define(node.server(0)->definition());
  CHECK(node.disk->reserve(server, 2 * mib));
  server->define(node.server(2)->definition());
  CHECK(codeOf(node.disk->reserve(server, 1)) == Code::full);
  server->define(node.server(-1)->definition());
  CHECK(codeOf(node.disk->reserve(server, 1)) == Code::full);
  CHECK(node.disk->reserve(server, -mib));
}

TEST_CASE("a limit in mebibytes that has no number in bytes stays a limit of its sign") {
  Node node(std::chrono::seconds(100));
  CHECK(Disk::limit(*node.server(0)) == 0);
  CHECK(Disk::limit(*node.server(3)) == 3 * mib);
  CHECK(Disk::limit(*node.server(INT64_MAX)) == INT64_MAX);
  CHECK(Disk::limit(*node.server(INT64_MIN)) < 0);
}

TEST_CASE("with an interval of zero only what is beyond the limit alone is refused") {
  Node node(std::chrono::seconds(0));
  const auto server = node.server(1);
  CHECK(node.disk->reserve(server, mib));
  CHECK(node.disk->reserve(server, mib));
  CHECK(codeOf(node.disk->reserve(server, mib + 1)) == Code::full);
  CHECK(node.disk->reserve(server, -mib));
  CHECK(server->diskBytes() == 0);
  CHECK(node.disk->walks() == 0);
}

TEST_CASE("writers at once that measure first share the walk and stay within the limit") {
  Node node(std::chrono::seconds(100), GENERATE(Watching::automatic, Watching::never));
  const auto server = node.server(1);
  node.file("a", 1 << 19);
  std::vector<std::future<int>> writers;
  for (int i = 0; i < 8; ++i)
    writers.push_back(std::async(std::launch::async, [&] {
      int granted = 0;
      for (int n = 0; n < 100; ++n) granted += node.disk->reserve(server, 4096) ? 1 : 0;
      return granted;
    }));
  int granted = 0;
  for (auto &writer : writers) granted += writer.get();
  CHECK(granted == (1 << 19) / 4096);
  CHECK(server->diskBytes() == mib);
  CHECK(node.disk->walks() == 1);
}

TEST_CASE("a server that was deleted and made again begins with nothing") {
  Node node(std::chrono::seconds(100));
  const auto server = node.server(1);
  REQUIRE(node.disk->reserve(server, mib));
  const auto again = node.server(1);
  CHECK(again->diskBytes() == 0);
  CHECK(node.disk->reserve(again, mib));
  CHECK(again->diskBytes() == mib);
}

TEST_CASE("what others changed is in the next figure that has to be right") {
  Node node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  node.others("mkdir -p world/region && head -c 1000 /dev/zero > world/region/a");
  CHECK(*node.disk->measure(server) == 1000);
  const auto after = [&](const char *command) {
    node.others(command);
    return *node.disk->measure(server);
  };
  CHECK(after("head -c 500 /dev/zero > world/region/b") == 1500);
  CHECK(after("head -c 500 /dev/zero >> world/region/b") == 2000);
  CHECK(after("truncate -s 100 world/region/b") == 1100);
  CHECK(after("ln world/region/a world/same") == 1100);
  CHECK(after("mv world/region world/elsewhere && rm world/elsewhere/b") == 1000);
  CHECK(after("head -c 7 /dev/zero > world/elsewhere/c") == 1007);
  CHECK(after("rm -r world") == 0);
  CHECK(node.disk->walks() == 8);
}

TEST_CASE("nothing is walked again when nothing changed, or only what we wrote ourselves") {
  Node node(std::chrono::seconds(1));
  if (!node.watched()) return;
  const auto server = node.server();
  node.others("head -c 1000 /dev/zero > a");
  CHECK(*node.disk->measure(server) == 1000);
  node.file("b", 50); // by this process, without saying so
  node.others("cat a > /dev/null && chmod 600 a && touch -a a");
  for (int i = 0; i < 3; ++i) CHECK(*node.disk->measure(server) == 1000);
  CHECK(node.disk->walks() == 1);
}

TEST_CASE("a change in one server's folder walks no other server") {
  Node node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto one = node.server();
  auto definition = std::make_shared<Definition>();
  definition->settings.id = *ServerId::parse("22222222-0dc3-4f0e-9a36-68526cabfbcf");
  const auto two = std::make_shared<Server>(definition);
  REQUIRE(node.disk->measure(one));
  REQUIRE(node.disk->measure(two));
  CHECK(node.disk->walks() == 2);
  node.others("cp /dev/null x && head -c 10 /dev/zero > x");
  CHECK(*node.disk->measure(two) == 0);
  CHECK(*node.disk->measure(one) == 10);
}

TEST_CASE("a walk while we write is followed by another, until one was undisturbed") {
  Node node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  REQUIRE(node.disk->measure(server));
  REQUIRE(node.disk->reserve(server, 100)); // and not written: as an upload that has only begun
  node.others("head -c 10 /dev/zero > x");
  CHECK(*node.disk->measure(server) == 10); // the walk cannot know of it
  node.file("upload", 100);
  CHECK(*node.disk->measure(server) == 110);
}

TEST_CASE("a walk while we write a file anew, whose bytes are counted already, is followed by another") {
  Node node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  node.others("head -c 100 /dev/zero > a");
  REQUIRE(*node.disk->measure(server) == 100);
  node.file("a", 30); // of 100
  node.others("head -c 10 /dev/zero > x");
  CHECK(*node.disk->measure(server) == 40);
  node.file("a", 100);
  CHECK(*node.disk->measure(server) == 110);
}

TEST_CASE("a walk during an upload keeps what is counted for it, and the one after it finds it") {
  Node node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  REQUIRE(node.disk->measure(server));
  const auto tree = node.disk->tree(server->id(), true);
  REQUIRE(tree);
  auto upload = tree->openUnnamed("");
  REQUIRE(upload);
  node.disk->unplaced(server, upload->get());
  REQUIRE(node.disk->reserve(server, 1000));
  const auto after = [&](const char *command) {
    node.others(command);
    return *node.disk->measure(server);
  };
  CHECK(after("head -c 10 /dev/zero > x") == 1000);
  CHECK(after("head -c 2000 /dev/zero > x") == 2000); // others alone have more than that
  CHECK(after("truncate -s 10 x") == 2000);

  SECTION("it is placed") {
    REQUIRE(::ftruncate(upload->get(), 1000) == 0);
    REQUIRE(tree->place(upload->get(), "upload", nullptr));
    CHECK(*node.disk->measure(server) == 1010); // although it is still open
  }
  SECTION("it is given up") {
    upload->reset();
    REQUIRE(node.disk->reserve(server, -1000));
    CHECK(server->diskBytes() >= 10); // nothing is given back twice
    CHECK(*node.disk->measure(server) == 10);
  }
}

TEST_CASE("a figure in doubt is found anew") {
  Node node(std::chrono::seconds(100));
  if (!node.watched()) return;
  const auto server = node.server();
  REQUIRE(node.disk->measure(server));
  node.file("a", 30); // by this process, and not counted
  node.disk->doubt(server);
  CHECK(*node.disk->measure(server) == 30);
}

TEST_CASE("without fanotify a figure holds for the interval") {
  Node node(std::chrono::seconds(100), Watching::never);
  CHECK_FALSE(node.disk->watched());
  const auto server = node.server();
  node.others("head -c 10 /dev/zero > x");
  CHECK(*node.disk->measure(server) == 10);
  node.others("head -c 10 /dev/zero > y");
  CHECK(*node.disk->measure(server) == 10);
  CHECK(node.disk->walks() == 1);
}
