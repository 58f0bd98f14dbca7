// What is read as a token at all.
#include "tokens/jwt.hpp"
#include "tokens/signed_for_tests.hpp"

#include <vector>

using namespace pinion::core;
using namespace pinion::core::testing;

TEST_CASE("the claims of a good token come back as they were signed") {
  const ClockedTokens clock;
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
  const ClockedTokens clock;
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
