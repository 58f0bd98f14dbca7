// pinion.fetch/1 as a plugin meets it.
#include "fetch/silent_for_tests.hpp"
#include "loader/bench_for_tests.hpp"

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

std::string request(int port) {
  return R"({"url":"http://127.0.0.1:)" + std::to_string(port) +
         R"(/x","private":true,"connect_ms":600000,"stall_ms":600000})";
}

struct FetchBench : Bench {
  FetchBench() { run({"probe"}); }
  void waitForHead() {
    REQUIRE(probe("fetch-open|f|" + request(silent.port())) == "0 ");
    REQUIRE(probe("fetch-head|f") == "0 ");
    REQUIRE(silent.hear("\r\n\r\n"));
  }
  Silent silent;
};

} // namespace

TEST_CASE("a plugin cancels a fetch whose host is silent, and asks for a head only once") {
  FetchBench bench;
  bench.waitForHead();
  CHECK(bench.probe("fetch-head|f") == "0 ");
  CHECK(bench.heard("probe.head -1 the head of the answer was asked for before"));
  CHECK(bench.probe("fetch-end|f|cancel") == "0 ");
  CHECK(bench.heard("probe.head -6 the download was cancelled"));
  CHECK(bench.probe("fetch-end|f|close") == "0 ");
  CHECK(bench.probe("fetch-head|f") == "0 ");
  CHECK(bench.heard("probe.head -1 the download is not open"));
}

TEST_CASE("a fetch that waits for its host ends when the plugin is stopped") {
  FetchBench bench;
  bench.waitForHead();
  bench.loader.stop();
  CHECK(bench.loader.atRest());
  CHECK(bench.heard("probe.head -6 the download was cancelled"));
}

TEST_CASE("a fetch is opened with a proper request only, and no more than the bound") {
  FetchBench bench;
  CHECK(bench.probe("fetch-open|f|[]").starts_with("-1 "));
  CHECK(bench.probe(R"(fetch-open|f|{"url":"http://a/","connect_ms":0})").starts_with("-1 "));
  for (int i = 0; i < 256; ++i)
    REQUIRE(bench.probe("fetch-open|" + std::to_string(i) + "|" + request(bench.silent.port())) == "0 ");
  CHECK(bench.probe("fetch-open|f|" + request(bench.silent.port())) == "-4 the plugin has 256 downloads open");
  CHECK(bench.probe("fetch-end|0|close") == "0 ");
  CHECK(bench.probe("fetch-open|f|" + request(bench.silent.port())) == "0 ");
  CHECK_FALSE(bench.silent.isAsked()); // opening sends nothing
}
