#include "node_test.hpp"

using namespace pinion;
using namespace pinion::files::testing;

TEST_CASE("a body that is none is refused by every route that wants one") {
  Node node;
  const std::string method_and_route = GENERATE("PUT rename", "POST copy", "POST create-directory", "POST delete",
                                                "POST compress", "POST decompress", "POST chmod", "POST pull");
  const auto space = method_and_route.find(' ');
  const std::string method = method_and_route.substr(0, space), target = kFiles + method_and_route.substr(space + 1);
  CHECK(node.fake.request(method, target)->json() ==
        Json{{"error", "The data passed in the request was not in a parsable format. Please try again."}});
  for (const std::string body : {"{", "[1", "\"text\"", "\xff\xfe", R"({"root":{},"location":{},"name":{}})"}) {
    const auto answer = node.fake.request(method, target, body);
    CHECK(answer->status == 400);
    CHECK(answer->json() == kGeneric);
  }
}

TEST_CASE("what is denied is neither read, written, renamed, copied nor downloaded") {
  Node node;
  node.put("no.key", "secret");
  node.put("ok", "x");
  for (const char *name : {"no.key", "not-there.key", "no.key/below"}) node.fake.denyFile(kServer, name);
  const Json denied = {{"error", "This file cannot be modified: present in egg denylist."},
                       {"request_id", "fake-request"}};
  CHECK(node.get("contents?file=no.key")->json() == denied);
  CHECK(node.write("no.key", "x")->json() == denied);
  CHECK(node.post("copy", {{"location", "no.key"}})->json() == denied);
  CHECK(node.post("copy", {{"location", "not-there.key"}})->json() == denied); // nor does it say what is there
  CHECK(node.write("no.key/below", "x")->json() == denied);
  const auto rename = [&](const char *from, const char *to) {
    return node.fake.request("PUT", kFiles + "rename", Json{{"files", {{{"from", from}, {"to", to}}}}}.dump());
  };
  CHECK(rename("no.key", "a")->json() == denied);
  CHECK(node.fake.request(node.link("GET", "/download/file", {{"file_path", "no.key"}}))->json() == denied);
  CHECK(node.read("no.key") == "secret");
}
