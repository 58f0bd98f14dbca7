// Small texts and tables: CORS, client addresses, failures, handshake.
#include "http/answer.hpp"
#include "http/auth.hpp"
#include "http/client_ip.hpp"
#include "http/cors.hpp"
#include "http/deflate.hpp"
#include "http/handshake.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core;
using namespace pinion::core::http;

namespace {

RequestHead headWith(Headers fields) {
  RequestHead head;
  head.method = "GET";
  head.fields = std::move(fields);
  return head;
}

} // namespace

TEST_CASE("CORS allows the Panel unless the origin is listed, and sends a wildcard as it is") {
  const Cors plain("https://panel", {"https://extra"}, false);
  CHECK(plain.allowedOrigin("") == "https://panel");
  CHECK(plain.allowedOrigin("https://extra") == "https://extra");
  CHECK(plain.allowedOrigin("https://EXTRA") == "https://panel");
  CHECK(plain.allowedOrigin("https://evil") == "https://panel");
  const Cors wild("https://panel", {"https://first", "*", "https://last"}, true);
  CHECK(wild.allowedOrigin("https://first") == "https://first");
  CHECK(wild.allowedOrigin("https://last") == "*");
  CHECK(wild.allowedOrigin("https://panel") == "https://panel");
  std::string plain_text, wild_text;
  plain.append(plain_text, "");
  wild.append(wild_text, "");
  CHECK(plain_text.find("Private-Network") == std::string::npos);
  CHECK(wild_text.find("Access-Control-Request-Private-Network: true\r\n") != std::string::npos);
}

TEST_CASE("A client is whom the last trusted proxy saw") {
  std::vector<std::string> wrong;
  const TrustedProxies proxies({"10.0.0.0/8", "192.168.1.1", "fd00::/9", "::1", "nonsense", "10.0.0.0/33", "1.2.3.4/x"},
                               &wrong);
  CHECK(wrong == std::vector<std::string>{"nonsense", "10.0.0.0/33", "1.2.3.4/x"});
  CHECK(proxies.contains("10.255.0.1"));
  CHECK(proxies.contains("::ffff:10.1.1.1"));
  CHECK(proxies.contains("fd7f::1"));
  CHECK_FALSE(proxies.contains("fd80::1"));
  CHECK_FALSE(proxies.contains("192.168.1.2"));
  CHECK_FALSE(proxies.contains("11.0.0.1"));
  const auto client = [&](Headers fields, const std::string &peer) {
    return proxies.clientOf(headWith(std::move(fields)), peer);
  };
  CHECK(client({{"X-Forwarded-For", "1.1.1.1"}}, "9.9.9.9") == "9.9.9.9"); // a stranger may say what it likes
  CHECK(client({{"X-Forwarded-For", "6.6.6.6, 1.1.1.1, 10.0.0.2"}}, "10.0.0.1") == "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "1.1.1.1"}}, "10.0.0.1") == "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}, "10.0.0.1") == "10.0.0.3");
  CHECK(client({{"X-Forwarded-For", "1.1.1.1, garbage"}, {"X-Real-IP", "2.2.2.2"}}, "10.0.0.1") == "2.2.2.2");
  CHECK(client({{"X-Real-IP", "2001:db8::1"}}, "::1") == "2001:db8::1");
  CHECK(client({{"X-Real-IP", "no address"}}, "10.0.0.1") == "10.0.0.1");
  CHECK(client({}, "10.0.0.1") == "10.0.0.1");
}

TEST_CASE("A block of all addresses trusts all of its family") {
  const TrustedProxies four({"0.0.0.0/0"});
  CHECK(four.contains("8.8.8.8"));
  CHECK_FALSE(four.contains("2001:db8::1"));
}

TEST_CASE("Failures become the contract's statuses and texts") {
  CHECK(failureOf(Code::invalid, "").status == 400);
  CHECK(failureOf(Code::invalid, "").content_type == kText);
  CHECK(failureOf(Code::invalid, "no").content_type == kJson);
  CHECK(failureOf(Code::notFound, "").text == "The requested resources was not found on the system.");
  CHECK(failureOf(Code::denied, "x").status == 403);
  CHECK(failureOf(Code::busy, "x").status == 409);
  CHECK(failureOf(Code::timeout, "").status == 500);
  CHECK(failureOf(Code::timeout, "").text == "The server could not process this request in time, please try again.");
  CHECK(failureOf(Code::cancelled, "").text == "Request aborted by client.");
  CHECK(failureOf(Code::stopping, "").status == 503);
  CHECK(failureOf(Code::internal, "").text == kGenericError);
  CHECK(failureOf(static_cast<Code>(422), "bad").status == 422);
  CHECK(failureOf(static_cast<Code>(42), "bad").status == 500);
  CHECK(errorBody("<b>", "id") == R"({"error":"\u003cb\u003e","request_id":"id"})");
}

TEST_CASE("A signed token is taken from where its purpose has it, and its refusal told as the contract has it") {
  FrontHooks hooks;
  std::string seen;
  Error answer{Code::invalid, "unreadable"};
  hooks.verify_token = [&](std::string_view token, std::string_view) -> Result<std::string> {
    seen = token;
    if (token == "good") return std::string("{}");
    return answer;
  };
  std::string claims;
  auto query = headWith({{"Authorization", "Bearer other"}});
  query.target.query = "token=good";
  CHECK_FALSE(checkSignedToken(query, "file-download", hooks, claims));
  CHECK(claims == "{}");
  CHECK_FALSE(checkSignedToken(query, "mine", hooks, claims));
  CHECK(checkSignedToken(query, "transfer", hooks, claims)->status == 500); // the header's "other"
  CHECK(seen == "other");
  const auto header = headWith({{"Authorization", "Bearer good"}});
  CHECK(checkSignedToken(header, "file-download", hooks, claims)->status == 500); // nothing in the query
  CHECK_FALSE(checkSignedToken(header, "transfer", hooks, claims));
  CHECK(checkSignedToken(headWith({}), "transfer", hooks, claims)->status == 401);
  answer = {Code::denied, "jwt: exp claim is invalid"};
  CHECK(checkSignedToken(headWith({}), "file-upload", hooks, claims)->status == 500);
  answer = {Code::denied, "of another purpose"};
  CHECK(checkSignedToken(headWith({}), "file-upload", hooks, claims)->status == 404);
  CHECK(checkSignedToken(headWith({{"Authorization", "Bearer x"}}), "transfer", hooks, claims)->status == 403);
}

TEST_CASE("The handshake is checked in the contract's order") {
  const auto allowed = [](std::string_view origin) { return origin == "https://panel"; };
  const Headers good{{"Connection", "keep-alive, Upgrade"},
                     {"Upgrade", "WebSocket"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Origin", "https://panel"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  const auto checked = checkUpgrade(headWith(good), allowed);
  REQUIRE(std::holds_alternative<Upgrade>(checked));
  CHECK(std::get<Upgrade>(checked).answer ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  // Each spoils one more, from the last check to the first.
  auto fields = good;
  const auto status = [&] {
    const auto result = checkUpgrade(headWith(fields), allowed);
    return std::holds_alternative<Upgrade>(result) ? 101 : std::get<UpgradeRefusal>(result).status;
  };
  for (const auto *key : {"", "c2hvcnQ=", "not base64 at all", "dGhlIHNhbXBsZSBub25jZQ="}) {
    fields[4].second = key;
    CHECK(status() == 400);
  }
  fields[3].second = "https://evil";
  CHECK(status() == 403);
  fields[2].second = "8";
  CHECK(status() == 400);
  fields = good;
  fields[1].second = "h2c";
  CHECK(status() == 400);
  fields = good;
  fields[0].second = "keep-alive";
  CHECK(status() == 400);
}

TEST_CASE("Compression is agreed to only in the form that lets one frame serve all") {
  constexpr auto kAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  CHECK(agreeOnDeflate("permessage-deflate; client_max_window_bits") == kAnswer);
  CHECK(agreeOnDeflate("x-other, permessage-deflate; client_max_window_bits=10; server_no_context_takeover") ==
        kAnswer);
  CHECK(agreeOnDeflate("permessage-deflate; server_max_window_bits=15") ==
        std::string(kAnswer) + "; server_max_window_bits=13");
  CHECK(agreeOnDeflate("permessage-deflate; server_max_window_bits=9, permessage-deflate") == kAnswer);
  for (const auto *offer : {"", "x-webkit-deflate-frame", "permessage-deflate; server_max_window_bits=9",
                            "permessage-deflate; unknown", "permessage-deflate; client_max_window_bits=99",
                            "permessage-deflate; server_no_context_takeover; server_no_context_takeover"})
    CHECK(agreeOnDeflate(offer).empty());
}
