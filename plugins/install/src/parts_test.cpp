// The parts that need no host.
#include "environment.hpp"
#include "install_log.hpp"
#include "script.hpp"

#include <catch2/catch.hpp>

using namespace install;
using pinion::Json;

TEST_CASE("the head of the log has the contract's form, with values escaped") {
  const std::string head = logHead({"uuid-1", "alpine:3", "ash <x>", {"TZ=UTC", "QUOTE=a\"b+c&'d'"}});
  CHECK(head == "Pterodactyl Server Installation Log\n"
                "\n"
                "|\n"
                "| Details\n"
                "| ------------------------------\n"
                "  Server UUID:          uuid-1\n"
                "  Container Image:      alpine:3\n"
                "  Container Entrypoint: ash &lt;x&gt;\n"
                "\n"
                "|\n"
                "| Environment Variables\n"
                "| ------------------------------\n"
                "  TZ=UTC\n"
                "  QUOTE=a&#34;b&#43;c&amp;&#39;d&#39;\n"
                "\n"
                "\n"
                "|\n"
                "| Script Output\n"
                "| ------------------------------\n");
  CHECK(scriptOutput(head + "out <b>\n") == "out <b>\n");
  CHECK(scriptOutput("no head") == "no head");
}

TEST_CASE("the variables begin with what the daemon says, and none comes twice") {
  const auto list = environmentList(Json::parse(R"({"invocation":"java -jar {{X}}",
    "build":{"memory_limit":512},"allocations":{"default":{"ip":"127.0.0.1","port":25565}},
    "environment":{"startup":"mine","version":"1.2","VERSION":"2","COUNT":5,"HALF":0.5,"YES":true,"NONE":null,
                   "LIST":[1]}})"),
                                    "Europe/Berlin");
  CHECK(list == std::vector<std::string>{"TZ=Europe/Berlin", "STARTUP=java -jar {{X}}", "SERVER_MEMORY=512",
                                         "SERVER_IP=127.0.0.1", "SERVER_PORT=25565", "VERSION=1.2", "COUNT=5",
                                         "HALF=0.5", "YES=true", "NONE=", "LIST="});
  CHECK(environmentList(Json(), "UTC").size() == 5);
}

TEST_CASE("the script's line ends become the ones of the container") {
  const auto script = readScript(R"({"container_image":"alpine","entrypoint":"ash","script":"a\r\nb\rc\r\n\n\r"})");
  REQUIRE(script);
  CHECK((*script).text == "a\nb\rc\n\n\r");
  CHECK((*script).image == "alpine");
  CHECK((*script).entrypoint == "ash");
}

TEST_CASE("a script that is null is an empty one") {
  const auto script = readScript(R"({"container_image":"alpine","entrypoint":"ash","script":null})");
  REQUIRE(script);
  CHECK((*script).text.empty());
}

TEST_CASE("an answer that is no script is refused with what is wrong") {
  for (const char *answer : {"", "[]", "nonsense", R"({"container_image":5})", R"({"entrypoint":"ash"})",
                             R"({"container_image":"a","script":["x"]})"}) {
    const auto script = readScript(answer);
    INFO(answer);
    REQUIRE_FALSE(script);
    CHECK(script.error().text.starts_with("the Panel's installation script"));
  }
}

TEST_CASE("steps are those of the phase, by order and address") {
  const Json offers = Json::parse(R"([{"address":"install-step/b","about":{"phase":"before-script"}},
    {"address":"install-step/a","about":{"phase":"before-script","on-failure":"continue"}},
    {"address":"install-step/z","about":{"phase":"before-script","order":1}},
    {"address":"install-step/late","about":{"phase":"after-script"}}, {"address":"install-step/none"}])");
  const auto steps = orderedSteps(offers, "before-script");
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].address == "install-step/z");
  CHECK(steps[1].address == "install-step/a");
  CHECK_FALSE(steps[1].abort_on_failure);
  CHECK(steps[2].address == "install-step/b");
  CHECK(steps[2].abort_on_failure);
  CHECK(orderedSteps(offers, "after-script").size() == 1);
  CHECK(orderedSteps(Json(), "after-script").empty());
}
