#include "docker/spec.hpp"

#include "docker/environment_list.hpp"
#include "docker/json.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace pinion::core;
namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

namespace {

Settings settings() {
  Settings out;
  out.id = *ServerId::parse("3fd3e129-4c6b-4a6e-9d3a-0a5b6c7d8e9f");
  out.invocation = "java -jar {{JAR}} \"a b\"";
  out.environment = {{"jar", "\"server.jar\""}, {"P_LIMIT", "5"}, {"flag", "true"}};
  out.default_allocation = {"127.0.0.1", 25565};
  out.mappings = {{"127.0.0.1", {25565}}};
  out.build.memory_limit = 1024;
  out.image = "~ghcr.io/x/y:1";
  return out;
}

json::Object parsed(const std::string &body) {
  CAPTURE(body);
  auto object = json::parseObject(body);
  REQUIRE(object);
  return *object;
}

json::Object body(const Settings &of, const Config &config = {}) {
  Texts warnings;
  return parsed(serverBody({of, config, {{"/data/x", "/home/container", false}}, true}, warnings));
}

std::string text(const json::Object &object) {
  std::ostringstream out;
  object->stringify(out);
  return out.str();
}

struct Folder {
  fs::path path = fs::temp_directory_path() / randomUuid();
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

} // namespace

TEST_CASE("a server's container is described as the contract says") {
  Config config;
  config.system.timezone = "Europe/Berlin";
  config.system.uid = 988;
  config.system.gid = 989;
  config.docker.domainname = "games.example";
  auto of = settings();
  of.labels = std::map<std::string, std::string>{{"team", "red"}, {"Service", "mine"}, {"ContainerType", "x"}};
  const auto made = body(of, config);
  CHECK(json::text(made, "Hostname") == of.id.text());
  CHECK(json::text(made, "Domainname") == "games.example");
  CHECK(json::text(made, "User") == "988:989");
  CHECK(json::text(made, "Image") == "ghcr.io/x/y:1");
  for (const char *key : {"AttachStdin", "AttachStdout", "AttachStderr", "OpenStdin", "Tty"})
    CHECK(json::flag(made, key));
  for (const char *key : {"Cmd", "Entrypoint", "WorkingDir", "Volumes", "StdinOnce", "NetworkingConfig"})
    CHECK_FALSE(made->has(key));
  CHECK(json::texts(json::array(made, "Env")) ==
        Texts{"TZ=Europe/Berlin", "STARTUP=java -jar {{JAR}} \"a b\"", "SERVER_MEMORY=1024", "SERVER_IP=172.18.0.1",
              "SERVER_PORT=25565", "P_LIMIT=5", "FLAG=true", "JAR=server.jar"});
  CHECK(text(json::object(made, "Labels")) ==
        R"({"ContainerType":"server_process","Service":"Pterodactyl","team":"red"})");

  const auto host = json::object(made, "HostConfig");
  CHECK(json::texts(json::array(host, "SecurityOpt")) == Texts{"no-new-privileges"});
  CHECK(json::flag(host, "ReadonlyRootfs"));
  CHECK(json::array(host, "CapDrop")->size() == 11);
  for (const char *key : {"CapAdd", "Privileged", "RestartPolicy", "AutoRemove", "ShmSize", "Ulimits", "Devices",
                          "NanoCpus", "KernelMemory", "MemorySwappiness", "CpuQuota", "CpusetCpus"})
    CHECK_FALSE(host->has(key));
  CHECK(json::text(host, "NetworkMode") == "pterodactyl_nw");
  CHECK(text(json::object(host, "Tmpfs")) == R"({"/tmp":"rw,exec,nosuid,size=100M"})");
  CHECK(json::texts(json::array(host, "Dns")) == Texts{"1.1.1.1", "1.0.0.1"});
  CHECK(text(json::object(host, "LogConfig")) ==
        R"({"Config":{"compress":"false","max-file":"1","max-size":"5m","mode":"non-blocking"},"Type":"local"})");
  CHECK(json::number(host, "PidsLimit") == 512);
  CHECK(json::number(host, "BlkioWeight") == 500);
  CHECK(json::array(host, "Mounts")->size() == 1);
}

TEST_CASE("settings of the node reach the container") {
  Config config;
  config.system.rootless = true;
  config.system.container_uid = 1500;
  config.system.container_gid = 1600;
  config.docker.log_type.clear();
  config.docker.userns_mode = "host";
  config.docker.tmpfs_size = 7;
  config.docker.container_pid_limit = 99;
  const auto made = body(settings(), config);
  const auto host = json::object(made, "HostConfig");
  CHECK(json::text(made, "User") == "1500:1600");
  CHECK(text(json::object(host, "LogConfig")) == "{}");
  CHECK(json::text(host, "UsernsMode") == "host");
  CHECK(json::number(host, "PidsLimit") == 99);
  CHECK(text(json::object(host, "Tmpfs")) == R"({"/tmp":"rw,exec,nosuid,size=7M"})");
}

TEST_CASE("an allocation is bound for tcp and udp on its address") {
  auto of = settings();
  Config config;
  of.mappings = {{"127.0.0.1", {25565, 0, 70000, -5}}, {"0.0.0.0", {25566}}, {"10.0.0.7", {25566}}, {"::1", {65535}}};
  const auto ports = [&] { return text(json::object(json::object(body(of, config), "HostConfig"), "PortBindings")); };
  const auto bound = [](const char *ip, const char *port) {
    return std::string("{\"HostIp\":\"") + ip + "\",\"HostPort\":\"" + port + "\"}";
  };
  SECTION("127.0.0.1 stands for the interface of the node, impossible ports are left out") {
    CHECK(ports() == "{\"25565/tcp\":[" + bound("172.18.0.1", "25565") + "],\"25565/udp\":[" +
                         bound("172.18.0.1", "25565") + "],\"25566/tcp\":[" + bound("0.0.0.0", "25566") + "," +
                         bound("10.0.0.7", "25566") + "],\"25566/udp\":[" + bound("0.0.0.0", "25566") + "," +
                         bound("10.0.0.7", "25566") + "],\"65535/tcp\":[" + bound("::1", "65535") +
                         "],\"65535/udp\":[" + bound("::1", "65535") + "]}");
    CHECK(json::object(body(of, config), "ExposedPorts")->size() == 6);
  }
  SECTION("on an isolated network the local address is dropped") {
    config.docker.network.ispn = true;
    CHECK(ports().find("\"25565/tcp\":[]") != std::string::npos);
  }
}

TEST_CASE("a forced outgoing address chooses the network") {
  auto of = settings();
  of.default_allocation.ip = "2001:db8::7.8";
  CHECK(forcedNetwork(of).empty());
  of.force_outgoing_ip = true;
  CHECK(forcedNetwork(of) == "ip-2001-db8--7-8");
  CHECK(json::text(json::object(body(of), "HostConfig"), "NetworkMode") == "ip-2001-db8--7-8");
}

TEST_CASE("memory has room on top of the limit") {
  struct Row {
    std::int64_t limit;
    double factor;
  };
  Config config;
  SECTION("by the size of the server") {
    for (const auto &[limit, factor] :
         {Row{0, 1.15}, {64, 1.15}, {2048, 1.15}, {2049, 1.10}, {4096, 1.10}, {4097, 1.05}})
      CHECK(memoryMultiplier(limit, config.docker) == factor);
  }
  SECTION("as the node says: the smallest key that is not below the limit") {
    config.docker.overhead_override = true;
    config.docker.overhead_default_multiplier = 1.5;
    config.docker.overhead_multipliers = {{128, 2.0}, {512, 1.2}};
    for (const auto &[limit, factor] : {Row{100, 2.0}, {128, 2.0}, {129, 1.2}, {512, 1.2}, {513, 1.5}})
      CHECK(memoryMultiplier(limit, config.docker) == factor);
  }
}

TEST_CASE("limits are written as the engine reads them") {
  Config config;
  const auto made = [&](const Build &build, bool pids = true, bool weight = true) {
    std::string out = "{";
    appendResources(out, build, config.docker, {pids, weight});
    return parsed(out + "}");
  };
  Build build;
  build.memory_limit = 1024;
  SECTION("memory and swap") {
    CHECK(json::number(made(build), "Memory") == 1'177'600'000);
    CHECK(json::number(made(build), "MemoryReservation") == 1'024'000'000);
    CHECK(json::number(made(build), "MemorySwap") == 1'177'600'000);
    build.swap = 100;
    CHECK(json::number(made(build), "MemorySwap") == 1'277'600'000);
    build.swap = -1;
    CHECK(json::number(made(build), "MemorySwap") == -1);
    build.memory_limit = 0;
    build.swap = 0;
    CHECK(json::number(made(build), "Memory", 7) == 0);
    CHECK(json::number(made(build), "MemorySwap", 7) == 0);
  }
  SECTION("processor") {
    build.cpu_limit = 150;
    build.threads = "0-1,3";
    CHECK(json::number(made(build), "CpuQuota") == 150'000);
    CHECK(json::number(made(build), "CpuPeriod") == 100'000);
    CHECK(json::number(made(build), "CpuShares") == 1024);
    CHECK(json::text(made(build), "CpusetCpus") == "0-1,3");
  }
  SECTION("what a kernel or an installer has not is left out") {
    CHECK_FALSE(made(build, false)->has("PidsLimit"));
    CHECK_FALSE(made(build, true, false)->has("BlkioWeight"));
    build.oom_disabled = true;
    CHECK(json::flag(made(build), "OomKillDisable"));
  }
}

TEST_CASE("an installer has at least what the node gives") {
  struct Row {
    std::int64_t memory, cpu, minimum_cpu, memory_out, cpu_out;
  };
  for (const auto &row : {Row{2000, 150, 100, 2000, 150},
                          {0, 0, 100, 1024, 0},
                          {512, 50, 100, 1024, 100},
                          {512, 50, 0, 1024, 0},
                          {-1, 100, 100, 1024, 100}}) {
    Build build;
    build.memory_limit = row.memory;
    build.cpu_limit = row.cpu;
    const auto out = raised(build, {1024, row.minimum_cpu});
    CHECK(out.memory_limit == row.memory_out);
    CHECK(out.cpu_limit == row.cpu_out);
  }
}

TEST_CASE("a one-off container differs from the game's as the contract says") {
  const auto of = settings();
  Config config;
  Texts warnings;
  const auto made = parsed(onceBody({of,
                                     config,
                                     "alpine:3",
                                     "installer",
                                     "server_installer",
                                     {"ash", "/mnt/install/install.sh"},
                                     {{"/data/x", "/mnt/server", false}},
                                     {1024, 100},
                                     true,
                                     true},
                                    warnings));
  CHECK(json::text(made, "Hostname") == "installer");
  CHECK(json::texts(json::array(made, "Cmd")) == Texts{"ash", "/mnt/install/install.sh"});
  CHECK(text(json::object(made, "Labels")) == R"({"ContainerType":"server_installer","Service":"Pterodactyl"})");
  CHECK(json::texts(json::array(made, "Env"))[3] == "SERVER_IP=127.0.0.1");
  for (const char *key : {"User", "Domainname", "ExposedPorts"}) CHECK_FALSE(made->has(key));
  const auto host = json::object(made, "HostConfig");
  for (const char *key : {"PortBindings", "CapDrop", "SecurityOpt", "ReadonlyRootfs", "PidsLimit", "Privileged"})
    CHECK_FALSE(host->has(key));
  CHECK(json::text(host, "NetworkMode") == "pterodactyl_nw");
  CHECK(json::number(host, "MemoryReservation") == 1'024'000'000);
}

TEST_CASE("values of the environment are shown as people write them") {
  struct Row {
    std::string json, text;
    bool shown;
  };
  for (const auto &row : {Row{"\"a b=c\"", "a b=c", true},
                          {"\"\\u00e9\\n\"", "\xc3\xa9\n", true},
                          {"\"\"", "", true},
                          {"5", "5", true},
                          {"-1", "-1", true},
                          {"0", "0", true},
                          {"25565.0", "25565", true},
                          {"1e3", "1000", true},
                          {"1.5", "1.5", true},
                          {"12345678901234567890", "12345678901234567890", true},
                          {"true", "true", true},
                          {"false", "false", true},
                          {"null", "", false},
                          {"[1]", "", false},
                          {"{\"a\":1}", "", false},
                          {"", "", false},
                          {"\"broken", "", false}}) {
    CAPTURE(row.json);
    bool shown = !row.shown;
    CHECK(environmentValue(row.json, shown) == row.text);
    CHECK(shown == row.shown);
  }
}

TEST_CASE("a server cannot change what the daemon says, and each name is given once") {
  auto of = settings();
  of.environment = {{"startup", "\"mine\""}, {"server_ip", "\"mine\""},
                    {"TZ", "\"mine\""},      {"a", "\"1\""},
                    {"A", "\"2\""},          {"odd", "[]"}};
  Texts unclear;
  const auto list = environmentList(of, {"UTC", ""}, unclear);
  CHECK(list == Texts{"TZ=UTC", "STARTUP=" + of.invocation, "SERVER_MEMORY=1024", "SERVER_IP=127.0.0.1",
                      "SERVER_PORT=25565", "A=2", "ODD="});
  CHECK(unclear == Texts{"ODD"});
}

TEST_CASE("a time zone of the server's own is taken when the zone database has it") {
  auto of = settings();
  Texts unclear;
  const auto zone = [&](const char *value) {
    of.environment = {{"SERVER_TIMEZONE", value}};
    return environmentList(of, {"UTC", ""}, unclear).front();
  };
  for (const char *bad : {"\"../../../etc/passwd\"", "\"/etc/passwd\"", "\"No/Such\"", "\"\"", "5"})
    CHECK(zone(bad) == "TZ=UTC");
  if (fs::exists("/usr/share/zoneinfo/Europe/Berlin")) CHECK(zone("\"Europe/Berlin\"") == "TZ=Europe/Berlin");
}

TEST_CASE("paths are cleaned as text") {
  struct Row {
    const char *path, *clean;
  };
  for (const auto &row : {Row{"/a/b/", "/a/b"},
                          {"/a/../b", "/b"},
                          {"//a/./b//c", "/a/b/c"},
                          {"/..", "/"},
                          {"/", "/"},
                          {"", "."},
                          {"a/..", "."},
                          {"../a", "../a"},
                          {"a/../../b", "../b"}})
    CHECK(cleanPath(row.path) == row.clean);
  CHECK(isWithin("/srv/a", "/srv/a"));
  CHECK(isWithin("/srv/a/b", "/srv/a"));
  CHECK(isWithin("/srv/a", "/"));
  CHECK_FALSE(isWithin("/srv/abc", "/srv/a"));
  CHECK_FALSE(isWithin("/srv", "/srv/a"));
}

TEST_CASE("custom mounts come from allowed folders only") {
  const Folder shelf;
  for (const char *name : {"maps/deep", "maps-private", "other"}) fs::create_directories(shelf.path / name);
  fs::create_directory_symlink(shelf.path / "other", shelf.path / "maps/link");
  fs::create_directory_symlink(shelf.path / "maps/deep", shelf.path / "maps/inner");
  auto of = settings();
  Config config;
  config.system.passwd_enable = config.system.machine_id_enable = false;
  const auto mounted = [&](const std::string &source, const std::string &allowed,
                           const std::string &target = "/mnt/maps") {
    of.mounts = {{source.empty() || source.front() != '/' ? source : shelf.path.string() + source, target, true}};
    config.allowed_mounts = {shelf.path.string() + allowed};
    Texts warnings;
    const auto mounts = serverMounts(of, config, "/data/x", warnings);
    REQUIRE(mounts.front().target == "/home/container");
    CHECK(mounts.size() + warnings.size() == 2);
    return mounts.size() == 2 ? mounts.back().source : "";
  };
  const std::string maps = fs::canonical(shelf.path / "maps").string();
  CHECK(mounted("/maps", "/maps") == maps);
  CHECK(mounted("/maps/", "/maps/") == maps);
  CHECK(mounted("/maps/deep", "/maps") == maps + "/deep");
  CHECK(mounted("/other/../maps", "/maps") == maps);
  CHECK(mounted("/maps/inner", "/maps") == maps + "/deep");
  for (const char *bad : {"/maps-private", "/maps/../other", "/other", "/maps/link", "/maps/missing", "relative", ""}) {
    CAPTURE(bad);
    CHECK(mounted(bad, "/maps").empty());
  }
  config.block_base_dir_mount = true;
  for (const char *bad : {"/home/container", "/home/container/", "/home/container/maps", "/", "mnt", ""}) {
    CAPTURE(bad);
    CHECK(mounted("/maps", "/maps", bad).empty());
  }
  config.block_base_dir_mount = false;
  CHECK(mounted("/maps", "/maps", "/home/container/maps") == maps);
  CHECK(mounted("/maps", "/maps", "/home/container").empty());
}

TEST_CASE("files of the node's user are mounted where they exist") {
  const Folder folder;
  auto of = settings();
  Config config;
  config.system.passwd_directory = config.system.machine_id_directory = folder.path.string();
  std::ofstream(folder.path / "passwd") << "x";
  std::ofstream(folder.path / of.id.text()) << "x";
  Texts warnings;
  const auto mounts = serverMounts(of, config, "/data/x", warnings);
  REQUIRE(mounts.size() == 3);
  CHECK(mounts[1].target == "/etc/passwd");
  CHECK(mounts[2].target == "/etc/machine-id");
  CHECK((mounts[1].read_only && mounts[2].read_only));
  std::string out;
  appendMounts(out, {{"/a\"b", "/c", true}, {"/d", "/e", false}});
  CHECK(
      out ==
      R"([{"Type":"bind","Source":"/a\"b","Target":"/c","ReadOnly":true},{"Type":"bind","Source":"/d","Target":"/e"}])");
}

TEST_CASE("disk weights are left out where the kernel has none") {
  const Folder root;
  CHECK(ioWeightSupported(root.path.string())); // v1
  fs::create_directories(root.path / "sys/fs/cgroup/system.slice");
  std::ofstream(root.path / "sys/fs/cgroup/cgroup.controllers") << "cpu io";
  CHECK_FALSE(ioWeightSupported(root.path.string()));
  std::ofstream(root.path / "sys/fs/cgroup/system.slice/io.weight") << "default 100";
  CHECK(ioWeightSupported(root.path.string()));
}
