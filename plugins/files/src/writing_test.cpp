#include "node_test.hpp"

using namespace pinion;
using namespace pinion::files::testing;

TEST_CASE("a written file replaces one in place, and what cannot be written leaves it") {
  Node node;
  CHECK(node.write("a/b/new.txt", "hello")->status == 204);
  CHECK(node.read("a/b/new.txt") == "hello");
  CHECK(node.write("a/b/new.txt", "")->status == 204);
  CHECK(node.read("a/b/new.txt").empty());
  const Json conflict = {{"error", "Cannot write file, name conflicts with an existing directory by the same name."}};
  CHECK(node.write("a/b", "x")->json() == conflict);
  CHECK(node.write("", "x")->json() == conflict);
  FakeRequest chunked;
  chunked.method = "POST";
  chunked.target = kFiles + "write?file=c";
  chunked.body = "x";
  chunked.headers["Transfer-Encoding"] = "chunked";
  CHECK(node.fake.request(chunked)->json() == Json{{"error", "Missing Content-Length"}});
  chunked.headers = {{"Content-Length", "100"}}; // more than comes
  CHECK(node.fake.request(chunked)->status == 500);
  chunked.target = kFiles + "write?file=a/b/new.txt";
  CHECK(node.fake.request(chunked)->status == 500);
  CHECK(node.read("a/b/new.txt").empty());
  CHECK_FALSE(node.there("c"));
}

TEST_CASE("a request without a body makes an empty file") {
  Node node;
  FakeRequest bare;
  bare.method = "POST";
  bare.target = kFiles + "write?file=empty.txt";
  CHECK(node.fake.request(bare)->status == 204);
  CHECK(node.there("empty.txt"));
}

TEST_CASE("a file beyond the disk limit is refused before it begins; a replaced one makes room") {
  Node node;
  node.put("ballast", std::string(900, 'b'));
  node.fake.limitDisk(kServer, 1000);
  CHECK(node.write("big", std::string(101, 'x'))->json() == kFull);
  CHECK_FALSE(node.there("big"));
  CHECK(node.write("ballast", std::string(900, 'c'))->status == 204);
  CHECK(node.read("ballast") == std::string(900, 'c'));
  CHECK(node.write("ballast", std::string(1001, 'd'))->status == 400);
  CHECK(node.read("ballast") == std::string(900, 'c'));
}
