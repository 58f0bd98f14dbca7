#include "node_test.hpp"

using namespace pinion;
using namespace pinion::files::testing;

TEST_CASE("a signed download is the file as an attachment, once") {
  Node node;
  node.put("d/a \"b\".txt", "data");
  std::filesystem::create_directory(node.root / "folder");
  const auto first =
      node.fake.request(node.link("GET", "/download/file", {{"file_path", "/d/a \"b\".txt"}, {"unique_id", "once"}}));
  CHECK(first->status == 200);
  CHECK(first->body == "data");
  CHECK(first->headers["Content-Disposition"] == R"(attachment; filename="a \"b\".txt")");
  const Json gone = {{"error", "The requested resource was not found on this server."}};
  CHECK(node.fake.request(node.link("GET", "/download/file", {{"file_path", "/d"}, {"unique_id", "once"}}))->json() ==
        gone);
  CHECK(
      node.fake.request(node.link("GET", "/download/file", {{"file_path", "x"}, {"server_uuid", "another"}}))->json() ==
      gone);
  CHECK(node.fake.request(node.link("GET", "/download/file", {{"file_path", "folder"}}))->json() == gone);
  CHECK(node.fake.request(node.link("GET", "/download/file", {{"file_path", "nope"}}))->status == 404);
}

TEST_CASE("a backup is downloaded by its uuid, and nothing else is a backup") {
  Node node;
  const std::string uuid = "0c2e0b2c-66f5-4f0a-8b57-1b6f1a1f2d3e";
  std::ofstream(node.fake.nodeFolder("backup") / (uuid + ".tar.gz")) << "archive";
  std::ofstream(node.fake.nodeFolder("backup") / "x.tar.gz") << "SECRET";
  const auto answer = node.fake.request(node.link("GET", "/download/backup", {{"backup_uuid", uuid}}));
  CHECK(answer->body == "archive");
  CHECK(answer->headers["Content-Disposition"] == "attachment; filename=\"" + uuid + ".tar.gz\"");
  const Json missing = {{"error", "The requested backup was not found on this server."}};
  for (const std::string other :
       {"11111111-66f5-4f0a-8b57-1b6f1a1f2d3e", "x", "", "../backup/x", "{0c2e0b2c-66f5-4f0a-8b57-1b6f1a1f2d3e}",
        "0c2e0b2c66f54f0a8b571b6f1a1f2d3e", "urn:uuid:0c2e0b2c-66f5-4f0a-8b57-1b6f1a1f2d3e"})
    CHECK(node.fake.request(node.link("GET", "/download/backup", {{"backup_uuid", other}}))->json() == missing);
}
