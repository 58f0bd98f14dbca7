#include "node_test.hpp"

using namespace pinion;
using namespace pinion::files::testing;

TEST_CASE("pulls can be switched off") {
  const Json facts = {{"api", {{"disable_remote_download", true}}}};
  Node node(facts);
  const Json off = {{"error", "This functionality is not currently enabled on this instance."}};
  CHECK(node.get("pull")->json() == off);
  CHECK(node.post("pull", {{"root", "/"}, {"url", "http://x/"}})->json() == off);
  CHECK(node.fake.request("DELETE", kFiles + "pull/x")->json() == off);
}

TEST_CASE("a pull wants a folder and a URL, and says what is wrong with it") {
  Node node;
  for (const Json &body : {Json{{"root", "/"}}, Json{{"url", "http://x"}}, Json{{"root", ""}, {"url", "http://x"}}})
    CHECK(node.post("pull", body)->json() == kGeneric);
  const auto bad = node.post("pull", {{"root", "/"}, {"url", "http://x:port/"}});
  CHECK(bad->status == 400);
  CHECK(bad->json()["error"] == "An error occurred while parsing that URL: invalid port \":port\" after host");
  CHECK(node.get("pull")->body == R"({"downloads":null})");
  CHECK(node.fake.request("DELETE", kFiles + "pull/nothing")->status == 204);
}

TEST_CASE("what ends the daemon or the server ends its pulls, and nothing of them stays") {
  Node node;
  const auto [topic, server] =
      GENERATE(table<std::string, std::string>({{"daemon.stopping", ""}, {"deleted", kServer}}));
  testing::FakePage page;
  page.body = std::string(20'000, 'x');
  page.read = [&, topic = topic, server = server](std::size_t read) {
    if (read == 0) node.fake.publish(topic, server, "{}");
    node.fake.pump();
  };
  node.fake.page("http://far.example/big.bin", page);
  const auto answer = node.post("pull", {{"root", "/"}, {"url", "http://far.example/big.bin"}, {"foreground", true}});
  CHECK(answer->status == 500);
  CHECK(answer->json()["error"] == "Request aborted by client.");
  CHECK_FALSE(node.there("big.bin"));
  CHECK(node.get("pull")->body == R"({"downloads":null})");
  CHECK(node.fake.openFetches() == 0);
}

TEST_CASE("a pull is cancelled while its host is silent, and leaves its place at once") {
  Node node;
  testing::FakePage silent;
  silent.body = "x";
  std::string deleted;
  silent.head = [&] {
    const auto listed = node.get("pull")->json()["downloads"];
    REQUIRE(listed.size() == 1);
    deleted = listed[0]["Identifier"].get<std::string>();
    CHECK(node.fake.request("DELETE", kFiles + "pull/" + deleted)->status == 204);
    CHECK(node.get("pull")->body == R"({"downloads":null})");
  };
  node.fake.page("http://far.example/silent", silent);
  const auto answer = node.post("pull", {{"root", "/"}, {"url", "http://far.example/silent"}});
  CHECK(answer->status == 202);
  CHECK(answer->json() == Json{{"identifier", deleted}});
  CHECK_FALSE(node.there("silent"));
  CHECK(node.fake.openFetches() == 0);
  CHECK(node.fake.logs.empty()); // what was asked for is no failure
}

TEST_CASE("never more than three pulls of a server run, whatever is cancelled") {
  Node node;
  node.fake.setWork(testing::Work::held); // as when the resolver does not answer
  testing::FakePage page;
  page.body = "bytes";
  node.fake.page("http://far.example/a", page);
  const auto begin = [&] { return node.post("pull", {{"root", "/"}, {"url", "http://far.example/a"}}); };
  // The disk is looked at first, which is work as well.
  const auto started = [&] {
    const auto answer = begin();
    REQUIRE(node.fake.workWaiting() > 0);
    node.fake.runNewestWork();
    return answer;
  };
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(started()->json()["identifier"]);
  CHECK(node.fake.workWaiting() == 3);
  CHECK(started()->status == 400); // the fourth
  for (int i = 0; i < 10; ++i) {
    for (const auto &id : ids) CHECK(node.fake.request("DELETE", kFiles + "pull/" + id)->status == 204);
    ids.clear();
    for (int k = 0; k < 3; ++k) ids.push_back(started()->json()["identifier"]);
    CHECK(node.get("pull")->json()["downloads"].size() == 3);
    CHECK(node.fake.workWaiting() == 3);
  }
  for (int i = 0; i < 3; ++i) node.fake.runWork(); // the first three end, cancelled: the last three have their turn
  CHECK(node.fake.fetched().empty());
  CHECK(node.fake.workWaiting() == 3);
  while (node.fake.workWaiting() > 0) node.fake.runWork();
  CHECK(node.fake.fetched().size() == 3);
  CHECK(node.read("a") == "bytes");
  CHECK(node.get("pull")->body == R"({"downloads":null})");
}

TEST_CASE("a pull that nobody ends is there whole") {
  Node node;
  testing::FakePage page;
  page.body = std::string(20'000, 'x');
  node.fake.page("http://far.example/big.bin", page);
  const auto answer = node.post("pull", {{"root", "/in"}, {"url", "http://far.example/big.bin"}, {"foreground", true}});
  CHECK(answer->status == 200);
  CHECK(node.read("in/big.bin") == page.body);
}
