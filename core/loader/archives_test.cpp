// pinion.archives/1 as a plugin meets it.
#include "loader/bench_for_tests.hpp"

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

const std::string kCreate = "3", kReadOnly = "0"; // write and create

struct ArchiveBench : Bench {
  ArchiveBench() { run({"probe"}); }
  std::string keepOpen(const std::string &name, const std::string &path, const std::string &flags) {
    return probe("keep-open|" + name + "|" + kServer + "|" + path + "|" + flags);
  }
  std::string begin(const std::string &what, const std::string &name, const std::string &options, int times = 1) {
    return probe(what + "|" + name + "|" + kServer + "|" + options + "|" + std::to_string(times));
  }
};

} // namespace

TEST_CASE("what is packed comes back when it is unpacked") {
  ArchiveBench bench;
  REQUIRE(bench.probe("open|" + kServer + "|in/a.txt|3|hello") == "0 ");
  REQUIRE(bench.keepOpen("out", "a.tar", kCreate) == "0 ");
  REQUIRE(bench.begin("pack", "out", R"({"root":"/in","format":"tar"})") == "0 ");
  REQUIRE(bench.heard(R"(probe.done archive 0 {"bytes":2048,"entries":1,"checksum":"","left_out":0})"));
  REQUIRE(bench.keepOpen("in", "a.tar", kReadOnly) == "0 ");
  REQUIRE(bench.begin("unpack", "in", R"({"root":"/back","name":"a.tar"})") == "0 ");
  REQUIRE(bench.heard(R"(probe.done archive 0 {"bytes":5,"entries":1,"passed_over":0,"format":"tar"})"));
  CHECK(bench.probe("open|" + kServer + "|back/a.txt|0") == "0 hello");
  CHECK(bench.probe("let-go|in") == "0 ");
  CHECK(bench.probe("let-go|out") == "0 ");
}

TEST_CASE("an archive with a wrong descriptor, option or server is not begun") {
  ArchiveBench bench;
  REQUIRE(bench.keepOpen("out", "a.tar", "3") == "0 ");
  REQUIRE(bench.keepOpen("in", "a.tar", kReadOnly) == "0 ");
  const std::string descriptor = "-1 the archive's descriptor is not open for this";
  CHECK(bench.begin("pack", "in", "{}") == descriptor);
  CHECK(bench.begin("pack", "nobody", "{}") == descriptor);
  CHECK(bench.begin("unpack", "nobody", "{}") == descriptor);
  CHECK(bench.begin("pack", "out", R"({"format":"arj"})").starts_with("-1 options: "));
  CHECK(bench.begin("pack", "out", R"({"checksum":"md4"})").starts_with("-1 options: "));
  CHECK(bench.begin("pack", "out", R"({"limit":-1})").starts_with("-1 options: "));
  CHECK(bench.begin("unpack", "in", R"({"limits":{"entries":-1}})").starts_with("-1 options: "));
  CHECK(bench.begin("unpack", "in", "[]").starts_with("-1 options: "));
  CHECK(bench.probe("unpack|in|8fd3e129-0dc3-4f0e-9a36-68526cabfbcf|{}|1").starts_with("-2 "));
  CHECK(bench.probe("let-go|in") == "0 ");
  CHECK(bench.probe("let-go|out") == "0 ");
}

TEST_CASE("a failure's answer begins with the name of the errno") {
  ArchiveBench bench;
  REQUIRE(bench.probe("open|" + kServer + "|text|3|just text") == "0 ");
  REQUIRE(bench.keepOpen("in", "text", kReadOnly) == "0 ");
  REQUIRE(bench.begin("unpack", "in", "{}") == "0 ");
  CHECK(bench.heard("probe.done archive -1 EPROTONOSUPPORT: the file is no archive of a known format"));
  CHECK(bench.probe("let-go|in") == "0 ");
}

TEST_CASE("an archive that waits for its bytes is cancelled, and its descriptor is free after that") {
  ArchiveBench bench;
  REQUIRE(bench.probe("pipe|in|feed") == "0 ");
  REQUIRE(bench.begin("unpack", "in", "{}") == "0 ");
  CHECK(bench.probe("cancel|in") == "0 ");
  CHECK(bench.probe("let-go|in") == "0 ");
  CHECK(bench.probe("let-go|feed") == "0 ");
  CHECK(bench.probe("cancel|in") == "-2 ");
}

TEST_CASE("too many archives at once are refused, and a stop does not wait for what never comes") {
  ArchiveBench bench;
  REQUIRE(bench.probe("pipe|in|feed") == "0 ");
  const std::string said = bench.begin("unpack", "in", "{}", 80);
  CHECK(said.ends_with("too many archives are waiting on this node; try again later"));
  bench.loader.stop(); // returns
}
