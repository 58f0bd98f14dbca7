#include "docker/network.hpp"

#include "docker/fake_engine_for_tests.hpp"

#include <catch2/catch.hpp>

#include <mutex>

using namespace pinion::core;
using namespace std::chrono_literals;
using pinion::core::testing::FakeEngine;

namespace {

// An engine that has no network yet and refuses to make one with words for as long as the request holds `offence`.
struct Strict {
  std::mutex mutex;
  bool there = false;
  int refused = 0;
  std::vector<std::pair<std::string, std::string>> offences; // what a request must not hold, and what is said of it
  FakeEngine fake{[this](const std::string &request, int fd) {
    const std::lock_guard lock(mutex);
    if (request.starts_with("HEAD")) {
      FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n");
      return true;
    }
    if (request.starts_with("GET")) {
      FakeEngine::reply(fd, there ? 200 : 404, there ? R"({"Driver":"bridge"})" : R"({"message":"no such network"})");
      return true;
    }
    for (const auto &[offence, words] : offences) {
      if (request.find(offence) == std::string::npos) continue;
      ++refused;
      FakeEngine::reply(fd, 403, "{\"message\":\"" + words + "\"}");
      return true;
    }
    there = true;
    FakeEngine::reply(fd, 201, R"({"Id":"n"})");
    return true;
  }};
};

} // namespace

TEST_CASE("a network whose addresses and bridge are taken gets others from the engine") {
  Strict strict;
  strict.offences = {{"172.18.0.0/16", "Pool overlaps with other one on this address space"},
                     {"bridge.name", "conflicts with network x (pterodactyl0): networks have same bridge name"}};
  Engine engine(strict.fake.address());
  bool created = false;
  const auto facts = ensureNodeNetwork(engine, Config::Docker::Network{}, 5s, created);
  REQUIRE(facts);
  CHECK(facts->driver == "bridge");
  CHECK(created);
  CHECK(strict.refused == 2);
}

TEST_CASE("a network that the engine will not make at all is an error in its words") {
  Strict strict;
  strict.offences = {{"pterodactyl_nw", "no more networks today"}};
  Engine engine(strict.fake.address());
  bool created = false;
  const auto facts = ensureNodeNetwork(engine, Config::Docker::Network{}, 5s, created);
  REQUIRE_FALSE(facts);
  CHECK(facts.error().text.find("no more networks today") != std::string::npos);
  CHECK(strict.refused == 1);
}
