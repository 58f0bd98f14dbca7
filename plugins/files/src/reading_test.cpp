#include "node_test.hpp"

#include <sys/stat.h>

using namespace pinion;
using namespace pinion::files::testing;

TEST_CASE("contents are the bytes of the file, with their kind and type") {
  Node node;
  node.put("d/a.json", "{\"a\":1}");
  const auto answer = node.get("contents?file=/d//a.json");
  CHECK(answer->status == 200);
  CHECK(answer->body == "{\"a\":1}");
  CHECK(answer->headers == Json{{"X-Mime-Type", "application/json"},
                                {"Content-Type", "text/plain; charset=utf-8"},
                                {"Content-Length", "7"}});
  const auto download = node.get("contents?file=d/a.json&download=0");
  CHECK(download->headers["Content-Disposition"] == "attachment; filename=\"a.json\"");
  CHECK(download->headers["Content-Type"] == "application/octet-stream");
  node.put("empty", "");
  CHECK(node.get("contents?file=empty")->headers == Json{{"X-Mime-Type", "text/plain"}, {"Content-Length", "0"}});
}

TEST_CASE("only regular files have contents, and a pipe is not even opened") {
  Node node;
  std::filesystem::create_directory(node.root / "d");
  std::filesystem::create_symlink("/etc/passwd", node.root / "link");
  REQUIRE(::mkfifo((node.root / "pipe").c_str(), 0644) == 0);
  CHECK(node.get("contents?file=nope")->json() == kMissing);
  CHECK(node.get("contents?file=link")->json() == kMissing);
  CHECK(node.get("contents?file=a%00b")->status == 404);
  CHECK(node.get("contents?file=d")->json()["error"] == "Cannot perform that action: file is a directory.");
  const auto pipe = node.get("contents?file=pipe");
  CHECK(pipe->status == 400);
  CHECK(pipe->json() == Json{{"error", "Cannot open files of this type."}});
}

TEST_CASE("a folder is listed with folders first, and what is no file is not looked into") {
  Node node;
  node.put("b.txt", "text");
  node.put("C.txt", "");
  std::filesystem::create_directory(node.root / "y");
  std::filesystem::create_directory(node.root / "Z");
  std::filesystem::create_symlink("nowhere", node.root / "link");
  const auto answer = node.get("list-directory?directory=/");
  REQUIRE(answer->status == 200);
  std::vector<std::string> names, mimes;
  for (const auto &entry : answer->json()) {
    names.push_back(entry["name"]);
    mimes.push_back(entry["mime"]);
  }
  CHECK(names == std::vector<std::string>{"Z", "y", "C.txt", "b.txt", "link"});
  CHECK(mimes == std::vector<std::string>{"inode/directory", "inode/directory", "text/plain",
                                          "text/plain; charset=utf-8", "application/octet-stream"});
  CHECK(answer->json()[4]["symlink"] == true);
  CHECK(node.get("list-directory?directory=y")->body == "[]");
  CHECK(node.get("list-directory?directory=nope")->json() ==
        Json{{"error", "The requested directory was not found on the server."}});
  CHECK(node.get("list-directory?directory=b.txt")->status == 500);
}

TEST_CASE("a search finds names below a folder, not through links and not in folders that nobody wants") {
  Node node;
  for (const char *name :
       {"world/level.dat", "level.txt", "node_modules/level.js", ".Git/level", "other", "level 9/a", "a/levels/level"})
    node.put(name, "x");
  std::filesystem::create_symlink("world", node.root / "way");
  const auto names = [&](const std::string &query) {
    std::vector<std::string> out;
    for (const auto &one : node.get("search?" + query)->json()) out.push_back(one["name"].get<std::string>());
    return out;
  };
  using Names = std::vector<std::string>;
  // Folders are found too; what is in them comes first.
  CHECK(names("directory=/&pattern=LEVEL") ==
        Names{"a/levels/level", "a/levels", "level 9", "world/level.dat", "level.txt"});
  CHECK(names("directory=world&pattern=*.dat") == Names{"world/level.dat"});
  CHECK(names("directory=/world/&pattern=level") == Names{"/world/level.dat"}); // as the folder was named
  CHECK(names("pattern=nothing").empty());
  CHECK(names("pattern=node_modules").empty());
  CHECK(node.get("search?pattern=ab")->json() == Json{{"error", "Pattern must be at least 3 characters long"}});
  CHECK(node.get("search?pattern=abc&directory=nope")->status == 404);
}

TEST_CASE("a long listing is sent in pieces and is whole, in order") {
  Node node;
  std::filesystem::create_directories(node.root / "many" / "a folder");
  for (int i = 1000; i < 3000; ++i) node.put("many/" + std::to_string(i), i % 2 == 0 ? "" : "text");
  const auto answer = node.get("list-directory?directory=many");
  REQUIRE(answer->status == 200);
  CHECK(answer->headers["Content-Type"] == "application/json; charset=utf-8");
  CHECK(answer->body.size() > 256 * 1024);
  const Json rows = answer->json();
  REQUIRE(rows.size() == 2001);
  CHECK(rows[0]["name"] == "a folder");
  CHECK(rows[1]["mime"] == "text/plain");
  CHECK(rows[2]["mime"] == "text/plain; charset=utf-8");
  for (std::size_t i = 1; i < rows.size(); ++i) CHECK(rows[i]["name"] == std::to_string(999 + i));
}
