#include "recorder.hpp"

#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace sftp;
using pinion::Json;

namespace {

const Login login{
    "19a17d36-36b3-4ac6-9fbf-d3b708af2056", "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf", "198.51.100.4:50122", {}};

Record made(const std::string &path) { return {"server:sftp.create", Json{{"files", {path}}}, false}; }

// A recorder, its spool, and a log that takes entries or does not.
struct Bench {
  Bench() {
    fake.offer("activity/record", [this](const pinion::testing::FakeCall &asked) {
      requests.push_back(asked.json());
      if (status == PINION_OK)
        asked.ok("{}");
      else
        asked.fail(status, "not now");
    });
  }
  ~Bench() { host.release(); } // of the recorder's coroutine
  Spool spool() {
    const auto folder = pinion::Files::folder(host, "sftp");
    REQUIRE(folder);
    auto opened = Spool::open(*folder);
    REQUIRE(opened);
    return std::move(*opened);
  }
  std::filesystem::path file(const char *name) { return fake.nodeFolder("sftp") / name; }
  std::uintmax_t spooled() {
    return std::filesystem::file_size(file("activity-0")) + std::filesystem::file_size(file("activity-1"));
  }
  bool add(const std::string &path) {
    return recorder.add(login, made(path), [this] { ++told; });
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> out;
    for (const Json &request : requests)
      for (const Json &entry : request["entries"]) out.push_back(entry["metadata"]["files"][0]);
    return out;
  }

  pinion::testing::FakeHost fake;
  pinion::Host host{fake.raw()};
  Recorder recorder{host};
  std::vector<Json> requests;
  pinion_status status = PINION_OK;
  int told = 0;
};

using Paths = std::vector<std::string>;

} // namespace

TEST_CASE("entries are kept at once, reach the log together, and leave the spool then") {
  Bench bench;
  REQUIRE(bench.recorder.start(bench.spool()));
  CHECK(bench.add("/a"));
  CHECK(bench.add("/b"));
  CHECK(bench.spooled() > 0);
  bench.fake.pump();
  CHECK(bench.requests.empty());
  bench.fake.advance(100);
  REQUIRE(bench.requests.size() == 1);
  CHECK(bench.paths() == Paths{"/a", "/b"});
  const Json entry = bench.requests[0]["entries"][0];
  CHECK(entry["user"] == login.user);
  CHECK(entry["server"] == login.server);
  CHECK(entry["ip"] == login.address);
  CHECK(entry["event"] == "server:sftp.create");
  CHECK_FALSE(bench.requests[0].contains("again"));
  CHECK(bench.spooled() == 0);
  CHECK(bench.told == 0);
  CHECK(bench.add("/c"));
  bench.fake.advance(200);
  CHECK(bench.paths() == Paths{"/a", "/b", "/c"});
  CHECK(bench.spooled() == 0);
}

TEST_CASE("what a daemon that was killed left is given to the log again, without a line that was cut short") {
  Bench first;
  REQUIRE(first.recorder.start(first.spool()));
  CHECK(first.add("/a"));
  CHECK(first.add("/\xff\n\"b"));
  Bench second;
  for (const char *name : {"activity-0", "activity-1"}) std::filesystem::copy_file(first.file(name), second.file(name));
  std::ofstream(second.file("activity-0"), std::ios::app) << "{\"torn\":\n{\"server\":\"x";
  REQUIRE(second.recorder.start(second.spool()));
  second.fake.advance(100);
  REQUIRE(second.requests.size() == 1);
  CHECK(second.requests[0]["again"] == true);
  CHECK(second.paths() == Paths{"/a", "/\xef\xbf\xbd\n\"b"});
  CHECK(second.spooled() == 0);
}

TEST_CASE("what was left in either file is out of both when the log has it, and is not given once more") {
  Bench first;
  REQUIRE(first.recorder.start(first.spool()));
  CHECK(first.add("/a"));
  for (const bool both : {false, true}) {
    Bench second;
    std::filesystem::copy_file(first.file("activity-0"), second.file("activity-1"));
    if (both)
      std::ofstream(second.file("activity-0")) << R"({"metadata":{"files":["/b"]}})"
                                               << "\n";
    REQUIRE(second.recorder.start(second.spool()));
    CHECK_FALSE(second.add("/c")); // it is kept when the log has it, as the files still hold the others
    CHECK(second.told == 0);
    second.fake.advance(100);
    CHECK(second.paths() == (both ? Paths{"/b", "/a", "/c"} : Paths{"/a", "/c"}));
    CHECK(second.told == 1);
    CHECK(second.spooled() == 0);
    CHECK(second.add("/d"));
    Bench third;
    for (const char *name : {"activity-0", "activity-1"})
      std::filesystem::copy_file(second.file(name), third.file(name));
    REQUIRE(third.recorder.start(third.spool()));
    third.fake.advance(100);
    CHECK(third.paths() == Paths{"/d"});
  }
}

TEST_CASE("half a line that was left does not spoil the next one") {
  Bench bench;
  { const Spool made = bench.spool(); }
  std::ofstream(bench.file("activity-0")) << "{\"torn";
  REQUIRE(bench.recorder.start(bench.spool()));
  CHECK(bench.add("/a"));
  const auto left = bench.spool().left();
  REQUIRE(left);
  REQUIRE(left->size() == 1);
  CHECK(Json::accept(left->front()));
}

TEST_CASE("while the log takes nothing entries stay in the spool, and new ones go to the other file") {
  Bench bench;
  REQUIRE(bench.recorder.start(bench.spool()));
  bench.status = PINION_E_BUSY;
  CHECK(bench.add("/a"));
  bench.fake.advance(100);
  const auto one = bench.spooled();
  CHECK(one > 0);
  CHECK(bench.add("/b"));
  CHECK(std::filesystem::file_size(bench.file("activity-0")) == one);
  CHECK(std::filesystem::file_size(bench.file("activity-1")) == one);
  bench.status = PINION_OK;
  bench.fake.advance(100);
  CHECK(std::filesystem::file_size(bench.file("activity-0")) == 0);
  CHECK(std::filesystem::file_size(bench.file("activity-1")) == one);
  bench.fake.advance(100);
  CHECK(bench.spooled() == 0);
  CHECK(bench.paths() == Paths{"/a", "/a", "/b"});
}

TEST_CASE("an answer that did not come in time is asked for again as such") {
  Bench bench;
  REQUIRE(bench.recorder.start(bench.spool()));
  bench.status = PINION_E_TIMEOUT;
  CHECK(bench.add("/a"));
  bench.fake.advance(100);
  bench.status = PINION_OK;
  bench.fake.advance(100);
  REQUIRE(bench.requests.size() == 2);
  CHECK_FALSE(bench.requests[0].contains("again"));
  CHECK(bench.requests[1]["again"] == true);
}

TEST_CASE("what the spool does not take is kept when the log has it") {
  Bench bench; // without a spool
  CHECK_FALSE(bench.add("/a"));
  CHECK(bench.told == 0);
  bench.fake.advance(100);
  CHECK(bench.told == 1);
}

TEST_CASE("more than thousands of waiting entries make their sessions wait") {
  Bench bench;
  REQUIRE(bench.recorder.start(bench.spool()));
  int kept = 0;
  for (int i = 0; i < 9000; ++i) kept += bench.add("/f") ? 1 : 0;
  CHECK(kept == 8192);
  for (int i = 0; i < 10; ++i) bench.fake.advance(100);
  CHECK(bench.told == 9000 - kept);
  CHECK(bench.paths().size() == 9000);
  CHECK(bench.add("/f"));
}

TEST_CASE("a folder or a link in the place of the spool is refused") {
  Bench bench;
  const auto opened = [&]() {
    const auto folder = pinion::Files::folder(bench.host, "sftp");
    return static_cast<bool>(Spool::open(*folder));
  };
  CHECK(opened());
  std::filesystem::remove(bench.file("activity-1"));
  std::filesystem::create_symlink("/dev/null", bench.file("activity-1"));
  CHECK_FALSE(opened());
  std::filesystem::remove(bench.file("activity-1"));
  std::filesystem::create_directory(bench.file("activity-1"));
  CHECK_FALSE(opened());
}
