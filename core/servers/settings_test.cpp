#include "servers/settings.hpp"

#include "servers/json_cursor.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core;

namespace {

const std::string uuid = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

std::string wrap(const std::string &members, const std::string &process = "{}") {
  return R"({"settings":{"uuid":")" + uuid + "\"" + (members.empty() ? "" : ",") + members +
         R"(},"process_configuration":)" + process + "}";
}

DefinitionPtr parse(const std::string &document, SettingsDefaults defaults = {}) {
  auto parsed = parseDefinition(document, defaults);
  if (!parsed) FAIL(parsed.error().text);
  return *parsed;
}

std::string refusal(const std::string &document) {
  const auto parsed = parseDefinition(document, {});
  if (parsed) return "";
  CHECK(parsed.error().code == Code::invalid);
  return parsed.error().text;
}

const char *const full = R"({
 "uuid": "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf",
 "settings": {
  "uuid": "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf",
  "meta": {"name": "Survival", "description": "friends <only>"},
  "suspended": false,
  "environment": {"Z": "a\/b", "P_SERVER_ALLOCATION_LIMIT": 5, "F": 1.50, "N": null, "B": true, "O": {"b": 1, "a": [ ]}},
  "invocation": "java -jar {{SERVER_JARFILE}}",
  "skip_egg_scripts": false,
  "build": {"memory_limit": 4096, "swap": -1, "io_weight": 500, "cpu_limit": 200,
            "threads": null, "disk_space": 10240, "oom_disabled": true},
  "container": {"image": "ghcr.io/pterodactyl/yolks:java_21", "oom_disabled": true, "requires_rebuild": false},
  "allocations": {"force_outgoing_ip": false, "default": {"ip": "203.0.113.7", "port": 25565},
                  "mappings": {"203.0.113.7": [25565, 25566], "127.0.0.1": [25575]}},
  "mounts": [{"source": "/srv/maps", "target": "/mnt/maps", "read_only": true}],
  "egg": {"id": "d3aac109-e5e0-4331-b03e-3454f7e02bbe", "file_denylist": ["secret.key", "*.pem"], "features": 5},
  "future": {"a": [1, {"b": null}]}
 },
 "process_configuration": {
  "startup": {"done": [")! For help, type "], "user_interaction": [], "strip_ansi": false},
  "stop": {"type": "command", "value": "stop"},
  "configs": [{"parser": "properties", "file": "server.properties", "replace": [{"match": "a", "replace_with": 25565}]}]
 }
})";

} // namespace

TEST_CASE("a definition as the Panel sends it is read whole") {
  const auto definition = parse(full);
  const Settings &settings = definition->settings;
  CHECK(settings.id.text() == uuid);
  CHECK(settings.name == "Survival");
  CHECK(settings.environment.at("Z") == "\"a/b\"");
  CHECK(settings.environment.at("P_SERVER_ALLOCATION_LIMIT") == "5");
  CHECK(settings.environment.at("F") == "1.50");
  CHECK(settings.environment.at("N") == "null");
  CHECK(settings.environment.at("O") == R"({"b":1,"a":[]})");
  CHECK(settings.build.swap == -1);
  CHECK(settings.build.threads.empty());
  CHECK(settings.build.oom_disabled);
  CHECK(settings.image == "ghcr.io/pterodactyl/yolks:java_21");
  CHECK(settings.default_allocation.port == 25565);
  CHECK(settings.mappings.at("203.0.113.7") == std::vector<int>{25565, 25566});
  REQUIRE(settings.mounts.size() == 1);
  CHECK(settings.mounts[0].read_only);
  CHECK(settings.file_denylist == std::vector<std::string>{"secret.key", "*.pem"});
  CHECK_FALSE(settings.labels);
}

TEST_CASE("the configuration is echoed in the order and forms of the contract") {
  CHECK(
      parse(full)->settings.toJson() ==
      R"({"uuid":"3fd3e129-0dc3-4f0e-9a36-68526cabfbcf","meta":{"name":"Survival","description":"friends \u003conly\u003e"},)"
      R"("suspended":false,"invocation":"java -jar {{SERVER_JARFILE}}","skip_egg_scripts":false,)"
      R"("environment":{"B":true,"F":1.50,"N":null,"O":{"b":1,"a":[]},"P_SERVER_ALLOCATION_LIMIT":5,"Z":"a/b"},)"
      R"("labels":null,"allocations":{"force_outgoing_ip":false,"default":{"ip":"203.0.113.7","port":25565},)"
      R"("mappings":{"127.0.0.1":[25575],"203.0.113.7":[25565,25566]}},)"
      R"("build":{"memory_limit":4096,"swap":-1,"io_weight":500,"cpu_limit":200,"disk_space":10240,"threads":"",)"
      R"("oom_disabled":true},"crash_detection_enabled":true,)"
      R"("mounts":[{"target":"/mnt/maps","source":"/srv/maps","read_only":true}],)"
      R"("egg":{"id":"d3aac109-e5e0-4331-b03e-3454f7e02bbe","file_denylist":["secret.key","*.pem"]},)"
      R"("container":{"image":"ghcr.io/pterodactyl/yolks:java_21"}})");
}

TEST_CASE("what the document lacks is echoed as null and empty") {
  const std::string json = parse(wrap(""))->settings.toJson();
  CHECK(json.find(R"("environment":null,"labels":null,)") != std::string::npos);
  CHECK(json.find(R"("mappings":null})") != std::string::npos);
  CHECK(json.find(R"("mounts":null,"egg":{"id":"","file_denylist":null},"container":{}})") != std::string::npos);
  const std::string empty =
      parse(wrap(R"("mounts":[],"egg":{"file_denylist":[]},"environment":{})"))->settings.toJson();
  CHECK(empty.find(R"("environment":{},)") != std::string::npos);
  CHECK(empty.find(R"("mounts":[],"egg":{"id":"","file_denylist":[]})") != std::string::npos);
}

TEST_CASE("an empty list stands for an empty map and a full one does not") {
  const auto definition =
      parse(wrap(R"("environment":[],"labels":[],"meta":[],"container":[],"allocations":{"mappings":[],"default":[]})",
                 R"({"startup":[],"stop":[]})"));
  CHECK(definition->settings.environment.empty());
  REQUIRE(definition->settings.labels);
  CHECK(definition->settings.toJson().find(R"("labels":{},)") != std::string::npos);
  CHECK(refusal(wrap(R"("environment":["x"])")).find("settings.environment: expected an object") != std::string::npos);
}

TEST_CASE("a value of the wrong type refuses the definition and names its key") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {wrap(R"("build":"text")"), "settings.build: expected an object, found a string"},
      {wrap(R"("suspended":"perhaps")"), "settings.suspended: expected true or false, found a string"},
      {wrap(R"("allocations":{"default":"x"})"), "settings.allocations.default"},
      {wrap(R"("allocations":{"mappings":{"1.2.3.4":[1,"2"]}})"), "settings.allocations.mappings.1.2.3.4[1]"},
      {wrap(R"("build":{"io_weight":65536})"), "settings.build.io_weight: expected a whole number from 0 to 65535"},
      {wrap(R"("build":{"io_weight":-1})"), "settings.build.io_weight"},
      {wrap(R"("build":{"memory_limit":1.5})"), "settings.build.memory_limit: expected a whole number, found 1.5"},
      {wrap(R"("build":{"memory_limit":"1"})"), "settings.build.memory_limit"},
      {wrap(R"("build":{"memory_limit":9223372036854775808})"), "settings.build.memory_limit"},
      {wrap(R"("labels":{"a":5})"), "settings.labels.a: expected a string, found a number"},
      {wrap(R"("mounts":{})"), "settings.mounts: expected a list, found an object"},
      {wrap(R"("egg":{"file_denylist":[5]})"), "settings.egg.file_denylist[0]"},
      {wrap(R"("environment":5)"), "settings.environment"},
      {R"({"settings":{"uuid":5}})", "settings.uuid: expected a string"},
      {R"({"settings":{"uuid":"X"}})", "expected a server's UUID"},
      {R"({"settings":{}})", "expected a server's UUID"},
      {R"({"settings":null})", "settings: missing"},
      {R"({})", "settings: missing"},
      {"null", "expected an object"},
      {"", "this is no JSON"},
      {"[1]", "expected an object, found a list"},
      {wrap("", R"({"startup":{"done":"x"}})"), "process_configuration: startup.done: expected a list"},
      {wrap("", R"({"stop":{"type":5}})"), "process_configuration: stop.type"},
      {wrap("", R"({"configs":{}})"), "process_configuration: configs: expected a list"},
      {wrap("", R"({"configs":[{"file":"a"}]})"), "configs[0]: \"parser\" is missing"},
      {wrap("", R"("x")"), "process_configuration: expected an object"},
      {wrap("") + "x", "more text after its end"},
  };
  for (const auto &[document, expected] : table) {
    INFO(document);
    CHECK_THAT(refusal(document), Catch::Contains(expected));
  }
}

TEST_CASE("broken JSON is refused wherever it breaks") {
  const std::string good = full;
  for (std::size_t length = 0; length < good.size() - 1; ++length)
    if (parseDefinition(good.substr(0, length), {})) FAIL("accepted the first " << length << " bytes");
  for (const char *text : {"{,}", "{\"a\":1,}", "[1,]", "[1 2]", "{\"a\" 1}", "{a:1}", "01", "-", "1.", "1e", "tru",
                           "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\\u12\"", "+1", ".5", "nulL", "{\"a\":}"}) {
    INFO(text);
    JsonCursor json(text);
    json.skip();
    json.finish();
    CHECK(json.failed());
  }
  std::string deep(600, '[');
  JsonCursor json(deep);
  json.skip();
  CHECK_THAT(json.error(), Catch::Contains("nested too deeply"));
}

TEST_CASE("null leaves defaults, keys match in any case, the last of two wins") {
  SettingsDefaults defaults;
  defaults.crash_detection_enabled = false;
  CHECK_FALSE(parse(wrap(""), defaults)->settings.crash_detection_enabled);
  CHECK_FALSE(parse(wrap(R"("crash_detection_enabled":null)"), defaults)->settings.crash_detection_enabled);
  CHECK(parse(wrap(R"("crash_detection_enabled":true)"), defaults)->settings.crash_detection_enabled);
  const auto definition = parse(wrap(R"("SUSPENDED":true,"Build":{"Memory_Limit":7,"threads":null,"swap":null},)"
                                     R"("invocation":"a","invocation":"b")"));
  CHECK(definition->settings.suspended);
  CHECK(definition->settings.build.memory_limit == 7);
  CHECK(definition->settings.invocation == "b");
  CHECK(parse(wrap(R"("egg":{"file_denylist":["a",null]})"))->settings.file_denylist ==
        std::vector<std::string>{"a", ""});
}

TEST_CASE("the out-of-memory switch is understood from Panels of both generations") {
  CHECK(parse(wrap(R"("build":{"oom_disabled":true})"))->settings.build.oom_disabled);
  CHECK_FALSE(parse(wrap(R"("build":{"oom_killer":true})"))->settings.build.oom_disabled);
  CHECK(parse(wrap(R"("build":{"oom_killer":false})"))->settings.build.oom_disabled);
  CHECK(parse(wrap(R"("build":{"oom_killer":true,"oom_disabled":true})"))->settings.build.oom_disabled);
  CHECK_FALSE(parse(wrap(R"("build":{})"))->settings.build.oom_disabled);
}

TEST_CASE("the process configuration is kept as compact JSON text") {
  CHECK(
      parse(full)->process_configuration ==
      R"({"startup":{"done":[")! For help, type "],"user_interaction":[],"strip_ansi":false},"stop":{"type":"command",)"
      R"("value":"stop"},"configs":[{"parser":"properties","file":"server.properties","replace":[{"match":"a",)"
      R"("replace_with":25565}]}]})");
  CHECK(parse(wrap("", "null"))->process_configuration == "{}");
  CHECK(parse(R"({"settings":{"uuid":")" + uuid + "\"}}")->process_configuration == "{}");
  CHECK_FALSE(parse(wrap("", R"({"configs":[{"file":"a","parser":"ini","replace":"broken"}]})"))
                  ->process_configuration.empty());
}

TEST_CASE("escapes in strings are decoded as Go decodes them") {
  const auto definition = parse(wrap(R"("invocation":"\u00e9\ud83d\ude00\ud800x\n\u0000")"));
  CHECK(definition->settings.invocation == std::string("\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx\n\0", 12));
}
