#include "node_test.hpp"

#include <sys/stat.h>

using namespace pinion;
using namespace pinion::files::testing;

TEST_CASE("files are renamed, never onto something, and missing ones are passed over") {
  Node node;
  node.put("a", "a");
  node.put("b", "b");
  const auto rename = [&](const Json &files) {
    return node.fake.request("PUT", kFiles + "rename", Json{{"root", "/"}, {"FILES", files}}.dump());
  };
  CHECK(rename({{{"from", "ghost"}, {"to", "g"}}, {{"from", "a"}, {"to", "d/e"}}})->status == 204);
  CHECK(node.read("d/e") == "a");
  CHECK(rename({{{"from", "b"}, {"to", "d/e"}}})->json() ==
        Json{{"error", "Cannot move or rename file, destination already exists."}});
  CHECK(rename({{{"from", "b"}, {"to", "/x/../b"}}})->status == 204);
  CHECK(rename({{{"from", ".."}, {"to", "moved"}}})->status == 404);
  for (const char *root : {"/", "", ".", ".."}) CHECK(rename({{{"from", "b"}, {"to", root}}})->status == 404);
  CHECK(rename(Json::array())->status == 422);
  CHECK(rename({"a"})->json() == kGeneric);
  CHECK(node.read("b") == "b");
}

TEST_CASE("copies lie beside their originals under the next free name") {
  const auto [name, copies] = GENERATE(table<std::string, std::vector<std::string>>({
      {"a.txt", {"a copy.txt", "a copy 1.txt", "a copy 2.txt"}},
      {"d/x.tar.gz", {"d/x copy.tar.gz", "d/x copy 1.tar.gz"}},
      {".env", {" copy.env"}},
      {"noext", {"noext copy"}},
  }));
  Node node;
  node.put(name, "data");
  for (const auto &copy : copies) {
    CHECK(node.post("copy", {{"location", "/" + name}})->status == 204);
    CHECK(node.read(copy) == "data");
  }
}

TEST_CASE("only regular files are copied, and after fifty copies the name has the time") {
  Node node;
  node.put("a.txt", "x");
  std::filesystem::create_directory(node.root / "d");
  CHECK(node.post("copy", {{"location", "d"}})->json() == kMissing);
  CHECK(node.post("copy", {{"location", "ghost"}})->json() == kMissing);
  node.put("a copy.txt", "");
  for (int i = 1; i <= 50; ++i) node.put("a copy " + std::to_string(i) + ".txt", "");
  CHECK(node.post("copy", {{"location", "a.txt"}})->status == 204);
  std::size_t timed = 0;
  for (const auto &entry : std::filesystem::directory_iterator(node.root))
    timed += entry.path().filename().string().starts_with("acopy.20") ? 1 : 0;
  CHECK(timed == 1);
}

TEST_CASE("folders are made with their parents, and what is in the way is named") {
  Node node;
  node.put("f", "x");
  CHECK(node.post("create-directory", {{"name", "x//y"}, {"path", "/a"}})->status == 204);
  CHECK(std::filesystem::is_directory(node.root / "a/x/y"));
  CHECK(node.post("create-directory", {{"name", "a"}, {"path", ""}})->status == 204);
  CHECK(node.post("create-directory", {{"name", "sub"}, {"path", "f"}})->status == 400);
}

TEST_CASE("files are deleted, denied ones and the server's folder are not") {
  Node node;
  node.put("s/a", "x");
  node.put("s/b/c", "x");
  CHECK(node.post("delete", {{"root", "/s"}, {"files", {"a", "ghost", "b"}}})->status == 204);
  CHECK_FALSE(node.there("s/a"));
  CHECK_FALSE(node.there("s/b"));
  for (const char *name : {"", "/", ".", "..", "s/.."})
    CHECK(node.post("delete", {{"root", "/"}, {"files", {name}}})->status == 500);
  CHECK(node.there("s"));
  CHECK(node.post("delete", {{"root", "/"}})->json() == Json{{"error", "No files were specified for deletion."}});
}

TEST_CASE("each file gets its own mode, and a mode that is none changes nothing") {
  Node node;
  node.put("a", "x");
  node.put("b", "x");
  const auto chmod = [&](const Json &files) { return node.post("chmod", {{"root", "/"}, {"files", files}}); };
  const auto mode = [&](const char *name) {
    struct stat facts {};
    return ::stat((node.root / name).c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
  };
  CHECK(chmod({{{"file", "a"}, {"mode", "600"}}, {{"file", "ghost"}, {"mode", "1"}}, {{"file", "b"}, {"mode", "0755"}}})
            ->status == 204);
  CHECK(mode("a") == 0600);
  CHECK(mode("b") == 0755);
  for (const char *bad : {"", "8", "-1", "+7", " 755", "0o755", "7.5", "40000000000"})
    CHECK(chmod({{{"file", "a"}, {"mode", "777"}}, {{"file", "b"}, {"mode", bad}}})->json() ==
          Json{{"error", "Invalid file mode."}});
  CHECK(mode("a") == 0600);
  CHECK(chmod({{{"file", "a"}, {"mode", 644}}})->json() == kGeneric);
  CHECK(chmod(nullptr)->status == 422);
}
