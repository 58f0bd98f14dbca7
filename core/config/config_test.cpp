#include "base/folder_for_tests.hpp"
#include "config/config.hpp"
#include "config/value.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace fs = std::filesystem;
using namespace pinion::core;

namespace {

struct Folder : testing::TestFolder {
  [[nodiscard]] std::string file() const { return (path / "config.yml").string(); }
  void put(const std::string &text) const { write("config.yml", text); }
  [[nodiscard]] std::string text() const { return read("config.yml"); }
  [[nodiscard]] std::unique_ptr<ConfigStore> load(const std::string &text) const {
    put(text);
    auto store = ConfigStore::load(file());
    if (!store) FAIL(store.error().text);
    return std::move(*store);
  }
  [[nodiscard]] std::string refusal(const std::string &text) const {
    put(text);
    const auto store = ConfigStore::load(file());
    REQUIRE(!store);
    CHECK(store.error().code == Code::invalid);
    const auto &words = store.error().text;
    return words.rfind(file(), 0) == 0 ? words.substr(file().size()) : words;
  }
};

struct Environment {
  const char *name;
  Environment(const char *variable, const std::string &value) : name(variable) { ::setenv(name, value.c_str(), 1); }
  ~Environment() { ::unsetenv(name); }
};

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("an empty file has every default, and the folders below the root") {
  const Folder folder;
  const auto config = folder.load("")->get();
  CHECK(config->api.port == 8080);
  CHECK(config->system.data == "/var/lib/pterodactyl/volumes");
  CHECK(config->docker.log_config.at("max-size") == "5m");
  CHECK(config->docker.network.dns == std::vector<std::string>{"1.1.1.1", "1.0.0.1"});
  CHECK(!config->plugins_given);
  CHECK(folder.load("system:\n  root_directory: /srv/p\n")->get()->system.backup_directory == "/srv/p/backups");
  CHECK(folder.load("system:\n  root_directory: /srv/p\n  data: /d\n")->get()->system.data == "/d");
}

TEST_CASE("a missing file is told apart from a broken one") {
  const Folder folder;
  const auto store = ConfigStore::load(folder.file());
  REQUIRE(!store);
  CHECK(store.error().code == Code::notFound);
  CHECK(has(store.error().text, folder.file()));
  const auto directory = ConfigStore::load(folder.path.string());
  REQUIRE(!directory);
  CHECK(directory.error().code == Code::io);
}

TEST_CASE("each kind of key is read") {
  const Folder folder;
  const auto config = folder
                          .load(R"(
debug: yes
token: 0123
api:
  port: 0x1F90
  upload_limit: 1_000
  trusted_proxies: [10.0.0.0/8, "192.168.0.1"]
  ssl:
system:
  crash_detection: {enabled: off, timeout: "5"}
docker:
  registries:
    ghcr.io: {username: me, password: 12}
  overhead:
    default_multiplier: 1
    multipliers: {2048: 1.15, 4096: 1.1}
  log_config:
    config: {max-size: 10m}
throttles: {lines: 18446744073709551615}
remote_query:
  custom_headers: {X-A: 1}
unknown: {deep: [1]}
)")
                          ->get();
  CHECK(config->debug);
  CHECK(config->token == "0123");
  CHECK(config->api.port == 8080);
  CHECK(config->api.upload_limit == 1000);
  CHECK(config->api.trusted_proxies == std::vector<std::string>{"10.0.0.0/8", "192.168.0.1"});
  CHECK(!config->system.crash_detection_enabled);
  CHECK(config->system.crash_detection_timeout == 5);
  CHECK(config->docker.registries.at("ghcr.io").password == "12");
  CHECK(config->docker.overhead_default_multiplier == 1.0);
  CHECK(config->docker.overhead_multipliers == std::map<int, double>{{2048, 1.15}, {4096, 1.1}});
  CHECK(config->docker.log_config.at("max-size") == "10m");
  CHECK(config->docker.log_config.at("mode") == "non-blocking");
  CHECK(config->throttles.lines == 18446744073709551615u);
  CHECK(config->custom_headers.at("X-A") == "1");
}

TEST_CASE("a wrong value is refused with file, line and key") {
  const Folder folder;
  CHECK(folder.refusal("debug: false\napi:\n  port: x\n") ==
        ":3: api.port must be a whole number from 1 to 65535, not \"x\"");
  CHECK(folder.refusal("api: {port: 70000}\n") == ":1: api.port must be a whole number from 1 to 65535, not \"70000\"");
  CHECK(folder.refusal("\n\ndebug: maybe\n") == ":3: debug must be true or false, not \"maybe\"");
  CHECK(folder.refusal("api: 5\n") == ":1: api must be a mapping");
  CHECK(folder.refusal("allowed_origins: x\n") == ":1: allowed_origins must be a list of strings, not \"x\"");
  CHECK(folder.refusal("allowed_origins:\n- a\n- [b]\n") ==
        ":2: allowed_origins[1] must be a list of strings, not a list");
  CHECK(folder.refusal("docker:\n  tmpfs_size: -1\n") ==
        ":2: docker.tmpfs_size must be a whole number from 0 to 4294967295, not \"-1\"");
  CHECK(has(folder.refusal("docker:\n  overhead:\n    multipliers: {a: 1}\n"), "\"a\" must be a whole number of MiB"));
  CHECK(has(folder.refusal("docker:\n  registries: {x: y}\n"), "docker.registries.x must be a mapping"));
  CHECK(folder.refusal("- a\n") == ":1: the configuration must be a mapping of keys to values");
  CHECK(has(folder.refusal("a: [\n"), "this is not YAML"));
  CHECK(folder.refusal("plugins:\n  sftp: false\n") ==
        ":2: plugins.sftp must be a mapping; to leave a plugin out, remove its name");
  CHECK(has(folder.refusal("plugins: [[a]]\n"), "plugins must be a list of names"));
  CHECK(has(folder.refusal(std::string(5 << 20, '#')), "too large"));
  SECTION("a credential is not repeated in the error") {
    const auto text = folder.refusal("docker:\n  registries: {x: hunter2}\n");
    CHECK(!has(text, "hunter2"));
  }
}

TEST_CASE("plugins are named in a list or with their sections") {
  const Folder folder;
  CHECK(folder.load("plugins: [power, sftp]\n")->get()->plugins ==
        std::map<std::string, std::string>{{"power", "{}"}, {"sftp", "{}"}});
  const auto store = folder.load("plugins:\n  sftp:\n  s3: {bucket: b, retries: 3, on: yes, parts: [{n: 0.5}]}\n");
  CHECK(store->get()->plugins_given);
  CHECK(store->get()->plugins.at("sftp") == "{}");
  CHECK(store->get()->plugins.at("s3") == R"({"bucket":"b","retries":3,"on":true,"parts":[{"n":0.5}]})");
  CHECK(*store->section("s3", "/parts/0/n") == "0.5");
  CHECK(*store->section("sftp", "") == "{}");
  CHECK(*store->section("absent", "") == "{}");
  const auto none = store->section("s3", "/nothing");
  REQUIRE(!none);
  CHECK(none.error().code == Code::notFound);
  CHECK(folder.load("plugins: []\n")->get()->plugins_given);
}

TEST_CASE("the file is written with all keys in order, private to its owner") {
  const Folder folder;
  const auto store = folder.load("token: t\n");
  ::chmod(folder.file().c_str(), 0644);
  REQUIRE(store->write());
  const auto text = folder.text();
  struct stat status {};
  REQUIRE(::stat(folder.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  std::size_t last = 0;
  for (const char *line : {"debug: false\n",
                           "app_name: Pterodactyl\n",
                           "uuid: \"\"\n",
                           "token: t\n",
                           "api:\n",
                           "  port: 8080\n",
                           "  ssl:\n    enabled: false\n",
                           "  trusted_proxies: []\n",
                           "system:\n",
                           "  user:\n    rootless:\n",
                           "  crash_detection:\n    enabled: true\n",
                           "  openat_mode: auto\n",
                           "docker:\n  network:\n",
                           "    dns:\n",
                           "    interfaces:\n      v4:\n",
                           "  registries: {}\n",
                           "    default_multiplier: 1.05\n",
                           "      compress: \"false\"\n",
                           "throttles:\n",
                           "remote: \"\"\n",
                           "remote_query:\n",
                           "allowed_mounts: []\n",
                           "ignore_panel_config_updates: false\n"}) {
    CAPTURE(line);
    const auto at = text.find(line, last);
    REQUIRE(at != std::string::npos);
    last = at;
  }
  for (const char *newer : {"quiet", "passwd", "machine_id", "quotas", "key_only", "activity_lines", "allowlist",
                            "IPv6", "system_ips", "custom_headers", "BlockBaseDirMount", "plugins", "standalone"})
    CHECK(!has(text, newer));
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
  SECTION("and what was written is loaded as the same") {
    REQUIRE(folder.load(text)->write());
    CHECK(folder.text() == text);
  }
}

TEST_CASE("what a file has of other daemons and of its owner is kept at every level") {
  const Folder folder;
  const auto store = folder.load(R"(# comment
mine: {a: 0755, b: "0755", c: [x, {w: ~}], d: !secret z, e: yes}
quiet: false
api:
  extra: 1
  ssl: {extra: two}
system:
  transfers:
    storage_pool: {enabled: true, pool_name: p}
docker:
  registries:
    r.example: {username: u, password: "0123", email: e@x}
Search:
  max_recursion_depth: 8
plugins:
  s3: {key: "yes"}
)");
  REQUIRE(store->write());
  const auto text = folder.text();
  for (const char *part : {"mine:\n  a: 0755\n  b: \"0755\"\n  c:\n  - x\n  - w: null\n  d: !secret z\n  e: yes\n",
                           "quiet: false\n", "  trusted_proxies: []\n  extra: 1\n", "    key: \"\"\n    extra: two\n",
                           "    download_limit: 0\n    storage_pool:\n      enabled: true\n      pool_name: p\n",
                           "    r.example:\n      username: u\n      password: \"0123\"\n      email: e@x\n",
                           "Search:\n  max_recursion_depth: 8\n", "plugins:\n  s3:\n    key: \"yes\"\n"}) {
    CAPTURE(part, text);
    CHECK(has(text, part));
  }
  CHECK(text.rfind("debug: false\nquiet: false\napp_name:", 0) == 0);
}

TEST_CASE("what the boot derives is in the snapshot and in the next write") {
  const Folder folder;
  const auto store = folder.load("token: t\n");
  const auto before = store->get();
  store->derive([](Config &config) { config.system.timezone = "Etc/GMT+5"; });
  CHECK(before->system.timezone.empty());
  CHECK(store->get()->system.timezone == "Etc/GMT+5");
  REQUIRE(store->write());
  CHECK(folder.load(folder.text())->get()->system.timezone == "Etc/GMT+5");
}

TEST_CASE("credentials are taken from the environment or a file and written as they were spelled") {
  const Folder folder;
  std::ofstream(folder.path / "secret") << "from-file\r\n\n";
  const Environment home("PINION_TEST_DIR", folder.path.string());
  const auto store = folder.load("token_id: id\ntoken: \"file://${PINION_TEST_DIR}/secret\"\n");
  CHECK(store->get()->token == "from-file");
  REQUIRE(store->write());
  CHECK(has(folder.text(), "token: \"file://${PINION_TEST_DIR}/secret\"\n"));
  SECTION("the environment wins over the file") {
    const Environment token("WINGS_TOKEN", "from-environment"), id("WINGS_TOKEN_ID", "env-id");
    const auto over = folder.load("token_id: id\ntoken: t\n");
    CHECK(over->get()->token == "from-environment");
    CHECK(over->get()->token_id == "env-id");
    REQUIRE(over->write());
    CHECK(has(folder.text(), "token_id: id\ntoken: t\n"));
  }
  SECTION("what cannot be resolved is named, and no value is") {
    CHECK(folder.refusal("a: 1\ntoken: $PINION_TEST_ABSENT\n") ==
          ":2: token: the environment variable PINION_TEST_ABSENT is not set");
    CHECK(has(folder.refusal("token: file:///nowhere/at/all\n"), ":1: token: cannot read /nowhere/at/all"));
    CHECK(has(folder.refusal("token: a$\n"), "\"$\" must be followed by"));
    CHECK(has(folder.refusal("token: ${X\n"), "\"$\" must be followed by"));
  }
}

TEST_CASE("a write goes through a link and keeps it") {
  const Folder folder;
  std::ofstream(folder.path / "real.yml") << "token: t\n";
  fs::create_symlink("real.yml", folder.file());
  const auto store = ConfigStore::load(folder.file());
  REQUIRE(store);
  REQUIRE((*store)->write());
  CHECK(fs::is_symlink(folder.file()));
  CHECK(has(folder.text(), "app_name"));
}

TEST_CASE("a write that fails leaves no rest behind") {
  const Folder folder;
  const auto store = folder.load("token: t\n");
  fs::remove(folder.file());
  fs::create_directory(folder.file());
  const auto written = store->write();
  REQUIRE(!written);
  CHECK(written.error().code == Code::io);
  CHECK(has(written.error().text, folder.file()));
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("snapshots are read while others change them") {
  const Folder folder;
  const auto store = folder.load("token: t\n");
  std::thread writer([&] {
    for (int i = 1; i <= 200; ++i) store->derive([&](Config &config) { config.system.uid = config.system.gid = i; });
  });
  bool torn = false;
  for (int i = 0; i < 500; ++i) {
    const auto now = store->get();
    torn = torn || now->system.uid != now->system.gid;
  }
  writer.join();
  CHECK(!torn);
  CHECK(store->get()->system.uid == 200);
}
