// What is read out of the engine's answers and what is asked of registries and networks: pure functions.
#include "docker/containers.hpp"
#include "docker/engine_error.hpp"
#include "docker/image.hpp"
#include "docker/json.hpp"
#include "docker/network.hpp"
#include "docker/node.hpp"
#include "docker/run_once.hpp"
#include "docker/watch.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core;

TEST_CASE("an image's name is taken apart") {
  struct Row {
    const char *image, *name, *tag;
  };
  for (const auto &row : {Row{"alpine", "alpine", "latest"},
                          {"alpine:3", "alpine", "3"},
                          {"ghcr.io/x/y:1", "ghcr.io/x/y", "1"},
                          {"127.0.0.1:5000/x", "127.0.0.1:5000/x", "latest"},
                          {"127.0.0.1:5000/x:2", "127.0.0.1:5000/x", "2"},
                          {"x@sha256:ab", "x", "sha256:ab"},
                          {"h:1/x:3@sha256:ab", "h:1/x", "sha256:ab"}}) {
    const auto [name, tag] = splitImage(row.image);
    CHECK(name == row.name);
    CHECK(tag == row.tag);
  }
}

TEST_CASE("credentials go to the registry they are for, the most exact one first") {
  using Registries = std::map<std::string, Config::Docker::Registry>;
  const Registries some{{"ghcr.io", {"a", "1"}},
                        {"https://ghcr.io/team/", {"b", "2"}},
                        {"docker.io", {"c", "3"}},
                        {"reg.example:5000", {"d", "4"}},
                        {"", {"e", "5"}}};
  const auto who = [&](const std::string &image) {
    const auto coded = registryAuth(image, some);
    if (coded.empty()) return std::string("-");
    for (const auto &entry : some)
      if (coded == registryAuth("x.y/z", {{"x.y", entry.second}})) return entry.second.username;
    return std::string("?");
  };
  CHECK(who("ghcr.io/other/x:1") == "a");
  CHECK(who("ghcr.io/team/x:1") == "b");
  CHECK(who("ghcr.io/teamwork/x") == "a");
  CHECK(who("alpine") == "c");
  CHECK(who("library/alpine:3") == "c");
  CHECK(who("reg.example:5000/x") == "d");
  CHECK(who("reg.example/x") == "-");
  CHECK(who("ghcr.io.evil.example/x") == "-");
  CHECK(registryAuth("ghcr.io/x", {{"ghcr.io", {"user", "p?s>"}}}) ==
        "eyJ1c2VybmFtZSI6InVzZXIiLCJwYXNzd29yZCI6InA_c1x1MDAzZSJ9");
  CHECK(registryAuth("ghcr.io/x", {{"ghcr.io", {"u", "p"}}}).size() % 4 == 0);
}

TEST_CASE("an image is here when it has exactly this tag") {
  const std::string answer = R"({"RepoTags":["x/y:1","alpine:latest"],"RepoDigests":["x/y@sha256:ab"]})";
  CHECK(hasTag(answer, "x/y:1"));
  CHECK(hasTag(answer, "alpine"));
  CHECK(hasTag(answer, "x/y@sha256:ab"));
  CHECK_FALSE(hasTag(answer, "x/y"));
  CHECK_FALSE(hasTag(answer, "x/y:2"));
  CHECK_FALSE(hasTag("no json", "x"));
}

TEST_CASE("progress of a pull is told as status and bar") {
  CHECK(pullProgress(R"({"status":"Downloading","progress":"[=>  ] 1MB/2MB","id":"a"})").line ==
        "Downloading [=>  ] 1MB/2MB");
  CHECK(pullProgress(R"({"status":"Pull complete"})").line == "Pull complete ");
  CHECK(pullProgress(R"({"error":"denied","errorDetail":{}})").error == "denied");
  CHECK(pullProgress("rubbish").line.empty());
}

TEST_CASE("the node's network is made as configured") {
  Config::Docker::Network network;
  network.mtu = 1400;
  network.enable_icc = false;
  CHECK(
      networkBody(network, true) ==
      R"({"Name":"pterodactyl_nw","CheckDuplicate":true,"Driver":"bridge","EnableIPv6":true,"Internal":false,"Attachable":false,"Ingress":false,"ConfigOnly":false,"IPAM":{"Config":[{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"},{"Subnet":"fdba:17c8:6c94::/64","Gateway":"fdba:17c8:6c94::1011"}]},"Options":{"encryption":"false","com.docker.network.bridge.default_bridge":"false","com.docker.network.bridge.enable_icc":"false","com.docker.network.bridge.enable_ip_masquerade":"true","com.docker.network.bridge.host_binding_ipv4":"0.0.0.0","com.docker.network.bridge.name":"pterodactyl0","com.docker.network.driver.mtu":"1400"}})");
  network.ipv6 = false;
  network.v4_subnet.clear();
  CHECK(networkBody(network, true).find("\"EnableIPv6\":false") != std::string::npos);
  CHECK(networkBody(network, true).find("\"IPAM\":{\"Config\":[]}") != std::string::npos);
  CHECK(networkBody(network, false).find("\"IPAM\":{\"Driver\":\"default\"}") != std::string::npos);
}

TEST_CASE("what the engine says about the network goes into the configuration") {
  const auto facts = networkFacts(
      R"({"Driver":"bridge","IPAM":{"Config":[{"Subnet":"fd::/64","Gateway":"fd::1"},{"Subnet":"10.1.0.0/16","Gateway":"10.1.0.1"}]}})");
  CHECK(facts.driver == "bridge");
  CHECK(facts.v4_gateway == "10.1.0.1");
  Config config;
  deriveNetwork(config, facts, false);
  CHECK(config.docker.network.interface == "172.18.0.1");
  deriveNetwork(config, facts, true);
  CHECK(config.docker.network.interface == "10.1.0.1");
  CHECK_FALSE(config.docker.network.ispn);
  deriveNetwork(config, {"overlay", ""}, false);
  CHECK((config.docker.network.ispn && config.docker.network.interface.empty() &&
         config.docker.network.driver == "overlay"));
  deriveNetwork(config, {"host", ""}, false);
  CHECK((!config.docker.network.ispn && config.docker.network.interface == "127.0.0.1"));
}

TEST_CASE("the state of a container is read from the engine's answer") {
  const auto state = parseContainerState(
      R"({"Id":"abc","LogPath":"/l","State":{"Status":"exited","Running":false,"OOMKilled":true,"ExitCode":137,"Pid":42,"StartedAt":"2024-03-01T10:20:30.123456789Z"},"Config":{"Tty":true,"StopSignal":"SIGINT"}})");
  CHECK((state.exists && !state.running && state.oom_killed && state.terminal && !state.created));
  CHECK(state.exit_code == 137);
  CHECK(state.pid == 42);
  CHECK(state.stop_signal == "SIGINT");
  CHECK(state.started_at_ms == 1709288430123);
  CHECK_FALSE(parseContainerState("rubbish").exists);
  CHECK(json::moment("0001-01-01T00:00:00Z") == 0);
  CHECK(json::moment("2024-03-01T10:20:30.1+01:00") == 1709284830100);
  CHECK(json::moment("yesterday") == 0);
}

TEST_CASE("signals are names, not text for a query") {
  for (const char *good : {"SIGKILL", "INT", "9", "SIGRTMIN+3"}) CHECK(isSignalName(good));
  for (const char *bad : {"", "sig kill", "KILL&x=1", "SIGKILLSIGKILLSIGKILL"}) CHECK_FALSE(isSignalName(bad));
}

TEST_CASE("an engine's refusal is told in its words") {
  CHECK(engineError("environment/docker: failed to create container", 409, "{\"message\":\"Conflict.\"}\n").text ==
        "environment/docker: failed to create container: Error response from daemon: Conflict.");
  CHECK(engineError("x", 404, "").code == Code::notFound);
  CHECK(engineError("x", 500, "plain\n").text == "x: Error response from daemon: plain");
  CHECK(engineError("x", 500, "").text == "x: Error response from daemon: status 500");
  CHECK(urlEncoded("a b/c?d&e:f~") == "a%20b%2Fc%3Fd%26e%3Af~");
}

TEST_CASE("events of containers are told from others") {
  ContainerEvent event;
  REQUIRE(parseContainerEvent(
      R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{"name":"x","exitCode":"3"}}})", event));
  CHECK((event.action == "die" && event.id == "abc" && event.name == "x"));
  CHECK_FALSE(parseContainerEvent(R"({"Type":"network","Action":"connect","Actor":{"ID":"abc"}})", event));
  CHECK_FALSE(parseContainerEvent("rubbish", event));
}

TEST_CASE("disk use is summed up from the engine's account") {
  CHECK(
      *diskUseFromAnswer(
          R"({"LayersSize":1000,"Images":[{"Containers":1},{"Containers":0},{"Containers":-1}],"Containers":[{"SizeRootFs":5,"SizeRw":1},{"SizeRootFs":7}],"BuildCache":[{"Size":3,"Shared":true},{"Size":4,"Shared":false}]})") ==
      R"({"containers_size":12,"images_total":3,"images_active":1,"images_size":1000,"build_cache_size":4})");
  CHECK(*diskUseFromAnswer(R"({"Images":null})") ==
        R"({"containers_size":0,"images_total":0,"images_active":0,"images_size":0,"build_cache_size":0})");
  CHECK_FALSE(diskUseFromAnswer("rubbish"));
  CHECK(*pruneFromAnswer(R"({"ImagesDeleted":null,"SpaceReclaimed":0})") ==
        R"({"ImagesDeleted":null,"SpaceReclaimed":0})");
  CHECK(*pruneFromAnswer(R"({"ImagesDeleted":[{"Untagged":"a"},{"Deleted":"b"}],"SpaceReclaimed":7})") ==
        R"({"ImagesDeleted":[{"Untagged":"a"},{"Deleted":"b"}],"SpaceReclaimed":7})");
}

TEST_CASE("arguments of run-once are checked") {
  const std::string good =
      R"({"suffix":"_installer","image":"alpine","command":["ash","x"],"output":"install output","mounts":[{"server":true,"target":"/mnt/server"},{"folder":"tmp","path":"abc","target":"/mnt/install"}],"minimum":{"memory":1024,"cpu":100},"log_folder":"log","log_path":"install/x.log"})";
  const auto parsed = parseOnceArgs(good);
  REQUIRE(parsed);
  CHECK(parsed->hostname == "installer");
  CHECK(parsed->mounts.size() == 2);
  CHECK(parsed->mounts[1].path == "abc");
  CHECK((parsed->has_minimum && parsed->minimum.memory == 1024 && parsed->log_append));
  const auto with = [&](const std::string &from, const std::string &to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto answer = parseOnceArgs(text);
    return answer ? Code::ok : answer.error().code;
  };
  CHECK(with("_installer", "") == Code::invalid); // would be the game's own container
  CHECK(with("_installer", "_a/b") == Code::invalid);
  CHECK(with("alpine", "") == Code::invalid);
  CHECK(with("install output", "") == Code::invalid);
  CHECK(with("\"abc\"", "\"../abc\"") == Code::invalid);
  CHECK(with("\"abc\"", "\"a/../../abc\"") == Code::invalid);
  CHECK(with("\"abc\"", "\"/etc\"") == Code::invalid);
  CHECK(with("\"abc\"", "\"\"") == Code::invalid);
  CHECK(with("\"tmp\"", "\"root\"") == Code::invalid);
  CHECK(with("/mnt/server", "mnt") == Code::invalid);
  CHECK(with("install/x.log", "../x.log") == Code::invalid);
  CHECK_FALSE(parseOnceArgs("rubbish"));
}
