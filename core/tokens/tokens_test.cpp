#include "tokens/denials.hpp"
#include "tokens/jwt.hpp"
#include "tokens/tokens.hpp"

#include <catch2/catch.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

using namespace pinion::core;

namespace {

const std::string kSecret = "a-node-secret-0123456789abcdef";
constexpr double kBoot = 1'700'000'000.5;

std::string encode(std::string_view bytes) {
  static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0, count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out.push_back(alphabet[bits >> (count - 6) & 63]);
    bits &= 0xff;
  }
  if (count) out.push_back(alphabet[bits << (6 - count) & 63]);
  return out;
}

std::string sign(const std::string &claims, const std::string &secret = kSecret,
                 const std::string &header = R"({"alg":"HS256","typ":"JWT"})", const EVP_MD *digest = EVP_sha256()) {
  const std::string text = encode(header) + "." + encode(claims);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(digest, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char *>(text.data()),
       text.size(), mac, &length);
  return text + "." + encode({reinterpret_cast<char *>(mac), length});
}

// A token of the Panel: `extra` are further members.
std::string claims(const std::string &extra, int issued = 1'700'000'010, int expires = 1'700'000'600) {
  return "{\"iat\":" + std::to_string(issued) + ",\"nbf\":" + std::to_string(issued - 300) +
         ",\"exp\":" + std::to_string(expires) + (extra.empty() ? "" : ",") + extra + "}";
}

struct Clock {
  double now = 1'700'000'020.25;
  Tokens tokens{kSecret, kBoot, nullptr, [this] { return now; }};
  std::string text(const std::string &jwt, const char *scope = "file-download") const {
    const auto verified = tokens.verify(jwt, scope);
    return verified ? "ok" : verified.error().text;
  }
  Code code(const std::string &jwt, const char *scope = "file-download") const {
    const auto verified = tokens.verify(jwt, scope);
    return verified ? Code::ok : verified.error().code;
  }
};

const std::string kWebsocket = R"("server_uuid":"s","user_uuid":"u","jti":"j","permissions":["websocket.connect"])";
const std::string kFile = R"("server_uuid":"s","user_uuid":"u","jti":"j","unique_id":"x","file_path":"/f")";

} // namespace

TEST_CASE("the claims of a good token come back as they were signed") {
  const Clock clock;
  const auto signed_claims = claims(kFile);
  const auto verified = clock.tokens.verify(sign(signed_claims), "file-download");
  REQUIRE(verified);
  CHECK(*verified == signed_claims);
}

TEST_CASE("a token of the published example verifies") {
  const auto read =
      readToken("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwi"
                "aWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
                "your-256-bit-secret");
  REQUIRE(read);
  CHECK(read->issued == 1516239022);
}

TEST_CASE("whatever is not exactly what the secret's holder signed is unreadable") {
  const Clock clock;
  const auto body = claims(kFile);
  const auto good = sign(body);
  const auto dot = good.rfind('.');
  CHECK(clock.code(good) == Code::ok);
  std::vector<std::string> bad{"",
                               ".",
                               "..",
                               "...",
                               "a.b",
                               "a.b.c",
                               good + ".",
                               "." + good,
                               good + "=",
                               good + " ",
                               " " + good,
                               good.substr(0, dot + 1),
                               good.substr(0, good.size() - 1),
                               good + "A",
                               sign(body, "another-secret"),
                               sign(body, ""),
                               sign(body, kSecret, R"({"alg":"none"})"),
                               good.substr(0, dot),
                               sign(body, kSecret, R"({"alg":"HS512"})", EVP_sha512()),
                               sign(body, kSecret, R"({"alg":"hs256"})"),
                               sign(body, kSecret, R"({"alg":["HS256"]})"),
                               sign(body, kSecret, R"({"alg":null})"),
                               sign(body, kSecret, "{}"),
                               sign(body, kSecret, "[]"),
                               sign(body, kSecret, "x"),
                               sign(body, kSecret, R"({"alg":"HS256","crit":["exp"]})"),
                               sign(body, kSecret, R"({"alg":"RS256"})"),
                               encode(R"({"alg":"none"})") + "." + encode(body) + ".",
                               sign("[]"),
                               sign("5"),
                               sign(""),
                               sign("{"),
                               sign("null"),
                               sign(R"({"exp":"1700000600","iat":1700000010})"),
                               sign(R"({"exp":true,"iat":1700000010})"),
                               sign(R"({"exp":[1],"iat":1700000010})"),
                               sign(claims(R"("jti":5)")),
                               sign(claims(R"("user_uuid":["u"])")),
                               sign(std::string(100, '[') + std::string(100, ']')),
                               sign(claims(std::string("\"a\":") + std::string(100, '[') + std::string(100, ']'))),
                               sign(claims("\"pad\":\"" + std::string(70'000, 'x') + "\""))};
  std::string changed = good;
  changed[good.find('.') + 3] = changed[good.find('.') + 3] == 'A' ? 'B' : 'A';
  bad.push_back(changed);
  for (const auto &jwt : bad) {
    CAPTURE(jwt.substr(0, 200));
    CHECK(clock.code(jwt) == Code::invalid);
  }
}

TEST_CASE("base64url is read strictly") {
  CHECK(base64UrlDecode("") == "");
  CHECK(base64UrlDecode("_-8") == "\xff\xef");
  CHECK(base64UrlDecode("YWJj") == "abc");
  for (const char *text : {"A", "YWJjA", "YW=", "YW==", "YQ+", "YQ/", "Y Q", "YR", "YWK", "\n"}) {
    CAPTURE(text);
    CHECK(!base64UrlDecode(text));
  }
}

TEST_CASE("without a secret nothing is authorised") {
  Clock clock;
  clock.tokens.setSecret("");
  CHECK(!clock.tokens.nodeTokenMatches(""));
  CHECK(!clock.tokens.nodeTokenMatches(kSecret));
  CHECK(clock.code(sign(claims(kFile), "")) == Code::invalid);
}

TEST_CASE("the node token is matched as a whole, and a new one counts at once") {
  Clock clock;
  CHECK(clock.tokens.nodeTokenMatches(kSecret));
  for (const auto &given :
       {std::string(), kSecret.substr(0, 8), kSecret + "x", "x" + kSecret, std::string(kSecret.size(), 'a')})
    CHECK(!clock.tokens.nodeTokenMatches(given));
  const auto old = sign(claims(kFile));
  clock.tokens.setSecret("another");
  CHECK(!clock.tokens.nodeTokenMatches(kSecret));
  CHECK(clock.tokens.nodeTokenMatches("another"));
  CHECK(clock.code(old) == Code::invalid);
  CHECK(clock.code(sign(claims(kFile), "another")) == Code::ok);
}

TEST_CASE("a token is good to the end of its last second, and never without an end") {
  Clock clock;
  const auto jwt = sign(claims(kFile));
  clock.now = 1'700'000'600.9;
  CHECK(clock.text(jwt) == "ok");
  clock.now = 1'700'000'601.0;
  CHECK(clock.text(jwt) == "jwt: exp claim is invalid");
  CHECK(clock.code(jwt) == Code::denied);
  CHECK(clock.text(sign(R"({"iat":1700000600,)" + kFile + "}")) == "jwt: exp claim is invalid");
  CHECK(clock.text(sign(R"({"iat":1700000600,"exp":null,)" + kFile + "}")) == "jwt: exp claim is invalid");
  SECTION("times may be fractions") {
    CHECK(clock.text(sign(R"({"iat":1700000600.5,"exp":1.7000009e9,)" + kFile + "}")) == "ok");
    CHECK(clock.text(sign(R"({"iat":1700000600.5,"exp":-5,)" + kFile + "}")) == "jwt: exp claim is invalid");
  }
}

TEST_CASE("a token that is not good yet is refused") {
  const Clock clock;
  CHECK(clock.text(sign(R"({"iat":1700000010,"nbf":1700000100,"exp":1700000600,)" + kFile + "}")) ==
        "jwt: nbf claim is invalid");
}

TEST_CASE("a websocket token of before the boot is refused, a download of before the boot is not") {
  const Clock clock;
  const char *past = "jwt: created too far in past (denylist)";
  CHECK(clock.text(sign(claims(kWebsocket, 1'700'000'000)), "websocket") == past);
  CHECK(clock.text(sign(claims(kWebsocket, 1'700'000'001)), "websocket") == "ok");
  CHECK(clock.text(sign(claims(kFile, 1'700'000'000))) == "ok");
  SECTION("one that does not say when it was issued never works") {
    CHECK(clock.text(sign(R"({"exp":1700000600,)" + kWebsocket + "}"), "websocket") == past);
    CHECK(clock.text(sign(R"({"exp":1700000600,)" + kFile + "}")) == past);
  }
  SECTION("one that was issued days ago is refused though it has not ended") {
    CHECK(clock.text(sign(claims(kFile, 1'699'900'000))) == past);
  }
  SECTION("the end is looked at first, the purpose last") {
    CHECK(clock.text(sign(claims(kFile, 1'600'000'000, 1'600'000'001)), "websocket") == "jwt: exp claim is invalid");
    CHECK(clock.text(sign(claims(kFile, 1'700'000'000)), "websocket") == past);
  }
}

TEST_CASE("a console token must be allowed to connect") {
  const Clock clock;
  const auto with = [&](const std::string &permissions) {
    return clock.text(sign(claims("\"server_uuid\":\"s\",\"permissions\":" + permissions)), "websocket");
  };
  CHECK(with(R"(["control.console","websocket.connect"])") == "ok");
  CHECK(with(R"(["*"])") == "ok");
  for (const char *permissions : {"[]", "null", R"("*")", R"("websocket.connect")", R"(["control.console"])",
                                  R"(["admin.*"])", "[5]", "{}", R"(["websocket.connect2"])"})
    CHECK(with(permissions) == "jwt: missing connect permission");
  CHECK(clock.text(sign(claims(kFile)), "websocket") == "jwt: missing connect permission");
}

TEST_CASE("a token without a scope serves the one purpose its claims show") {
  const Clock clock;
  const std::pair<const char *, std::string> kinds[] = {
      {"websocket", kWebsocket},
      {"file-download", kFile},
      {"backup-download", R"("server_uuid":"s","backup_uuid":"b","unique_id":"x")"},
      {"file-upload", R"("server_uuid":"s","user_uuid":"u","unique_id":"x")"},
      {"transfer", R"("sub":"s","jti":"j")"}};
  for (const auto &[kind, members] : kinds) {
    const auto jwt = sign(claims(members));
    for (const auto &[scope, unused] : kinds) {
      CAPTURE(kind, scope);
      CHECK((clock.code(jwt, scope) == Code::ok) == (std::string(kind) == scope));
    }
    CHECK(clock.code(jwt, "") == Code::denied);
    CHECK(clock.code(jwt, "metrics") == Code::denied);
  }
  CHECK(clock.code(sign(claims("")), "") == Code::denied);
}

TEST_CASE("a scope counts where there is one") {
  const Clock clock;
  const auto with = [&](const char *scope) { return clock.code(sign(claims(kFile + ",\"scope\":" + scope))); };
  CHECK(with(R"("file-download")") == Code::ok);
  CHECK(with(R"("other file-download more")") == Code::ok);
  CHECK(with(R"(["file-download"])") == Code::ok);
  for (const char *scope :
       {R"("")", R"("websocket")", R"("file")", R"("file-downloads")", R"("FILE-DOWNLOAD")", "5", "null", "{}", "[]"})
    CHECK(with(scope) == Code::denied);
  SECTION("also for the console, beside the permission") {
    CHECK(clock.text(sign(claims(kWebsocket + R"(,"scope":"websocket")")), "websocket") == "ok");
    CHECK(clock.text(sign(claims(kWebsocket + R"(,"scope":"file-upload")")), "websocket") ==
          "jwt: missing connect permission");
    CHECK(clock.text(sign(claims(R"("server_uuid":"s","scope":"websocket")")), "websocket") ==
          "jwt: missing connect permission");
  }
}

TEST_CASE("denied ids and users lose the tokens they had, not the ones they get") {
  Clock clock;
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
  Clock clock;
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
  Clock clock;
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
