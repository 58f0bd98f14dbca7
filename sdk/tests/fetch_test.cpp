// Downloads.
#include "scripted_for_tests.hpp"

#include <pinion/cpp/fetch.hpp>

using namespace pinion;
using namespace pinion::testing;

TEST_CASE("a download is read to its end, cut, refused or cancelled, and closed when it goes") {
  Stage stage;
  stage.fake.page("http://a/x", {.body = "0123456789", .headers = {{"content-type", "text/plain"}}, .piece = 4});
  stage.fake.page("http://a/cut", {.body = "0123456789", .cut_after = 5});
  stage.fake.page("http://a/private", {.refused = PINION_E_DENIED});
  stage.start();
  const Host &host = stage.plugin->host;
  char buffer[100];
  {
    auto fetch = pinion::Fetch::open(host, {.url = "http://a/x", .max_redirects = 3});
    REQUIRE(fetch);
    CHECK(fetch->status() == 200);
    CHECK(fetch->url() == "http://a/x");
    CHECK(fetch->header("content-type") == "text/plain");
    CHECK(fetch->header("content-length") == "10");
    CHECK_FALSE(fetch->header("etag"));
    CHECK(*fetch->read(buffer, sizeof buffer) == 4);
    CHECK(*fetch->read(buffer, 100) == 4);
    CHECK(*fetch->read(buffer, 100) == 2);
    CHECK(*fetch->read(buffer, 100) == 0);
    CHECK(stage.fake.openFetches() == 1);
    fetch->close();
    CHECK(fetch->read(buffer, 100).error().code == PINION_E_INVALID);
  }
  CHECK(stage.fake.openFetches() == 0);
  CHECK(stage.fake.fetched().back()["max_redirects"] == 3);
  CHECK(pinion::Fetch::open(host, {.url = "http://a/private"}).error().code == PINION_E_DENIED);
  CHECK(pinion::Fetch::open(host, {.url = "ftp://a/"}).error().code == PINION_E_INVALID);
  auto cut = pinion::Fetch::open(host, {.url = "http://a/cut"});
  REQUIRE(cut);
  CHECK(*cut->read(buffer, 100) == 5);
  CHECK(cut->read(buffer, 100).error().code == PINION_E_IO);
  const pinion::FetchCancel early, late;
  early.cancel();
  CHECK(pinion::Fetch::open(host, {.url = "http://a/x"}, early).error().code == PINION_E_CANCELLED);
  {
    auto fetch = pinion::Fetch::open(host, {.url = "http://a/x"}, late);
    REQUIRE(fetch);
    late.cancel();
    CHECK(fetch->read(buffer, 100).error().code == PINION_E_CANCELLED);
  }
  late.cancel(); // again, and too late
  cut->close();
}

TEST_CASE("a download is cancelled while open() waits for the head of the answer") {
  Stage stage;
  const pinion::FetchCancel cancel;
  stage.fake.page("http://a/silent", {.body = "x", .head = [&] { cancel.cancel(); }});
  stage.start();
  CHECK(pinion::Fetch::open(stage.plugin->host, {.url = "http://a/silent"}, cancel).error().code == PINION_E_CANCELLED);
  CHECK(stage.fake.openFetches() == 0);
}

TEST_CASE("the head of an answer is asked for once, and before the body") {
  Stage stage;
  stage.fake.page("http://a/x", {.body = "x"});
  stage.start();
  const pinion_fetch_v1 *table = stage.plugin->host.fetch();
  auto *fetch = table->open(stage.plugin->host.raw(), pinion::span(R"({"url":"http://a/x"})"), nullptr);
  REQUIRE(fetch != nullptr);
  char byte = 0;
  CHECK(table->read(fetch, &byte, 1, nullptr) == PINION_E_INVALID);
  std::string head;
  const pinion_sink sink{&head, &pinion::detail::appendTo};
  CHECK(table->head(fetch, &sink, nullptr) == PINION_OK);
  CHECK(table->head(fetch, &sink, nullptr) == PINION_E_INVALID);
  CHECK(table->read(fetch, &byte, 1, nullptr) == 1);
  table->close(fetch);
}
