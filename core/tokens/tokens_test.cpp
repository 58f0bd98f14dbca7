// Which tokens are good, when, and what for.
#include "tokens/signed_for_tests.hpp"

#include <utility>

using namespace pinion::core;
using namespace pinion::core::testing;

TEST_CASE("without a secret nothing is authorised") {
  ClockedTokens clock;
  clock.tokens.setSecret("");
  CHECK(!clock.tokens.nodeTokenMatches(""));
  CHECK(!clock.tokens.nodeTokenMatches(kSecret));
  CHECK(clock.code(sign(claims(kFile), "")) == Code::invalid);
}

TEST_CASE("the node token is matched as a whole, and a new one counts at once") {
  ClockedTokens clock;
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
  ClockedTokens clock;
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
  const ClockedTokens clock;
  CHECK(clock.text(sign(R"({"iat":1700000010,"nbf":1700000100,"exp":1700000600,)" + kFile + "}")) ==
        "jwt: nbf claim is invalid");
}

TEST_CASE("a websocket token of before the boot is refused, a download of before the boot is not") {
  const ClockedTokens clock;
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
  const ClockedTokens clock;
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
  const ClockedTokens clock;
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
  const ClockedTokens clock;
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
