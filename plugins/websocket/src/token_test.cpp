#include "token.hpp"

#include <catch2/catch.hpp>

using namespace pinion::websocket;

namespace {

constexpr const char *kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

Token good() {
  Token token;
  token.expires = 100;
  token.permissions = kConnect;
  return token;
}

} // namespace

TEST_CASE("a star grants everything but what is for administrators") {
  const auto bits = permissionBits({"*"});
  for (const auto bit : {kConnect, kConsole, kStart, kStop, kRestart, kReadBackups}) CHECK((bits & bit) != 0);
  for (const auto bit : {kSeeInstall, kSeeTransfer, kSeeErrors}) CHECK((bits & bit) == 0);
}

TEST_CASE("permissions are matched as they are written") {
  CHECK(permissionBits({}) == 0);
  CHECK(permissionBits({"websocket.connect", "control.stop"}) == (kConnect | kStop));
  CHECK(permissionBits({"Websocket.connect", "control.*", "control", "**", ""}) == 0);
  CHECK(permissionBits({"*", "admin.websocket.errors"}) == (permissionBits({"*"}) | kSeeErrors));
  CHECK(permissionBits({"admin.*", "admin.websocket.install"}) == kSeeInstall);
}

TEST_CASE("a token is good until the end of its last second") {
  CHECK(good().fault(99) == Fault::none);
  CHECK(good().fault(100) == Fault::none);
  CHECK(good().fault(101) == Fault::expired);
}

TEST_CASE("of several faults the first in the protocol's order is told") {
  Token token;
  token.other_server = true;
  token.denied = true;
  CHECK(token.fault(1) == Fault::expired);
  token.expires = 1;
  CHECK(token.fault(1) == Fault::denied);
  token.denied = false;
  CHECK(token.fault(1) == Fault::no_connect);
  token.permissions = kConnect;
  CHECK(token.fault(1) == Fault::other_server);
  token.other_server = false;
  CHECK(token.fault(1) == Fault::none);
}

TEST_CASE("the texts are those that the Panel compares") {
  CHECK(textOf(Fault::absent) == "jwt: no jwt present");
  CHECK(textOf(Fault::expired) == "jwt: exp claim is invalid");
  CHECK(textOf(Fault::denied) == "jwt: created too far in past (denylist)");
  CHECK(textOf(Fault::no_connect) == "jwt: missing connect permission");
  CHECK(textOf(Fault::other_server) == "jwt: server uuid mismatch");
}

TEST_CASE("the claims give what is kept") {
  const auto token = parseToken(R"({"exp":1700000600,"iat":1700000000.5,"jti":"abc","user_uuid":"u","server_uuid":")" +
                                    std::string(kServer) + R"(","permissions":["*",5,null,"admin.websocket.errors"]})",
                                kServer);
  REQUIRE(token);
  CHECK(token->expires == 1700000600);
  CHECK(token->issued == 1700000000.5);
  CHECK(token->id == "abc");
  CHECK(token->user == "u");
  CHECK_FALSE(token->other_server);
  CHECK_FALSE(token->denied);
  CHECK(token->may(kSeeErrors | kConsole));
  CHECK_FALSE(token->may(kSeeInstall));
}

TEST_CASE("claims of odd types are taken as absent") {
  const auto token = parseToken(
      R"({"exp":1e300,"iat":"x","jti":5,"user_uuid":null,"server_uuid":7,"permissions":{"a":"*"}})", kServer);
  REQUIRE(token);
  CHECK(token->expires > 1700000000);
  CHECK(token->issued == 0);
  CHECK(token->id.empty());
  CHECK(token->denied); // nobody's
  CHECK(token->other_server);
  CHECK(token->permissions == 0);
  CHECK_FALSE(parseToken("[]", kServer));
  CHECK_FALSE(parseToken("{", kServer));
}
