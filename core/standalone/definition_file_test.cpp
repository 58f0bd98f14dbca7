#include "standalone/definition_file.hpp"

#include "demo_files.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core;

namespace {

DefinitionFile parse(const std::string &text, const std::string &file = "servers/survival.yml") {
  auto parsed = parseDefinitionFile(text, file, {});
  if (!parsed) FAIL(parsed.error().text);
  return std::move(*parsed);
}

std::string refusal(const std::string &text) {
  const auto parsed = parseDefinitionFile(text, "servers/survival.yml", {});
  return parsed ? "" : parsed.error().text;
}

const std::string least = "image: a\nstartup: b\n";

} // namespace

TEST_CASE("a definition with all keys is read whole") {
  const auto file = parse(R"(
name: Survival
description: friends only
uuid: 3fd3e129-0dc3-4f0e-9a36-68526cabfbcf
image: ghcr.io/pterodactyl/yolks:java_21
startup: java -jar {{SERVER_JARFILE}}
suspended: no
crash_detection: off
environment: {SERVER_JARFILE: server.jar, VERSION: 1.10, EMPTY: , BIG: "5"}
labels: {team: red}
memory: 2G
swap: -1
disk: 10240
cpu: 150
io_weight: 300
threads: "0,2-3"
oom_killer: false
ports: [25565, "127.0.0.1:25575", {ip: "::1", port: 25566}, "[::1]:25567", 25566]
force_outgoing_ip: true
mounts: [{source: /srv/maps, target: /mnt/maps, read_only: true}]
file_denylist: [secret.key]
done: [")! For help", 'regex:^Done']
strip_ansi: true
stop: stop
config_files:
  - file: server.properties
    parser: properties
    replace: [{match: server-port, replace_with: 25565}, {match: motd, replace_with: "5"}]
install:
  image: alpine:3
  entrypoint: ash
  script: |
    #!/bin/ash
    echo hi
)");
  const Settings &settings = file.definition->settings;
  CHECK(settings.id.text() == "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf");
  CHECK(settings.name == "Survival");
  CHECK_FALSE(settings.suspended);
  CHECK_FALSE(settings.crash_detection_enabled);
  CHECK(settings.environment ==
        EnvironmentValues{
            {"SERVER_JARFILE", "\"server.jar\""}, {"VERSION", "\"1.10\""}, {"EMPTY", "\"\""}, {"BIG", "\"5\""}});
  CHECK(settings.labels->at("team") == "red");
  CHECK(settings.build.memory_limit == 2048);
  CHECK(settings.build.swap == -1);
  CHECK(settings.build.disk_space == 10240);
  CHECK(settings.build.cpu_limit == 150);
  CHECK(settings.build.io_weight == 300);
  CHECK(settings.build.threads == "0,2-3");
  CHECK(settings.build.oom_disabled);
  CHECK(settings.default_allocation.ip == "0.0.0.0");
  CHECK(settings.default_allocation.port == 25565);
  CHECK(settings.mappings == std::map<std::string, std::vector<int>>{
                                 {"0.0.0.0", {25565, 25566}}, {"127.0.0.1", {25575}}, {"::1", {25566, 25567}}});
  CHECK(settings.force_outgoing_ip);
  REQUIRE(settings.mounts.size() == 1);
  CHECK(settings.mounts[0].read_only);
  CHECK(settings.file_denylist == std::vector<std::string>{"secret.key"});
  CHECK_FALSE(settings.skip_egg_scripts);
  CHECK(file.definition->process_configuration ==
        R"({"startup":{"done":[")! For help","regex:^Done"],"user_interaction":[],"strip_ansi":true},)"
        R"("stop":{"type":"command","value":"stop"},"configs":[{"file":"server.properties","parser":"properties",)"
        R"("replace":[{"match":"server-port","replace_with":25565},{"match":"motd","replace_with":"5"}]}]})");
  CHECK(file.install.image == "alpine:3");
  CHECK(file.install.entrypoint == "ash");
  CHECK(file.install.script == "#!/bin/ash\necho hi\n");
}

TEST_CASE("an image and a startup command are enough") {
  const auto file = parse(least);
  const Settings &settings = file.definition->settings;
  CHECK(settings.name == "survival");
  CHECK(settings.id == derivedId("survival"));
  CHECK(settings.skip_egg_scripts);
  CHECK(settings.crash_detection_enabled);
  CHECK_FALSE(settings.build.oom_disabled);
  CHECK(settings.mappings.empty());
  CHECK(settings.default_allocation.port == 0);
  CHECK(file.definition->process_configuration ==
        R"({"startup":{"done":["regex:."],"user_interaction":[],"strip_ansi":false},)"
        R"("stop":{"type":"signal","value":"SIGTERM"},"configs":[]})");
  CHECK(file.install.script.empty());
}

TEST_CASE("a UUID that is made from the file's name is stable and shaped as a random one") {
  CHECK(derivedId("demo") == derivedId("demo"));
  CHECK(derivedId("demo") != derivedId("demo2"));
  for (const char *name : {"demo", "a", "b", "c", "d", "e", "f"}) CHECK(derivedId(name).isVersion4());
  CHECK(parse(least, "servers/demo.yml").definition->settings.id == derivedId("demo"));
  CHECK(derivedId("demo").text() == "e9f8ec98-d4ae-455b-aaba-f5caa994b44f");
}

TEST_CASE("ways to stop are understood as the eggs write them and as a mapping") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"stop: say bye", R"("stop":{"type":"command","value":"say bye"})"},
      {"stop: ^C", R"("stop":{"type":"signal","value":"C"})"},
      {"stop: {type: signal, value: SIGINT}", R"("stop":{"type":"signal","value":"SIGINT"})"},
      {"stop: {type: command, value: end}", R"("stop":{"type":"command","value":"end"})"},
      {"stop: {type: stop}", R"("stop":{"type":"stop","value":""})"}};
  for (const auto &[yaml, json] : table)
    CHECK_THAT(parse(least + yaml).definition->process_configuration, Catch::Contains(json));
}

TEST_CASE("an error names file, line, key and what would be right") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"startup: b\n", "servers/survival.yml:1: image: missing"},
      {"image: a\n", "startup: missing"},
      {least + "memroy: 5\n", "servers/survival.yml:3: memroy: unknown key; did you mean \"memory\"?"},
      {least + "zzzzzzzzzzz: 5\n", "unknown key; known are: config_files, cpu, crash_detection"},
      {least + "memory: lots\n", ":3: memory: expected a size in MB (512, 512M, 2G), found \"lots\""},
      {least + "memory: -1\n", "memory: expected a size"},
      {least + "memory: [1]\n", ":3: memory: expected a size in MB (512, 512M, 2G), found a list"},
      {least + "swap: -2\n", "or -1 for no limit"},
      {least + "memory: 99999999999999999G\n", "memory: expected"},
      {least + "cpu: 1.5\n", "cpu: expected percent of one core"},
      {least + "io_weight: 5\n", "io_weight: expected a number from 10 to 1000, found \"5\""},
      {least + "suspended: maybe\n", "suspended: expected true or false, found \"maybe\""},
      {least + "image: c\n", ":3: image: given twice"},
      {least + "uuid: 6ba7b810-9dad-11d1-80b4-00c04fd430c8\n", "uuid: expected a random UUID"},
      {least + "ports: 5\n", "ports: expected a list"},
      {least + "ports:\n  - 1\n  - x\n", ":5: ports: expected a port (25565)"},
      {least + "ports: [70000]\n", "ports: expected a port"},
      {least + "ports: [0]\n", "ports: expected a port"},
      {least + "ports: [5, 5]\n", "5 is given twice"},
      {least + "ports: [{ip: a}]\n", "port is missing"},
      {least + "ports: [{ip: a, prot: 5}]\n", "did you mean \"port\"?"},
      {least + "mounts: [{source: maps, target: /m}]\n", "mounts.source: expected an absolute path"},
      {least + "environment: [a]\n", "environment: expected a mapping"},
      {least + "environment: {A: [1]}\n", "environment.A: expected a text, found a list"},
      {least + "stop: {type: hammer}\n", "stop.type: expected command, signal or stop, found \"hammer\""},
      {least + "stop: {type: command}\n", "stop.value: missing"},
      {least + "stop: {type: signal, value: SIGHUP}\n", "expected SIGINT, SIGTERM, SIGABRT or SIGKILL"},
      {least + "stop: [a]\n", "stop: expected a command"},
      {least + "config_files: {}\n", "config_files: expected a list"},
      {least + "config_files: [{file: a, parser: word}]\n", "config_files.parser: expected file, yaml"},
      {least + "config_files: [{parser: ini}]\n", "config_files.file: missing"},
      {least + "install: {image: a}\n", "install.script: missing"},
      {least + "install: sh\n", "install: expected a mapping"},
      {"- a\n", "a server's definition is a mapping"},
      {"", "a server's definition is a mapping"},
      {"image: [\n", "servers/survival.yml:2: "},
      {"image: \"a\nstartup", "servers/survival.yml:"},
      {"? [a]\n: b\n", "a key must be a text"},
  };
  for (const auto &[text, expected] : table) {
    INFO(text);
    CHECK_THAT(refusal(text), Catch::Contains(expected) && Catch::StartsWith("servers/survival.yml"));
  }
}

TEST_CASE("anchors that multiply do not fill the memory") {
  std::string bomb = least + "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*x" + std::to_string(i - 1);
    bomb += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += before + ", ";
    bomb += "]\n";
  }
  bomb += "config_files: [{file: a, parser: ini, replace: *x11}]\n";
  CHECK_THAT(refusal(bomb), Catch::Contains("too large or too deep"));
}
