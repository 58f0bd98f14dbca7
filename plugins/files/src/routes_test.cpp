#include "plugin.hpp"

#include <pinion/cpp/request_body.hpp>
#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

using namespace pinion;
using pinion::files::FilesPlugin;
using testing::FakeRequest;

namespace {

const std::string kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";
const std::string kFiles = "/api/servers/" + kServer + "/files/";
const Json kGeneric = {{"error", kGenericFailure}, {"request_id", "fake-request"}};
const Json kMissing = {{"error", "The requested resources was not found on the system."},
                       {"request_id", "fake-request"}};
const Json kFull = {{"error", "There is not enough disk space available to perform that action."},
                    {"request_id", "fake-request"}};

struct Node {
  testing::FakeHost fake{"files"};
  testing::Running<FilesPlugin> plugin{fake, "files"};
  std::filesystem::path root;

  explicit Node(const Json &facts = Json::object()) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    fake.node = {{"api", {{"upload_limit", 1}, {"disable_remote_download", false}}}};
    fake.node.update(facts);
    fake.addServer(kServer);
    root = fake.serverFolder(kServer);
    REQUIRE(plugin.start());
  }
  ~Node() { CHECK(fake.misuse().empty()); }

  void put(const std::string &name, const std::string &bytes) {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << bytes;
  }
  std::string read(const std::string &name) {
    std::ifstream in(root / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  bool there(const std::string &name) { return std::filesystem::exists(std::filesystem::symlink_status(root / name)); }
  auto get(const std::string &target) { return fake.request("GET", kFiles + target); }
  auto post(const std::string &route, const Json &body) { return fake.request("POST", kFiles + route, body.dump()); }
  auto write(const std::string &name, const std::string &bytes) {
    FakeRequest request;
    request.method = "POST";
    request.target = kFiles + "write?file=" + name;
    request.body = bytes;
    request.headers["Content-Length"] = std::to_string(bytes.size());
    return fake.request(request);
  }
  FakeRequest link(const std::string &method, const std::string &target, Json claims) {
    FakeRequest request;
    request.method = method;
    request.target = target;
    claims["server_uuid"] = claims.value("server_uuid", kServer);
    claims["unique_id"] = claims.value("unique_id", std::to_string(++links));
    claims["exp"] = 4102444800;
    request.claims = std::move(claims);
    return request;
  }
  auto upload(const std::string &body, const std::string &type = "multipart/form-data; boundary=B") {
    auto request = link("POST", "/upload/file?directory=/in//x/..", {{"user_uuid", "u-1"}});
    request.body = body;
    request.headers["Content-Type"] = type;
    return fake.request(request);
  }
  int links = 0;
};

std::string part(const std::string &file, const std::string &bytes, const std::string &name = "files") {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file + "\"\r\n\r\n" + bytes +
         "\r\n";
}

} // namespace

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
  CHECK(node.fake.request(chunked)->json() == Json{{"error", "Missing Content-Length"}});
  chunked.headers["Content-Length"] = "100"; // more than comes
  CHECK(node.fake.request(chunked)->status == 500);
  chunked.target = kFiles + "write?file=a/b/new.txt";
  CHECK(node.fake.request(chunked)->status == 500);
  CHECK(node.read("a/b/new.txt").empty());
  CHECK_FALSE(node.there("c"));
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
