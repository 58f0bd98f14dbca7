#include "fetch/url.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core;
using namespace pinion::core::fetch;

TEST_CASE("What is no http or https URL is refused with the reason") {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"http://[::1", "missing ']' in host"},
      {"http://a b/", "invalid character \" \" in host name"},
      {"http://x:port/", "invalid port \":port\" after host"},
      {"http://x:0/", "invalid port \":0\" after host"},
      {"http://x:65536/", "invalid port \":65536\" after host"},
      {"http://[::1]x/", "invalid port \"x\" after host"},
      {"%zz://x", "first path segment in URL cannot contain colon"},
      {"http://x/%zz", "invalid URL escape \"%zz\""},
      {"http://x/%4", "invalid URL escape \"%4\""},
      {"http://%41/", "invalid character \"%\" in host name"},
      {"http://a%zz@x/", "invalid URL escape \"%zz\""},
      {"file:///etc/passwd", "unsupported protocol scheme \"file\""},
      {"ftp://x/", "unsupported protocol scheme \"ftp\""},
      {"/etc/passwd", "unsupported protocol scheme \"\""},
      {"", "unsupported protocol scheme \"\""},
      {"x", "unsupported protocol scheme \"\""},
      {"://x", "missing protocol scheme"},
      {"http://", "no host in request URL"},
      {"http:x", "no host in request URL"},
      {"http://:80/", "no host in request URL"},
      {"http://x/\r\nHost: y", "invalid control character in URL"}};
  for (const auto &[text, reason] : wrong) {
    INFO(text);
    const auto parsed = parseUrl(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::invalid);
    CHECK(parsed.error().text == reason);
  }
  CHECK_FALSE(parseUrl("http://x/" + std::string(9000, 'a')));
}

TEST_CASE("A URL is taken apart, and what may not stand in a request is escaped") {
  const auto url = parseUrl("HTTPS://us%40er:pa:ss@Example.com:8443/a b/%2F\xc3\xa9?q=%zz&x=\"#part");
  REQUIRE(url);
  CHECK(url->address.https);
  CHECK(url->address.host == "Example.com");
  CHECK(url->address.port == 8443);
  CHECK(url->address.path == "/a%20b/%2F%C3%A9?q=%zz&x=%22");
  CHECK(url->user_info == "us@er:pa:ss");
  CHECK(url->text() == "https://Example.com:8443/a%20b/%2F%C3%A9?q=%zz&x=%22");
  CHECK(parseUrl("http://x")->address.path == "/");
  CHECK(parseUrl("http://x?q")->address.path == "/?q");
  CHECK(parseUrl("http://x:/")->address.port == 80);
  CHECK(parseUrl("https://[2001:db8::1]:80/")->text() == "https://[2001:db8::1]:80/");
}

TEST_CASE("A location is taken relative to the URL that answered with it") {
  const auto url = parseUrl("https://user@x:444/a/b?c");
  REQUIRE(url);
  CHECK(url->resolve("http://y/z")->text() == "http://y/z");
  CHECK(url->resolve("//y/z")->text() == "https://y/z");
  CHECK(url->resolve("/z?1")->text() == "https://x:444/z?1");
  CHECK(url->resolve("z")->text() == "https://x:444/a/z");
  CHECK(url->resolve("?d")->text() == "https://x:444/a/b?d");
  CHECK(url->resolve("z:y").error().code == Code::invalid);
  CHECK(url->resolve("file:///etc/passwd").error().code == Code::invalid);
  CHECK(url->resolve("/z")->user_info.empty());
}
