#include "base/folder_for_tests.hpp"
#include "config/config.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace pinion::core;

namespace {

struct Node : testing::TestFolder {
  std::unique_ptr<ConfigStore> store;
  explicit Node(const std::string &text = "token_id: id\ntoken: the-token-now\n") {
    write("config.yml", text);
    auto loaded = ConfigStore::load(file());
    if (!loaded) FAIL(loaded.error().text);
    store = std::move(*loaded);
  }
  [[nodiscard]] std::string file() const { return (path / "config.yml").string(); }
  [[nodiscard]] std::string text() const { return read("config.yml"); }
  void take(const std::string &json) const {
    const auto applied = store->update(json);
    if (!applied) FAIL(applied.error().text);
    CHECK(*applied);
  }
  void refuse(const std::string &json) const {
    CAPTURE(json);
    const auto before = store->get();
    const auto written = text();
    const auto applied = store->update(json);
    REQUIRE(!applied);
    CHECK(applied.error().code == Code::invalid);
    CHECK(store->get() == before);
    CHECK(text() == written);
  }
};

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("what the Panel pushes is applied and written") {
  const Node node;
  node.take(R"({"debug":true,"uuid":"u-1","token_id":"newid","token":"new-token",
    "api":{"host":"127.0.0.1","port":9000,"ssl":{"enabled":true,"cert":"/c","key":"/k"},"upload_limit":7},
    "system":{"data":"/elsewhere","sftp":{"bind_port":2222}},"allowed_mounts":["/"],"remote":"https://other"})");
  const auto now = node.store->get();
  CHECK(now->debug);
  CHECK(now->uuid == "u-1");
  CHECK(now->token == "new-token");
  CHECK(now->token_id == "newid");
  CHECK(now->api.port == 9000);
  CHECK(now->api.ssl.key == "/k");
  CHECK(now->system.sftp_bind_port == 2222);
  for (const char *line : {"debug: true\n", "token_id: newid\ntoken: new-token\n", "  port: 9000\n",
                           "    bind_port: 2222\n", "  upload_limit: 7\n"})
    CHECK(has(node.text(), line));
}

TEST_CASE("no push moves folders, the Panel, mounts or what is loaded") {
  const Node node("token: t\nremote: https://panel\nallowed_mounts: [/srv]\nBlockBaseDirMount: true\n"
                  "system: {root_directory: /r}\n");
  node.take(R"({"remote":"https://evil","Remote":"https://evil","allowed_mounts":["/"],"AllowedMounts":["/"],
    "api":{"disable_remote_download":true},"standalone":"/x","plugins_directory":"/x","plugins":{"evil":{}},
    "BlockBaseDirMount":false,
    "system":{"root_directory":"/x","RootDirectory":"/x","log_directory":"/x","LogDirectory":"/x","data":"/x",
      "Data":"/x","ArchiveDirectory":"/x","BackupDirectory":"/x","TmpDirectory":"/x","tmp_directory":"/x",
      "user":{"passwd":{"directory":"/x"}},"machine_id":{"directory":"/x"}}})");
  const auto now = node.store->get();
  CHECK(now->remote == "https://panel");
  CHECK(now->allowed_mounts == std::vector<std::string>{"/srv"});
  CHECK(!now->api.disable_remote_download);
  CHECK(now->system.root_directory == "/r");
  CHECK(now->system.data == "/r/volumes");
  CHECK(now->system.log_directory == "/var/log/pterodactyl");
  CHECK(now->block_base_dir_mount);
  CHECK(now->plugins.empty());
  CHECK(!has(node.text(), "/x"));
  CHECK(!has(node.text(), "evil"));
}

TEST_CASE("keys are matched as the reference daemon matches them") {
  const Node node;
  node.take(R"({"DEBUG":true,"Api":{"PORT":9001},"system":{"disk_check_interval":1,"diskcheckinterval":9,
    "read_only":true,"sftp":{"read_only":true,"READONLY":true},"crash_detection":{"enabled":false},
    "CrashDetection":{"detectcleanexitascrash":false,"timeout":5},"backups":{"WriteLimit":3,"write_limit":4}},
    "docker":{"network":{"Mode":"host","network_mode":"none","dns":["9.9.9.9"]}},
    "remote_query":{"bootserversperpage":9,"timeout":3},"api.port":1,"future":{"x":1}})");
  const auto now = node.store->get();
  CHECK(now->debug);
  CHECK(now->api.port == 9001);
  CHECK(now->system.disk_check_interval == 9);
  CHECK(now->system.sftp_read_only);
  CHECK(now->system.crash_detection_enabled);
  CHECK(!now->system.detect_clean_exit_as_crash);
  CHECK(now->system.crash_detection_timeout == 5);
  CHECK(now->system.backups_write_limit == 3);
  CHECK(now->docker.network.mode == "host");
  CHECK(now->docker.network.dns == std::vector<std::string>{"9.9.9.9"});
  CHECK(now->boot_servers_per_page == 9);
  CHECK(now->remote_timeout == 3);
}

TEST_CASE("maps merge, lists replace, null empties a list and leaves a scalar") {
  const Node node("token: t\nuuid: u\nallowed_origins: [a, b]\ndocker:\n  registries:\n    one: {username: u, "
                  "password: p, email: e}\n");
  node.take(R"({"uuid":null,"api":null,"allowed_origins":["c"],"docker":{"dns":null,"network":{"dns":null},
    "registries":{"two":{"username":"x"}},"overhead":{"multipliers":{"1024":1.5}}}})");
  const auto now = node.store->get();
  CHECK(now->uuid == "u");
  CHECK(now->allowed_origins == std::vector<std::string>{"c"});
  CHECK(now->docker.network.dns.empty());
  CHECK(now->docker.registries.size() == 2);
  CHECK(now->docker.registries.at("two").username == "x");
  CHECK(now->docker.overhead_multipliers.at(1024) == 1.5);
  CHECK(has(node.text(), "email: e"));
  CHECK(has(node.text(), "      1024: 1.5\n"));
}

TEST_CASE("a repeated key is applied twice") {
  const Node node;
  node.take(R"({"api":{"port":9000},"api":{"host":"::1"},"uuid":"a","uuid":"b"})");
  CHECK(node.store->get()->api.port == 9000);
  CHECK(node.store->get()->api.host == "::1");
  CHECK(node.store->get()->uuid == "b");
}

TEST_CASE("a document that is wrong anywhere is refused as a whole") {
  const Node node;
  for (const char *json : {"",
                           " ",
                           "{",
                           "[1]",
                           "5",
                           "\"x\"",
                           "nonsense",
                           R"({"api":{"port":"many"}})",
                           R"({"api":5})",
                           R"({"api":[]})",
                           R"({"debug":"true"})",
                           R"({"debug":1})",
                           R"({"api":{"port":8080.0}})",
                           R"({"api":{"port":0}})",
                           R"({"api":{"port":70000}})",
                           R"({"uuid":5})",
                           R"({"allowed_origins":"x"})",
                           R"({"allowed_origins":[5]})",
                           R"({"docker":{"tmpfs_size":-1}})",
                           R"({"docker":{"registries":{"x":5}}})",
                           R"({"uuid":"applied-before","throttles":{"lines":1.5}})",
                           R"({"docker":{"overhead":{"multipliers":{"a":1}}}})"})
    node.refuse(json);
}

TEST_CASE("a pushed credential is never resolved, and never empty") {
  const Node node;
  for (const char *json :
       {R"({"token":""})", R"({"token":"file:///etc/shadow"})", R"({"token":"$HOME"})", R"({"token":"a${HOME}"})",
        R"({"token":"two words"})", R"({"token":"line\nbreak"})", R"({"token_id":"file:///etc/shadow"})",
        R"({"token_id":""})", R"({"token":5})", R"({"token":"x","token_id":"$HOME"})"})
    node.refuse(json);
  CHECK(node.store->get()->token == "the-token-now");
  node.take(R"({"token":null,"token_id":"id","token":"a-new-one"})");
  CHECK(node.store->get()->token == "a-new-one");
}

TEST_CASE("a credential that is kept in a file stays there when the Panel pushes the same") {
  const Node node;
  std::ofstream(node.path / "secret") << "kept-elsewhere\n";
  const std::string spelled = "file://" + (node.path / "secret").string();
  std::ofstream(node.file()) << "token: " << spelled << "\n";
  const auto store = ConfigStore::load(node.file());
  REQUIRE(store);
  REQUIRE((*store)->update(R"({"token":"kept-elsewhere","uuid":"u"})"));
  CHECK(has(node.text(), "token: " + spelled + "\n"));
  REQUIRE((*store)->update(R"({"token":"another"})"));
  CHECK(has(node.text(), "token: another\n"));
  CHECK((*store)->get()->token == "another");
}

TEST_CASE("the paths of Let's Encrypt do not replace the node's own certificate") {
  const Node node("token: t\napi: {ssl: {cert: /own/c, key: /own/k}}\n");
  node.take(R"({"api":{"ssl":{"enabled":true,"cert":"/etc/letsencrypt/live/x/fullchain.pem",
    "key":"/etc/letsencrypt/live/x/privkey.pem"}}})");
  CHECK(node.store->get()->api.ssl.enabled);
  CHECK(node.store->get()->api.ssl.cert == "/own/c");
  CHECK(node.store->get()->api.ssl.key == "/own/k");
}

TEST_CASE("a node that ignores updates does not even read them") {
  const Node node("token: t\nignore_panel_config_updates: true\n");
  const auto before = node.text();
  for (const char *json : {R"({"uuid":"x"})", "not json", ""}) {
    const auto applied = node.store->update(json);
    REQUIRE(applied);
    CHECK(!*applied);
  }
  CHECK(node.text() == before);
}

TEST_CASE("an update that cannot be written changes nothing") {
  const Node node;
  fs::remove(node.file());
  fs::create_directory(node.file());
  const auto before = node.store->get();
  const auto applied = node.store->update(R"({"token":"another-token-altogether"})");
  REQUIRE(!applied);
  CHECK(applied.error().code == Code::io);
  CHECK(node.store->get() == before);
}

TEST_CASE("plugins see the facts of the node and no secret") {
  const Node node(
      "token_id: id\ntoken: hush-token\nmine: hush-mine\nplugins: {s3: {key: hush-s3}}\n"
      "docker: {registries: {r: {username: u, password: hush-password}}}\n"
      "remote_query: {custom_headers: {X: hush-header}}\nsystem: {timezone: UTC, user: {uid: 7, gid: 8}}\n");
  const auto &store = *node.store;
  CHECK(*store.node("/api/port") == "8080");
  CHECK(*store.node("/docker/network/dns/1") == "\"1.0.0.1\"");
  CHECK(*store.node("/docker/overhead/default_multiplier") == "1.05");
  CHECK(*store.node("/api/ssl") == R"({"enabled":false,"cert":"","key":""})");
  CHECK(*store.node("/timezone") == "\"UTC\"");
  CHECK(*store.node("/uid") == "7");
  CHECK(*store.node("/gid") == "8");
  CHECK(!has(*store.node(""), "hush"));
  CHECK(!has(*store.node("/docker"), "hush"));
  for (const char *pointer : {"/token", "/token_id", "/docker/registries", "/docker/registries/r/password",
                              "/remote_query/custom_headers", "/plugins", "/plugins/s3", "/plugins/s3/key"}) {
    const auto value = store.node(pointer);
    CAPTURE(pointer);
    REQUIRE(!value);
    CHECK(value.error().code == Code::denied);
  }
  for (const char *pointer : {"/mine", "/nothing", "/api/port/0"}) {
    const auto value = store.node(pointer);
    REQUIRE(!value);
    CHECK(value.error().code == Code::notFound);
  }
  SECTION("facts of the daemon are added, and changes show") {
    node.store->setFact("/version", "\"1.2.3\"");
    node.store->setFact("/boot_time", "1700000000.25");
    node.store->setFact("/machine", R"({"arch":"amd64"})");
    CHECK(*store.node("/version") == "\"1.2.3\"");
    CHECK(*store.node("/boot_time") == "1700000000.25");
    CHECK(*store.node("/machine/arch") == "\"amd64\"");
    node.take(R"({"api":{"port":9000}})");
    CHECK(*store.node("/api/port") == "9000");
    CHECK(*store.node("/version") == "\"1.2.3\"");
  }
}
