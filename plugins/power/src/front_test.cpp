#include "node_test.hpp"

using namespace power;
using namespace power::testing;

using Texts = std::vector<std::string>;

namespace {
const std::string path = "/api/servers/" + server;
}

TEST_CASE("the power route answers as the contract says") {
  Node node;
  const auto post = [&](const std::string &body) { return node.fake.request("POST", path + "/power", body); };
  SECTION("unknown action") {
    const auto answer = post(R"({"action":"pause"})");
    CHECK(answer->status == 422);
    CHECK(
        answer->json() ==
        Json::parse(
            R"({"error":"The power action provided was not valid, should be one of \"stop\", \"start\", \"restart\", \"kill\""})"));
  }
  SECTION("empty body") {
    const auto answer = post("");
    CHECK(answer->status == 400);
    CHECK(answer->headers["Content-Type"] == "text/plain; charset=utf-8");
    CHECK(answer->json()["error"] == "The data passed in the request was not in a parsable format. Please try again.");
    CHECK_FALSE(answer->json().contains("request_id"));
  }
  SECTION("members of another type") {
    for (const char *body : {R"({"action":5})", R"({"action":"start","wait_seconds":"1"})", R"({"wait_seconds":1.5})"})
      CHECK(post(body)->status == 400);
    CHECK(post(R"({"ACTION":"fly","wait_seconds":null} trailing)")->status == 422);
    CHECK(post("null")->status == 422);
  }
  SECTION("other body") {
    const auto answer = post("[]");
    CHECK(answer->status == 400);
    CHECK(answer->headers["Content-Type"] == "text/plain; charset=utf-8");
    CHECK(answer->json()["error"] == "An unexpected error was encountered while processing this request");
    CHECK(answer->json().contains("request_id"));
  }
  SECTION("suspended") {
    node.fake.server(server)["suspended"] = true;
    for (const char *action : {"start", "restart"}) {
      const auto answer = post(std::string("{\"action\":\"") + action + "\"}");
      CHECK(answer->status == 400);
      CHECK(answer->body == R"({"error":"Cannot start or restart a server that is suspended."})");
    }
    CHECK(post(R"({"action":"kill"})")->status == 202);
  }
  SECTION("start") {
    const auto answer = post(R"({"action":"start"})");
    CHECK(answer->status == 202);
    CHECK(answer->body.empty());
    CHECK(node.state() == "starting");
  }
  SECTION("a failure in the background is logged once, at error level") {
    node.create_error = "broken";
    CHECK(post(R"({"action":"start"})")->status == 202);
    CHECK(node.errors() == 1);
  }
  SECTION("a start of a running server is no error") {
    node.run();
    CHECK(post(R"({"action":"start"})")->status == 202);
    CHECK(node.errors() == 0);
  }
}

TEST_CASE("commands go to the console of a running server only") {
  Node node;
  const auto post = [&](const std::string &body) { return node.fake.request("POST", path + "/commands", body); };
  for (const char *body : {R"({"commands":["say hi"]})", "", "{", "[]"}) {
    const auto answer = post(body);
    CHECK(answer->status == 502);
    CHECK(answer->body == R"({"error":"Cannot send commands to a stopped server instance."})");
  }
  CHECK(node.fake.call("power/command", server, R"({"commands":["x"]})")->status == PINION_E_NOT_FOUND);
  node.run();
  CHECK(post(R"({"commands":["first","second <&>"]})")->status == 204);
  CHECK(node.fake.console(server) == "first\nsecond <&>\n");
  CHECK(post("")->status == 400);
  CHECK(node.fake.call("power/command", server, R"({"commands":["third"]})")->text == R"({"sent":1})");
  CHECK(node.fake.call("power/command", server, R"({"commands":5})")->status == PINION_E_INVALID);
  node.fake.detachConsole(server);
  CHECK(node.fake.call("power/command", server, R"({"commands":["x"]})")->text ==
        "environment/docker: cannot send command to container: not attached to instance");
}

TEST_CASE("the stop command typed by somebody is no crash") {
  Node node;
  node.run();
  CHECK(node.fake.request("POST", path + "/commands", R"({"commands":["stop"]})")->status == 204);
  CHECK(node.state() == "stopping");
  node.crash(0);
  CHECK(node.state() == "offline");
  CHECK(node.said().empty());
}

TEST_CASE("the log route gives the engine's lines") {
  Node node;
  const auto get = [&](const std::string &query) { return node.fake.request("GET", path + "/logs" + query); };
  CHECK(get("?size=5")->body == R"({"data":["last","words"]})");
  CHECK(node.fake.act("logs").json()["tail"] == 5);
  CHECK(get("?size=500")->status == 200);
  CHECK(node.fake.act("logs").json()["tail"] == 100);
  node.fake.onAct("logs", [](const FakeAsked &asked) { asked.ok("[]"); });
  CHECK(get("")->body == R"({"data":null})");
  node.fake.onAct("logs", [](const FakeAsked &asked) { asked.fail(PINION_E_NOT_FOUND, "no such container"); });
  const auto answer = get("");
  CHECK(answer->status == 500);
  CHECK(answer->json()["error"] == "An unexpected error was encountered while processing this request");
  CHECK(node.fake.call("power/logs", server, R"({"size":3})")->status == PINION_E_NOT_FOUND);
}

TEST_CASE("too many lines are dropped with one note, and a new run counts anew") {
  Node node; // three lines a minute
  node.run();
  for (int i = 0; i < 5; ++i) node.line("line " + std::to_string(i));
  CHECK(node.printed() == Texts{"line 0", "line 1"}); // READY was the first one
  CHECK(node.said() == Texts{"Server is outputting console data too quickly -- throttling..."});
  node.act("kill");
  node.act("start");
  node.forget();
  node.line("READY");
  CHECK(node.state() == "running");
  CHECK(node.printed() == Texts{"READY"});
}

TEST_CASE("a line is passed on as it is") {
  Node node;
  node.run();
  node.line(std::string("\x1b[1m\xff [red] <b>\r\n\0x", 19));
  CHECK(node.printed() == Texts{std::string("\x1b[1m\xff [red] <b>\r\n\0x", 19)});
}
