#include "http/router.hpp"

#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace pinion::core;
using namespace pinion::core::http;

namespace {

std::shared_ptr<RouteEntry> entry(std::uint64_t id, std::string method, std::string path) {
  Route route;
  route.method = std::move(method);
  route.path = std::move(path);
  route.handler = [](const ExchangePtr &) {};
  return std::make_shared<RouteEntry>(id, std::move(route));
}

std::uint64_t found(const Router &router, std::string_view method, std::string_view path) {
  const auto match = router.match(method, path);
  return match ? match->entry->id : 0;
}

} // namespace

TEST_CASE("A path finds its route, a name before a parameter") {
  Router router;
  REQUIRE(router.add(entry(1, "GET", "/api/servers/:server")));
  REQUIRE(router.add(entry(2, "GET", "/api/servers/special")));
  REQUIRE(router.add(entry(3, "GET", "/api/servers/:server/files/pull/:download")));
  REQUIRE(router.add(entry(4, "POST", "/api/servers/:server")));
  REQUIRE(router.add(entry(5, "GET", "/api/servers/special/other")));
  CHECK(found(router, "GET", "/api/servers/special") == 2);
  CHECK(found(router, "GET", "/api/servers/abc") == 1);
  CHECK(found(router, "POST", "/api/servers/special") == 4);
  CHECK(found(router, "GET", "/api/servers/special/files/pull/x") ==
        3); // the name leads nowhere: back to the parameter
  const auto match = router.match("GET", "/api/servers/u-1/files/pull/d-2");
  REQUIRE(match);
  CHECK(*match->parameter("server") == "u-1");
  CHECK(*match->parameter("download") == "d-2");
  CHECK(match->parameter("other") == nullptr);
}

TEST_CASE("What is not exactly a route is none") {
  Router router;
  REQUIRE(router.add(entry(1, "GET", "/api/servers/:server")));
  for (const auto *path : {"/api/servers/", "/api/servers", "/api/servers/a/", "/api/servers/a/b", "/API/servers/a",
                           "//api/servers/a", "/api//servers/a", "", "api/servers/a", "*"})
    CHECK(found(router, "GET", path) == 0);
  CHECK(found(router, "get", "/api/servers/a") == 0);
  CHECK(router.matchesOtherSlash("GET", "/api/servers/a/"));
  CHECK_FALSE(router.matchesOtherSlash("GET", "/api/servers/"));
  CHECK_FALSE(router.matchesOtherSlash("POST", "/api/servers/a/"));
  CHECK_FALSE(router.matchesOtherSlash("GET", "/"));
}

TEST_CASE("A route that is taken, or odd, is refused") {
  Router router;
  REQUIRE(router.add(entry(1, "GET", "/a/:x")));
  const auto taken = router.add(entry(2, "GET", "/a/:y"));
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == Code::busy);
  for (const auto &[method, path] :
       std::vector<std::pair<std::string, std::string>>{{"", "/a"}, {"G T", "/a"}, {"GET", "a"}, {"GET", "/:"}}) {
    const auto odd = router.add(entry(3, method, path));
    REQUIRE_FALSE(odd);
    CHECK(odd.error().code == Code::invalid);
  }
}

TEST_CASE("A router without a route no longer finds it, and its path is free again") {
  Router router;
  REQUIRE(router.add(entry(1, "GET", "/a")));
  REQUIRE(router.add(entry(2, "GET", "/b")));
  const auto rest = router.without(1);
  CHECK(found(*rest, "GET", "/a") == 0);
  CHECK(found(*rest, "GET", "/b") == 2);
  CHECK(rest->copy()->add(entry(3, "GET", "/a")));
}

TEST_CASE("Closing a route waits for those inside and lets nobody in") {
  const auto route = entry(1, "GET", "/a");
  auto pass = RouteEntry::enter(route);
  REQUIRE(pass);
  testing::Signal closing, closed;
  std::thread closer([&] {
    closing.set();
    route->close();
    closed.set();
  });
  REQUIRE(closing.wait());
  while (auto again = RouteEntry::enter(route)) again.reset(); // until close() has begun
  CHECK(closed.count() == 0);
  pass.reset();
  CHECK(closed.wait());
  closer.join();
}
