#include "loader/bench_for_tests.hpp"

#include <sys/stat.h>

using namespace pinion::core;
using namespace pinion::core::testing;

TEST_CASE("files are made, listed, changed and removed inside a server's root") {
  Bench bench;
  bench.run({"probe"});
  const std::string create = std::to_string(1 | 2); // write, create
  const auto change = [&](const std::string &op, const std::string &words) {
    return bench.probe(op + "|" + kServer + "|" + words);
  };
  CHECK(bench.probe("open|" + kServer + "|a/b/c.txt|" + create + "|hello") == "0 ");
  CHECK(bench.probe("open|" + kServer + "|a/b/c.txt|0") == "0 hello");
  CHECK(bench.probe("open|" + kServer + "|a/b/none.txt|0").starts_with("-2 "));
  CHECK(bench.probe("open|" + kServer + "|../../config.yml|0").starts_with("-3 "));
  CHECK(bench.probe("open|" + kServer + "|a/b/c.txt|4") == "-1 TRUNCATE needs WRITE");
  CHECK(bench.probe("open|" + kServer + "|a/b/c.txt|" + std::to_string(1 | 2 | 8) + "|x").starts_with("-4 "));
  CHECK(bench.probe("open|" + kServer + "|a/b|16") == "0 ");
  CHECK(change("set-mode", "a/b/c.txt|600") == "0 ");
  const auto listing = bench.probe("entries|" + kServer + "|a/b");
  CHECK(listing == "0 c.txt 1 5 384\n");
  CHECK(bench.probe("usage|" + kServer) == "0 {\"bytes\":5,\"limit\":10485760}");
  CHECK(change("make-folder", "x/y") == "0 ");
  CHECK(change("rename", "a/b/c.txt|x/y/d.txt") == "0 ");
  CHECK(change("rename", "a/b|x/y/d.txt").starts_with("-4 "));
  CHECK(bench.probe("open|" + kServer + "|x/y/d.txt|0") == "0 hello");
  CHECK(change("remove", "x") == "0 ");
  CHECK(change("remove", "x") == "0 ");
  CHECK(bench.probe("entries|" + kServer + "|x").starts_with("-2 "));
  CHECK(change("remove", "/") == "0 ");
  CHECK(bench.probe("entries|" + kServer + "|") == "0 ");
  CHECK(bench.probe("remove-in|attic|x") == "-2 the node has no folder \"attic\"");
}

TEST_CASE("files are copied, linked, dated and placed inside a server's root") {
  Bench bench;
  bench.run({"probe"});
  const auto change = [&](const std::string &op, const std::string &words) {
    return bench.probe(op + "|" + kServer + "|" + words);
  };
  CHECK(change("open", "a/f|3|hello") == "0 ");
  CHECK(change("copy", "a/f|b/g|0") == "0 ");
  CHECK(change("open", "b/g|0") == "0 hello");
  CHECK(change("copy", "a/f|b/g|0").starts_with("-4 "));
  CHECK(change("link", "../a/f|b/l|0") == "0 ");
  CHECK(change("open", "b/l|0").starts_with("-3 "));
  CHECK(change("open-in", "b|g|0") == "0 hello");
  CHECK(change("open-in", "b|l|0").starts_with("-3 "));
  CHECK(change("open-in", "b|../a|16").starts_with("-1 "));
  CHECK(change("open-in", "b|g|1") == "-1 an entry of a folder is opened for reading only");
  CHECK(change("set-times", "b/g|1000000000|0") == "0 ");
  CHECK(change("set-times", "b/l|1000000000|0").starts_with("-3 "));
  CHECK(change("open", "a/f|5|") == "0 ");
  CHECK(change("open", "a/f|0") == "0 ");
  CHECK(change("place", "|c/d/new|whole|0") == "0 ");
  CHECK(change("open", "c/d/new|0") == "0 whole");
  CHECK(change("place", "made/here|c/d/new|again|2") == "0 ");
  CHECK(change("open", "c/d/new|0") == "0 again");
  CHECK(change("place", "|c/d|x|0").starts_with("-1 "));
  CHECK(change("place", "|b/l|x|0").starts_with("-3 "));
}

TEST_CASE("what files grow by is counted against the disk limit, and given back when it is gone") {
  Bench bench;
  bench.run({"probe"});
  const auto change = [&](const std::string &op, const std::string &words) {
    return bench.probe(op + "|" + kServer + "|" + words);
  };
  const auto used = [&] { return bench.server->diskBytes(); };
  const std::int64_t limit = std::int64_t{10} << 20;
  CHECK(change("open", "a/f|3|hello") == "0 "); // before the server is measured
  CHECK(change("reserve", "7") == "0 ");        // and written into a file without a name
  CHECK(used() == 12);
  CHECK(change("place", "|a/g|7 bytes|0") == "0 ");
  CHECK(used() == 12);
  CHECK(change("place", "|a/g|xy|0") == "0 "); // two of the seven bytes of the old one are taken again
  CHECK(used() == 7);
  CHECK(change("copy", "a/f|b/f|0") == "0 ");
  CHECK(used() == 12);
  CHECK(change("copy", "a/f|b/f|0").starts_with("-4 "));
  CHECK(used() == 12);
  CHECK(change("open", "b/f|5|") == "0 "); // truncated
  CHECK(used() == 7);
  const std::string full = "-11 There is not enough disk space available to perform that action.";
  CHECK(change("reserve", std::to_string(limit - 6)) == full);
  CHECK(change("reserve", "9223372036854775807") == full);
  CHECK(change("reserve", std::to_string(limit - 9)) == "0 ");
  CHECK(change("copy", "a/f|b/h|0") == full);
  CHECK(change("open", "b/h|0").starts_with("-2 "));
  CHECK(change("reserve", std::to_string(9 - limit)) == "0 ");
  CHECK(change("remove", "a/f") == "0 ");
  CHECK(used() == 2);
  CHECK(change("usage", "") == "0 {\"bytes\":2,\"limit\":10485760}");
  CHECK(change("remove", "/") == "0 ");
  CHECK(used() == 0);
}

TEST_CASE("an owner is refused what the denylist names, and a sync changes the list") {
  Bench bench;
  bench.run({"probe"});
  const auto change = [&](const std::string &op, const std::string &words) {
    return bench.probe(op + "|" + kServer + "|" + words);
  };
  const std::string owner = "32";
  CHECK(change("denied", "//x/../a.key") == "0 ");
  const std::string settings = R"({"uuid":")" + kServer + R"(","egg":{"id":"","file_denylist":["*.key"]}})";
  bench.registry.put(Bench::must(parseDefinition("{\"settings\":" + settings + ",\"process_configuration\":{}}", {})));
  CHECK(change("denied", "//x/../a.key") == "1 ");
  CHECK(change("denied", "a.txt") == "0 ");
  CHECK(change("denied", "../x").starts_with("-3 "));
  CHECK(change("open", "s/a.key|3|x") == "0 ");
  CHECK(change("open", "s/a.key|" + owner) == "-3 s/a.key: the server's file denylist names it");
  CHECK(change("open", "new/a.key|35|x").starts_with("-3 "));
  CHECK(change("entries", "new").starts_with("-2 ")); // not even the folder was made
  CHECK(change("copy", "s/a.key|s/b|" + owner).starts_with("-3 "));
  CHECK(change("link", "x|s/l.key|" + owner).starts_with("-3 "));
  CHECK(change("set-times", "s/a.key|1|" + owner).starts_with("-3 "));
  CHECK(change("place", "|s/a.key|x|" + owner).starts_with("-3 "));
  CHECK(change("open", "s/a.key|0") == "0 x"); // the daemon itself may
}

TEST_CASE("the node's own folders are made when they are asked for") {
  Bench bench;
  bench.run({"probe"});
  for (const char *name : {"log", "tmp", "backup", "archive", "root"}) {
    CAPTURE(name);
    CHECK(bench.probe(std::string("folder|") + name) == "0 ");
  }
  CHECK(bench.probe("remove-in|root|pinion.db") == "-3 what the daemon itself keeps is not removed");
  CHECK(bench.probe("folder|etc") == "-2 the node has no folder \"etc\"");
  struct stat info {};
  REQUIRE(::stat((bench.folder / "tmp").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
}
