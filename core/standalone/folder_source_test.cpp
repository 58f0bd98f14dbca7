#include "standalone/folder_source.hpp"

#include "config/config.hpp"
#include "demo_files.hpp"
#include "standalone/definition_file.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace pinion::core;
namespace fs = std::filesystem;

namespace {

class Folder {
public:
  Folder() {
    char pattern[] = "/tmp/pinion-standalone-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~Folder() { fs::remove_all(path); }
  void put(const std::string &name, const std::string &text) const {
    fs::create_directories(path + "/servers");
    std::ofstream(path + "/servers/" + name) << text;
  }
  [[nodiscard]] std::string read(const std::string &name) const {
    std::ifstream file(path + "/" + name);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  std::string path;
};

std::string with(const std::string &more) { return "image: a\nstartup: b\n" + more; }

} // namespace

TEST_CASE("every good file is a server and a broken one is left out") {
  Folder folder;
  folder.put("b.yml", with("name: B\n"));
  folder.put("a.yaml", with("name: A\n"));
  folder.put("broken.yml", "image: [");
  folder.put("notes.txt", "nothing");
  folder.put(".hidden.yml", with(""));
  FolderSource source(folder.path, {});
  const auto servers = source.servers();
  REQUIRE(servers);
  REQUIRE(servers->size() == 2);
  CHECK((*servers)[0]->settings.name == "A");
  CHECK((*servers)[1]->settings.name == "B");
}

TEST_CASE("one server is read as its file is now") {
  Folder folder;
  folder.put("a.yml", with("memory: 5\n"));
  FolderSource source(folder.path, {});
  const ServerId id = derivedId("a");
  REQUIRE(source.server(id));
  CHECK((*source.server(id))->settings.build.memory_limit == 5);
  folder.put("a.yml", with("memory: 6\n"));
  CHECK((*source.server(id))->settings.build.memory_limit == 6);
  folder.put("a.yml", with("memory: x\n"));
  const auto broken = source.server(id);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Code::invalid);
  CHECK_THAT(broken.error().text, Catch::Contains("servers/a.yml:3: memory"));
  fs::remove(folder.path + "/servers/a.yml");
  CHECK(source.server(id).error().code == Code::notFound);
}

TEST_CASE("a broken file is remembered by the UUID that it gave") {
  Folder folder;
  const std::string uuid = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";
  folder.put("a.yml", with("uuid: " + uuid + "\n"));
  FolderSource source(folder.path, {});
  REQUIRE(source.server(*ServerId::parse(uuid)));
  folder.put("a.yml", "image: [");
  CHECK(source.server(*ServerId::parse(uuid)).error().code == Code::invalid);
  CHECK(source.server(derivedId("a")).error().code == Code::notFound);
}

TEST_CASE("of two files with one UUID the second is refused") {
  Folder folder;
  folder.put("a.yml", with("uuid: 3fd3e129-0dc3-4f0e-9a36-68526cabfbcf\n"));
  folder.put("b.yml", with("uuid: 3fd3e129-0dc3-4f0e-9a36-68526cabfbcf\nmemory: 5\n"));
  FolderSource source(folder.path, {});
  const auto servers = source.servers();
  REQUIRE(servers);
  REQUIRE(servers->size() == 1);
  CHECK((*servers)[0]->settings.build.memory_limit == 0);
}

TEST_CASE("a folder that is not there is an error that names it") {
  FolderSource source("/nonexistent/pinion", {});
  const auto servers = source.servers();
  REQUIRE_FALSE(servers);
  CHECK(servers.error().code == Code::io);
  CHECK_THAT(servers.error().text, Catch::Contains("/nonexistent/pinion/servers"));
}

TEST_CASE("the install script and the outcome go as with a Panel") {
  Folder folder;
  folder.put("a.yml", with("install: {image: alpine, entrypoint: ash, script: \"echo <hi>\"}\n"));
  folder.put("b.yml", with(""));
  FolderSource source(folder.path, {});
  const std::string path = "/servers/" + derivedId("a").text() + "/install";
  const auto script = source.call("GET", path, "");
  REQUIRE(script);
  CHECK(*script == R"({"container_image":"alpine","entrypoint":"ash","script":"echo \u003chi\u003e"})");
  CHECK(*source.call("GET", "/servers/" + derivedId("b").text() + "/install", "") ==
        R"({"container_image":"a","entrypoint":"sh","script":""})");
  CHECK_FALSE(source.installed(derivedId("a")));
  const auto told = source.call("POST", path, R"({"successful":true,"reinstall":false})");
  REQUIRE(told);
  CHECK(told->empty());
  CHECK(source.installed(derivedId("a")) == true);
  REQUIRE(source.call("POST", path, R"({"successful":false,"reinstall":true})"));
  CHECK(source.installed(derivedId("a")) == false);
  CHECK(source.call("POST", path, R"({"successful":"yes"})").error().code == Code::invalid);
  CHECK(source.call("GET", "/servers/" + derivedId("none").text() + "/install", "").error().code == Code::notFound);
}

TEST_CASE("reports without an audience succeed and questions without an answer do not") {
  Folder folder;
  folder.put("a.yml", with(""));
  FolderSource source(folder.path, {});
  const std::string server = "/servers/" + derivedId("a").text();
  for (const std::string &path : {std::string("/servers/reset"), std::string("/activity"), server + "/transfer/success",
                                  server + "/container/status", std::string("/backups/x")}) {
    const auto answer = source.call("POST", path, "{}");
    REQUIRE(answer);
    CHECK(answer->empty());
  }
  CHECK(source.call("GET", server, "")->starts_with("{\"settings\":{\"uuid\":\"" + derivedId("a").text()));
  CHECK(source.call("GET", "/backups/x?size=5", "").error().code == Code::unsupported);
  CHECK(source.call("POST", "/sftp/auth", "{}").error().code == Code::denied);
  CHECK(source.call("GET", "", "").error().code == Code::unsupported);
}

TEST_CASE("the demonstration definition is good") {
  const auto file = parseDefinitionFile(demo_definition, "servers/demo.yml", {});
  if (!file) FAIL(file.error().text);
  CHECK(file->definition->settings.image == "~pinion/demo:latest");
  CHECK(file->definition->settings.name == "demo");
}

TEST_CASE("a standalone folder is prepared once and then left alone") {
  Folder folder;
  const std::string place = folder.path + "/deep/node";
  const auto setup = prepareStandalone(place + "/");
  if (!setup) FAIL(setup.error().text);
  CHECK(setup->first_run);
  CHECK(setup->config_path == place + "/config.yml");
  CHECK(setup->notes.size() == 3);
  struct stat info {};
  REQUIRE(::stat(setup->config_path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  const auto config = ConfigStore::load(setup->config_path);
  if (!config) FAIL(config.error().text);
  const ConfigPtr now = (*config)->get();
  CHECK(now->standalone == place);
  CHECK(now->api.host == "127.0.0.1");
  CHECK(now->api.port >= 8080);
  CHECK(now->token.size() == 64);
  CHECK(setup->notes[1].find(now->token) != std::string::npos);
  CHECK(now->token_id.size() == 16);
  CHECK(now->system.root_directory == place + "/data");
  CHECK(now->system.log_directory == place + "/logs");
  CHECK(now->docker.network.name == "pinion_nw");
  CHECK(now->docker.network.mode == "pinion_nw");
  CHECK(now->docker.network.v4_subnet == "10.201.173.0/24");
  CHECK_FALSE(now->docker.network.ipv6);
  CHECK(now->system.sftp_bind_address == "127.0.0.1");
  CHECK(now->allowed_origins == std::vector<std::string>{"pinion://console"});
  FolderSource source(place, {});
  REQUIRE(source.servers());
  CHECK(source.servers()->size() == 1);

  const std::string before = folder.read("deep/node/config.yml");
  const auto again = prepareStandalone(place);
  REQUIRE(again);
  CHECK_FALSE(again->first_run);
  CHECK(again->notes.empty());
  CHECK(folder.read("deep/node/config.yml") == before);
}

TEST_CASE("a token is never the same twice") {
  Folder folder;
  REQUIRE(prepareStandalone(folder.path + "/a"));
  REQUIRE(prepareStandalone(folder.path + "/b"));
  CHECK((*ConfigStore::load(folder.path + "/a/config.yml"))->get()->token !=
        (*ConfigStore::load(folder.path + "/b/config.yml"))->get()->token);
}

TEST_CASE("a folder with definitions gets no demonstration") {
  Folder folder;
  folder.put("mine.yaml", with(""));
  REQUIRE(prepareStandalone(folder.path));
  CHECK_FALSE(fs::exists(folder.path + "/servers/demo.yml"));
}

TEST_CASE("a Panel's configuration is not taken over") {
  Folder folder;
  std::ofstream(folder.path + "/config.yml") << "token: abc\ntoken_id: def\nremote: https://panel.example.com\n";
  const auto setup = prepareStandalone(folder.path);
  REQUIRE_FALSE(setup);
  CHECK_THAT(setup.error().text, Catch::Contains("belongs to a Panel"));
}

TEST_CASE("a place where nothing can be made is an error that names it") {
  const auto setup = prepareStandalone("/proc/pinion");
  REQUIRE_FALSE(setup);
  CHECK_THAT(setup.error().text, Catch::Contains("/proc/pinion"));
}
