#include "node_test.hpp"

using namespace pinion;
using namespace pinion::files::testing;

namespace {

std::string part(const std::string &file, const std::string &bytes, const std::string &name = "files") {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file + "\"\r\n\r\n" + bytes +
         "\r\n";
}

} // namespace

TEST_CASE("uploaded files lie in their folder and in the activity log") {
  Node node;
  std::vector<std::string> told;
  node.fake.offer("activity/record", [&](testing::FakeCall call) {
    told.push_back(call.payload);
    call.ok("{}");
  });
  const auto answer = node.upload(part("a.txt", "one") + part("x/../b.txt", "two") + part("c", "field", "other") +
                                  part("a.txt", "last") + "--B--\r\n");
  CHECK(answer->status == 200);
  CHECK(answer->body.empty());
  CHECK(node.read("in/a.txt") == "last");
  CHECK(node.read("in/b.txt") == "two");
  REQUIRE(told.size() == 1);
  const Json entries = Json::parse(told[0])["entries"];
  REQUIRE(entries.size() == 3);
  CHECK(entries[1] == Json{{"server", kServer},
                           {"user", "u-1"},
                           {"ip", "127.0.0.1"},
                           {"event", "server:file.uploaded"},
                           {"metadata", {{"file", "b.txt"}, {"directory", "/in"}}}});
}

TEST_CASE("an upload of many files with long names is told to the activity log in pieces that it takes") {
  Node node;
  std::size_t entries = 0;
  node.fake.offer("activity/record", [&](testing::FakeCall call) {
    CHECK(call.payload.size() < 1 << 20);
    entries += Json::parse(call.payload)["entries"].size();
    call.ok("{}");
  });
  std::string directory, body;
  for (int i = 0; i < 12; ++i) directory += "/" + std::string(200, 'd');
  for (int i = 0; i < 900; ++i) body += part(std::to_string(i), "x");
  auto request = node.link("POST", "/upload/file?directory=" + directory, Json::object());
  request.headers["Content-Type"] = "multipart/form-data; boundary=B";
  request.body = body + "--B--";
  CHECK(node.fake.request(request)->status == 200);
  CHECK(entries == 900);
}

TEST_CASE("an upload of many files gives each its own bytes") {
  Node node;
  node.put("in/17", std::string(50, 'o'));
  node.fake.limitDisk(kServer, 300 * 1000); // with the one that is replaced
  std::string body;
  for (int i = 0; i < 300; ++i) body += part(std::to_string(i), std::string(1000, static_cast<char>('a' + i % 26)));
  CHECK(node.upload(body + "--B--")->status == 200);
  for (int i = 0; i < 300; ++i) {
    INFO(i);
    CHECK(node.read("in/" + std::to_string(i)) == std::string(1000, static_cast<char>('a' + i % 26)));
  }
}

TEST_CASE("an upload of many files beyond the disk limit keeps those that came before") {
  Node node;
  node.fake.limitDisk(kServer, 2050);
  std::string body;
  for (int i = 0; i < 30; ++i) body += part(std::to_string(i), std::string(100, 'x'));
  CHECK(node.upload(body + "--B--")->json() == kFull);
  CHECK(node.read("in/19") == std::string(100, 'x'));
  CHECK_FALSE(node.there("in/20"));
  // 2000 bytes were counted, and no more: the fake adds them to those that lie there.
  node.fake.limitDisk(kServer, 2000 + 2000 + 10);
  CHECK(node.upload(part("more", std::string(11, 'x')) + "--B--")->json() == kFull);
  CHECK(node.upload(part("fits", std::string(10, 'x')) + "--B--")->status == 200);
}

TEST_CASE("an upload that is no whole form with files leaves nothing behind") {
  Node node;
  const Json no_form = {{"error", "Failed to get multipart form data from request."}};
  CHECK(node.upload("plain", "text/plain")->json() == no_form);
  CHECK(node.upload("plain")->json() == no_form);
  CHECK(node.upload(part("a", "x") + "--B\r\n")->json() == no_form);
  CHECK(node.upload("--B--")->json() == Json{{"error", "No files were found on the request body."}});
  CHECK(node.upload(part("a", "x", "file") + "--B--")->json() ==
        Json{{"error", "No files were found on the request body."}});
  CHECK(node.upload(part("ok", "x") + part("big", std::string((1 << 20) + 1, 'h')) + "--B--")->json() ==
        Json{{"error", "File big is larger than the maximum file upload size of 1 MB."}});
  for (const char *name : {".", "..", "/", "a/.."})
    CHECK(node.upload(part("ok", "x") + part(name, "x") + "--B--")->json() ==
          Json{{"error", "Cannot perform that action: file is a directory."}, {"request_id", "fake-request"}});
  CHECK_FALSE(node.there("in"));
  CHECK(node.upload(part("exact", std::string(1 << 20, 'h')) + "--B--")->status == 200);
}

TEST_CASE("an upload beyond the disk limit keeps the files that came before") {
  Node node;
  node.fake.limitDisk(kServer, 250);
  std::string body;
  for (const char *name : {"1", "2", "3", "4"}) body += part(name, std::string(100, 'x'));
  CHECK(node.upload(body + "--B--")->json() == kFull);
  CHECK(node.there("in/1"));
  CHECK(node.there("in/2"));
  CHECK_FALSE(node.there("in/3"));
  CHECK_FALSE(node.there("in/4"));
}
