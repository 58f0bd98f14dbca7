// pinion.archives/1 as a plugin meets it.
#include "loader/bench_for_tests.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <set>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

const std::string kCreate = "3", kReadOnly = "0"; // write and create

struct ArchiveBench : Bench {
  ArchiveBench() { run({"probe"}); }
  std::string keepOpen(const std::string &name, const std::string &path, const std::string &flags) {
    return probe("keep-open|" + name + "|" + kServer + "|" + path + "|" + flags);
  }
  [[nodiscard]] std::filesystem::path files() const { return folder / "root/data/" + kServer; }
  void put(const std::string &name, const std::string &bytes) const {
    std::filesystem::create_directories(files());
    std::ofstream(files() / name) << bytes;
  }
  // The names of all that lies in the server's folder.
  [[nodiscard]] std::set<std::string> all() const {
    std::set<std::string> out;
    std::error_code none; // no folder yet: nothing in it
    for (const auto &entry : std::filesystem::directory_iterator(files(), none)) out.insert(entry.path().filename());
    return out;
  }
  // How often a done function was called so far. What was published before is heard before.
  int archivesDone() {
    bus.publish("test.heard", "", "");
    REQUIRE(heard("test.heard "));
    return count("probe.thread lane") + count("probe.thread pack") + count("probe.thread unpack");
  }
  std::string begin(const std::string &what, const std::string &name, const std::string &options, int times = 1) {
    return probe(what + "|" + name + "|" + kServer + "|" + options + "|" + std::to_string(times));
  }
};

struct PipeEnds {
  PipeEnds() {
    int both[2];
    REQUIRE(::pipe2(both, O_CLOEXEC) == 0);
    out = UniqueFd(both[0]);
    in = UniqueFd(both[1]);
  }
  UniqueFd out, in; // to read from, to write to
};

// A tar of two files that comes through a pipe and stops in the middle of the second.
struct HalfAnArchive {
  void begin(ArchiveBench &bench) {
    const std::string bytes = entry("one", 5, "first") + entry("two", 5000, "half");
    REQUIRE(::write(pipe.in.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    REQUIRE(bench.probe("adopt|in|" + std::to_string(pipe.out.get())) == "0 ");
    REQUIRE(bench.begin("unpack", "in", "{}") == "0 ");
    REQUIRE(bench.heard(R"(probe.progress {"bytes":5,"total":0,"entries":0,"name":"one"})"));
  }
  // Nothing is there but what the archive's entries are called.
  static void check(ArchiveBench &bench) {
    auto names = bench.all();
    names.erase("two"); // begun or not
    CHECK(names == std::set<std::string>{"one"});
  }

private:
  static std::string entry(const std::string &name, std::size_t size, const std::string &content) {
    std::string head(512, '\0');
    const auto text = [&](std::size_t at, const std::string &bytes) { head.replace(at, bytes.size(), bytes); };
    const auto octal = [&](std::size_t at, int digits, std::size_t value) {
      char number[24];
      std::snprintf(number, sizeof number, "%0*zo", digits, value);
      text(at, number);
    };
    text(0, name);
    octal(100, 7, 0644);
    octal(124, 11, size);
    octal(136, 11, 0);
    text(148, "        ");
    head[156] = '0';
    text(257, "ustar");
    text(263, "00");
    std::size_t sum = 0;
    for (const unsigned char byte : head) sum += byte;
    octal(148, 6, sum);
    head[154] = '\0';
    std::string padded = content;
    if (content.size() == size) padded.resize(512);
    return head + padded;
  }
  PipeEnds pipe;
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

TEST_CASE("an unpack is cancelled in the middle, and its done function comes once, on the lane") {
  ArchiveBench bench;
  HalfAnArchive half;
  half.begin(bench);
  CHECK(bench.probe("cancel|in") == "0 ");
  CHECK(bench.heard("probe.thread lane"));
  CHECK(bench.probe("cancel|in") == "-2 ");
  CHECK(bench.archivesDone() == 1);
  CHECK(bench.count("probe.done archive -6 cancelled") == 1);
  half.check(bench);
}

TEST_CASE("an unpack ends when its server goes, with one answer on the lane") {
  ArchiveBench bench;
  HalfAnArchive half;
  half.begin(bench);
  bench.registry.remove(bench.server->id());
  CHECK(bench.heard("probe.done archive -6 ECANCELED: the archive was cancelled"));
  CHECK(bench.heard("probe.thread lane"));
  half.check(bench);
  bench.loader.stop();
  CHECK(bench.archivesDone() == 1);
}

TEST_CASE("an unpack ends when the daemon stops, with one answer at most") {
  ArchiveBench bench;
  HalfAnArchive half;
  half.begin(bench);
  bench.loader.stop();
  CHECK(bench.loader.atRest());
  CHECK(bench.archivesDone() <= 1); // before stop(), or not any more
  half.check(bench);
}

TEST_CASE("a pack that nobody reads is cancelled, ends with its server, and with the daemon") {
  const std::string how = GENERATE(as<std::string>(), "cancel", "server", "stop");
  INFO(how);
  ArchiveBench bench;
  bench.put("big", std::string(1 << 20, 'x'));
  PipeEnds pipe;
  REQUIRE(bench.probe("adopt|out|" + std::to_string(pipe.in.get())) == "0 ");
  REQUIRE(bench.begin("pack", "out", R"({"format":"tar"})") == "0 ");
  pollfd begun{pipe.out.get(), POLLIN, 0};
  REQUIRE(::poll(&begun, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1); // full soon
  if (how == "cancel") {
    CHECK(bench.probe("cancel|out") == "0 ");
    CHECK(bench.heard("probe.done archive -6 cancelled"));
  } else if (how == "server") {
    bench.registry.remove(bench.server->id());
    CHECK(bench.heard("probe.done archive -6 ECANCELED: the archive was cancelled"));
  }
  bench.loader.stop();
  CHECK(bench.loader.atRest());
  if (how == "stop")
    CHECK(bench.archivesDone() <= 1); // before stop(), or not any more
  else
    CHECK(bench.archivesDone() == 1);
  CHECK(bench.all() == std::set<std::string>{"big"});
}

TEST_CASE("an archive that waits for its turn is cancelled without having begun") {
  ArchiveBench bench;
  PipeEnds pipe;
  REQUIRE(bench.probe("adopt|in|" + std::to_string(pipe.out.get())) == "0 ");
  REQUIRE(bench.begin("unpack", "in", "{}", 4) == "0 "); // all that run at once
  REQUIRE(bench.probe("adopt|late|" + std::to_string(pipe.out.get())) == "0 ");
  REQUIRE(bench.begin("unpack", "late", R"({"root":"/late"})") == "0 ");
  CHECK(bench.probe("cancel|late") == "0 ");
  CHECK(bench.heard("probe.done archive -6 cancelled"));
  bench.loader.stop();
  CHECK(bench.count("probe.done archive -6 cancelled") == 1);
  CHECK(bench.all().empty());
}

TEST_CASE("too many archives at once are refused, and a stop does not wait for what never comes") {
  ArchiveBench bench;
  REQUIRE(bench.probe("pipe|in|feed") == "0 ");
  const std::string said = bench.begin("unpack", "in", "{}", 80);
  CHECK(said.ends_with("too many archives are waiting on this node; try again later"));
  bench.loader.stop(); // returns
}
