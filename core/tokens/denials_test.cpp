// Tokens that are denied or used up, also over a restart.
#include "tokens/denials.hpp"
#include "tokens/signed_for_tests.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

using namespace pinion::core;
using namespace pinion::core::testing;

TEST_CASE("denied ids and users lose the tokens they had, not the ones they get") {
  ClockedTokens clock;
  const char *past = "jwt: created too far in past (denylist)";
  const auto token = [&](int issued, const std::string &user = "u", const std::string &server = "s") {
    return sign(claims(R"("file_path":"/f","jti":"j-)" + user + server + R"(","user_uuid":")" + user +
                           R"(","server_uuid":")" + server + "\"",
                       issued));
  };
  clock.now = 1'700'000'020.0;
  SECTION("by id") { clock.tokens.denyIds({"j-us", "else"}); }
  SECTION("by user and server") { clock.tokens.denyUser("u", {"s", "s2"}); }
  CHECK(clock.text(token(1'700'000'019)) == past);
  CHECK(clock.text(token(1'700'000'020)) == past);
  CHECK(clock.text(token(1'700'000'021)) == "ok");
  CHECK(clock.text(token(1'700'000'019, "other")) == "ok");
  CHECK(clock.text(token(1'700'000'019, "u", "t")) == "ok");
}

TEST_CASE("a user without named servers is denied on all of them") {
  ClockedTokens clock;
  clock.tokens.denyUser("u", {});
  CHECK(clock.code(sign(claims(kFile))) == Code::denied);
  CHECK(clock.code(sign(claims(kWebsocket)), "websocket") == Code::denied);
  CHECK(clock.code(sign(claims(kFile, 1'700'000'021))) == Code::ok);
}

TEST_CASE("denials are bounded in time and number") {
  Denials denials;
  denials.denyId("old", 1000);
  denials.denyId("new", 1000 + Denials::kLongestLife + 1);
  CHECK(denials.size() == 1);
  const double later = 1000 + Denials::kLongestLife + 2;
  for (std::size_t i = 0; i < Denials::kMostEntries; ++i) denials.denyUser("u", std::to_string(i), later);
  CHECK(denials.size() == Denials::kMostEntries);
  Claims claims;
  claims.issued = later;
  claims.id = "new";
  CHECK(!denials.denies(claims, later));
  claims.user = "u", claims.server = "5";
  CHECK(denials.denies(claims, later));
}

TEST_CASE("beyond the bound the oldest denial is forgotten, which is told once") {
  Denials denials;
  denials.denyId("first", 1000);
  CHECK_FALSE(denials.tellFull());
  for (std::size_t i = 1; i < Denials::kMostEntries; ++i) denials.denyId(std::to_string(i), 1001);
  CHECK(denials.takeChanges().size() == Denials::kMostEntries);
  CHECK_FALSE(denials.tellFull());
  denials.denyId("last", 1002);
  denials.denyId("1", 1002);
  CHECK(denials.size() == Denials::kMostEntries);
  CHECK(denials.tellFull());
  CHECK_FALSE(denials.tellFull());
  const auto changes = denials.takeChanges();
  REQUIRE(changes.size() == 3);
  CHECK((changes[0].what == "jti last" && changes[0].at == 1002));
  CHECK((changes[1].what == "jti first" && !changes[1].at));
  CHECK((changes[2].what == "jti 1" && changes[2].at == 1002));
  denials.denyId("another", 1003);
  CHECK_FALSE(denials.tellFull());
}

TEST_CASE("an id is used once, of many at the same time by one") {
  ClockedTokens clock;
  CHECK(clock.tokens.useOnce("x", 1'700'000'600));
  const auto again = clock.tokens.useOnce("x", 1'700'000'900);
  REQUIRE(!again);
  CHECK(again.error().code == Code::denied);
  CHECK(clock.tokens.useOnce("", 0));
  CHECK(!clock.tokens.useOnce("", 0));
  clock.now += 3602;
  CHECK(clock.tokens.useOnce("", 0));
  std::atomic<int> won = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      if (clock.tokens.useOnce("race", 0)) ++won;
    });
  for (auto &thread : threads) thread.join();
  CHECK(won == 1);
}

TEST_CASE("an id that was used before a restart stays used") {
  char name[] = "/tmp/pinion-tokens-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  for (const bool first : {true, false}) {
    const auto store = Store::open((folder / "pinion.db").string());
    REQUIRE(store);
    Tokens tokens(kSecret, kBoot, store->get(), [] { return 1'700'000'020.0; });
    CHECK(static_cast<bool>(tokens.useOnce("x", 1'700'000'600)) == first);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("denials stay over a restart, until they are a day old") {
  char name[] = "/tmp/pinion-tokens-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  const auto path = (folder / "pinion.db").string();
  double now = 1'700'000'020.25;
  const auto token = [](const std::string &user, const std::string &server, const std::string &id, int issued) {
    return sign(claims(R"("file_path":"/f","jti":")" + id + R"(","user_uuid":")" + user + R"(","server_uuid":")" +
                           server + "\"",
                       issued));
  };
  {
    const auto store = Store::open(path);
    REQUIRE(store);
    Tokens tokens(kSecret, kBoot, store->get(), [&] { return now; });
    tokens.denyUser("u", {"s"});
    tokens.denyUser("everywhere", {});
    std::vector<std::string> ids;
    for (int i = 0; i < 2500; ++i) ids.push_back("id" + std::to_string(i)); // some pages
    tokens.denyIds(ids);
  }
  {
    const auto store = Store::open(path);
    REQUIRE(store);
    const Tokens tokens(kSecret, kBoot, store->get(), [&] { return now; });
    const auto good = [&](const std::string &jwt) { return static_cast<bool>(tokens.verify(jwt, "file-download")); };
    CHECK_FALSE(good(token("u", "s", "j", 1'700'000'020)));
    CHECK_FALSE(good(token("everywhere", "t", "j", 1'700'000'020)));
    for (const char *id : {"id0", "id999", "id1000", "id2499"}) CHECK_FALSE(good(token("v", "s", id, 1'700'000'020)));
    CHECK(good(token("u", "s", "j", 1'700'000'021)));
    CHECK(good(token("u", "t", "j", 1'700'000'020)));
    CHECK(good(token("v", "s", "id2500", 1'700'000'020)));
    CHECK((*store)->keys("tokens.denied", "")->size() == 2502);
  }
  now += Denials::kLongestLife + 1;
  const auto store = Store::open(path);
  REQUIRE(store);
  const Tokens tokens(kSecret, kBoot, store->get(), [&] { return now; });
  CHECK((*store)->keys("tokens.denied", "")->empty());
  std::filesystem::remove_all(folder);
}

TEST_CASE("a stored denial that cannot be read counts from the restart") {
  char name[] = "/tmp/pinion-tokens-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  const auto store = Store::open((folder / "pinion.db").string());
  REQUIRE(store);
  REQUIRE((*store)->put("tokens.denied", "jti j", "yesterday"));
  const Tokens tokens(kSecret, kBoot, store->get(), [] { return 1'700'000'020.0; });
  CHECK_FALSE(tokens.verify(sign(claims(kFile, 1'700'000'020)), "file-download"));
  CHECK(tokens.verify(sign(claims(kFile, 1'700'000'021)), "file-download"));
  std::filesystem::remove_all(folder);
}
