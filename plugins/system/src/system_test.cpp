#include "system.hpp"

#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

using namespace pinion;
using pinion::system::diagnosticsPayload;
using pinion::system::System;
using testing::FakeCall;

namespace {

constexpr const char *kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";
constexpr const char *kOther = "0c2e0b2c-66f5-4f0a-8b57-1b6f1a1f2d3e";
const std::string kPath = std::string("/api/servers/") + kServer;
constexpr const char *kPlain = "text/plain; charset=utf-8", *kJson = "application/json; charset=utf-8";

const Json kGeneric = {{"error", "An unexpected error was encountered while processing this request"},
                       {"request_id", "fake-request"}};
const Json kUnreadable = {{"error", "The data passed in the request was not in a parsable format. Please try again."}};

struct Node {
  testing::FakeHost fake{"system"};
  testing::Running<System> plugin{fake, "system"};
  Node() { REQUIRE(plugin.start()); }
  ~Node() { CHECK(fake.misuse().empty()); }

  // What is asked at the address, answered with `answer` or failing with `code`.
  std::vector<FakeCall> &offer(const char *address, const std::string &answer, pinion_status code = PINION_OK) {
    fake.offer(address, [this, answer, code](FakeCall call) {
      asked.push_back(call);
      if (code == PINION_OK)
        call.ok(answer);
      else
        call.fail(code, answer);
    });
    return asked;
  }
  std::vector<FakeCall> asked;
};

} // namespace

TEST_CASE("the node describes itself in the old shape unless asked for version 2") {
  const auto [query, version] = GENERATE(table<std::string, int>(
      {{"", 1}, {"?v=1", 1}, {"?v=", 1}, {"?v=3", 1}, {"?v=02", 1}, {"?v=abc", 1}, {"?v=2", 2}}));
  Node node;
  const auto &asked = node.offer("core/system", R"({"os":"linux"})");
  const auto answer = node.fake.request("GET", "/api/system" + query);
  CHECK(answer->status == 200);
  CHECK(answer->body == R"({"os":"linux"})");
  CHECK(answer->headers["Content-Type"] == kJson);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].json() == Json{{"version", version}});
}

TEST_CASE("what the core answers is passed on") {
  const auto [method, path, address, payload] = GENERATE(table<std::string, std::string, const char *, std::string>(
      {{"GET", "/api/system/docker/disk", "core/system-docker", R"({"what":"disk"})"},
       {"DELETE", "/api/system/docker/image/prune", "core/system-docker", R"({"what":"image-prune"})"},
       {"GET", "/api/system/ips", "core/system-ips", "{}"},
       {"GET", "/api/system/utilization", "core/system-utilization", "{}"}}));
  Node node;
  const auto &asked = node.offer(address, R"({"x":1})");
  const auto answer = node.fake.request(method, path);
  CHECK(answer->status == 200);
  CHECK(answer->body == R"({"x":1})");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].payload == payload);
}

TEST_CASE("a failure is told without detail and logged with it") {
  Node node;
  node.offer("core/system", "the engine is away: \xff", PINION_E_IO);
  const auto answer = node.fake.request("GET", "/api/system");
  CHECK(answer->status == 500);
  CHECK(answer->json() == kGeneric);
  CHECK(answer->headers["Content-Type"] == kJson);
  REQUIRE(node.fake.logs.size() == 1);
  CHECK(node.fake.logs[0].fields["error"] == "the engine is away: \xef\xbf\xbd");
  CHECK(node.fake.logs[0].fields["request_id"] == "fake-request");
}

TEST_CASE("a core that does not answer in time is told of as such") {
  Node node;
  std::vector<FakeCall> pending;
  node.fake.offer("core/system", [&](FakeCall call) { pending.push_back(call); });
  const auto answer = node.fake.request("GET", "/api/system");
  CHECK_FALSE(answer->done);
  node.fake.advance(14'000);
  CHECK(answer->status == 500);
  CHECK(answer->json()["error"] == "The server could not process this request in time, please try again.");
}

TEST_CASE("diagnostics are plain text") {
  Node node;
  const auto &asked = node.offer("core/diagnostics", "a report");
  const auto answer = node.fake.request("GET", "/api/diagnostics?include_endpoints=TRUE&log_lines=7");
  CHECK(answer->status == 200);
  CHECK(answer->body == "a report");
  CHECK(answer->headers["Content-Type"] == kPlain);
  CHECK(asked.at(0).json() == Json{{"include_endpoints", true}, {"include_logs", true}, {"log_lines", 7}});
}

TEST_CASE("what is asked of diagnostics is read as leniently as ever") {
  const auto lines = [](std::string_view text) { return Json::parse(diagnosticsPayload("", "", text))["log_lines"]; };
  CHECK(lines("") == 200);
  CHECK(lines("0") == 200);
  CHECK(lines("-5") == 200);
  CHECK(lines("x") == 200);
  CHECK(lines("5x") == 200);
  CHECK(lines("500") == 500);
  CHECK(lines("501") == 500);
  CHECK(lines("99999999999999999999") == 500);
  CHECK(lines("-99999999999999999999") == 200);
  const auto logs = [](std::string_view text) { return Json::parse(diagnosticsPayload("", text, ""))["include_logs"]; };
  CHECK(logs("FALSE") == false);
  CHECK(logs("true") == true);
  CHECK(logs("0") == true);
  CHECK(Json::parse(diagnosticsPayload("1", "", ""))["include_endpoints"] == false);
}

// -- update -----------------------------------------------------------------------------------------------------

TEST_CASE("a configuration is handed to the core") {
  Node node;
  const auto &asked = node.offer("core/config-update", R"({"applied":true})");
  const auto answer = node.fake.request("POST", "/api/update", R"( {"api":{"upload_limit":7}} x)");
  CHECK(answer->status == 200);
  CHECK(answer->body == R"({"applied":true})");
  CHECK(asked.at(0).payload == R"({"api":{"upload_limit":7}})");
}

TEST_CASE("a node that ignores the Panel's configuration does not look at the body") {
  Node node;
  node.fake.node = {{"ignore_panel_config_updates", true}};
  for (const auto *body : {R"({"api":{}})", "not json", ""}) {
    const auto answer = node.fake.request("POST", "/api/update", body);
    CHECK(answer->status == 200);
    CHECK(answer->body == R"({"applied":false})");
  }
}

TEST_CASE("a configuration that cannot be read or used is a bad request") {
  Node node;
  const auto &asked = node.offer("core/config-update", "\"api.port\" is a number", PINION_E_INVALID);
  const auto empty = node.fake.request("POST", "/api/update", "");
  CHECK(empty->status == 400);
  CHECK(empty->json() == kUnreadable);
  CHECK(empty->headers["Content-Type"] == kPlain);
  for (const auto *body : {"{", "[1]", R"({"api":{"port":"many"}})"}) {
    const auto answer = node.fake.request("POST", "/api/update", body);
    CHECK(answer->status == 400);
    CHECK(answer->json() == kGeneric);
    CHECK(answer->headers["Content-Type"] == kPlain);
  }
  CHECK(asked.size() == 1);
}

TEST_CASE("a configuration that cannot be written is a failure") {
  Node node;
  node.offer("core/config-update", "config.yml: is a directory", PINION_E_IO);
  CHECK(node.fake.request("POST", "/api/update", "{}")->status == 500);
}

// -- deauthorize ------------------------------------------------------------------------------------------------

TEST_CASE("a user is denied on the servers that are named") {
  Node node;
  const auto answer = node.fake.request("POST", "/api/deauthorize-user", R"({"user":"u","servers":["a","b"]})");
  CHECK(answer->status == 204);
  CHECK(answer->body.empty());
  REQUIRE(node.fake.denied().size() == 1);
  CHECK(node.fake.denied()[0] == Json{{"user", "u"}, {"servers", {"a", "b"}}});
}

TEST_CASE("a user is denied everywhere when no server is named") {
  Node node;
  for (const auto *body : {R"({"user":"u"})", R"({"user":"u","servers":[]})", R"({"USER":"u","servers":null})"})
    CHECK(node.fake.request("POST", "/api/deauthorize-user", body)->status == 204);
  for (const auto &one : node.fake.denied()) CHECK(one == Json{{"user", "u"}, {"servers", Json::array()}});
  CHECK(node.fake.denied().size() == 3);
}

TEST_CASE("nobody is denied by a broken body") {
  Node node;
  CHECK(node.fake.request("POST", "/api/deauthorize-user", "")->json() == kUnreadable);
  for (const auto *body : {"{", R"({"user":5})", R"({"user":"u","servers":"a"})", R"({"user":"u","servers":[5]})"})
    CHECK(node.fake.request("POST", "/api/deauthorize-user", body)->json() == kGeneric);
  CHECK(node.fake.denied().empty());
}

// -- servers ----------------------------------------------------------------------------------------------------

TEST_CASE("a server is shown in the protocol's order") {
  Node node;
  node.fake.addServer(kServer, {{"state", "running"},
                                {"suspended", true},
                                {"utilization", {{"uptime", 5}, {"state", "running"}}},
                                {"configuration", {{"uuid", kServer}}}});
  const auto answer = node.fake.request("GET", kPath);
  CHECK(answer->status == 200);
  CHECK(answer->headers["Content-Type"] == kJson);
  CHECK(answer->body == R"({"state":"running","is_suspended":true,"utilization":{"uptime":5,"state":"running"},)"
                        R"("configuration":{"uuid":")" +
                            std::string(kServer) + "\"}}");
}

TEST_CASE("all servers are listed as each is shown alone") {
  Node node;
  CHECK(node.fake.request("GET", "/api/servers")->body == "[]");
  for (const auto *server : {kServer, kOther}) node.fake.addServer(server, {{"configuration", {{"uuid", server}}}});
  const auto list = node.fake.request("GET", "/api/servers");
  CHECK(list->status == 200);
  CHECK(list->body == "[" + node.fake.request("GET", std::string("/api/servers/") + kOther)->body + "," +
                          node.fake.request("GET", kPath)->body + "]");
}

TEST_CASE("a server that goes while the list is made is left out") {
  Node node;
  node.fake.addServer(kServer);
  node.fake.server(kServer).erase("configuration"); // as good as gone
  node.fake.addServer(kOther);
  const auto list = node.fake.request("GET", "/api/servers")->json();
  REQUIRE(list.is_array());
  CHECK(list.size() == 1);
}

TEST_CASE("a list that cannot be made is a failure") {
  Node node;
  node.fake.failNext("tasks.run", PINION_E_BUSY);
  CHECK(node.fake.request("GET", "/api/servers")->status == 500);
}

TEST_CASE("a server is created by the core") {
  Node node;
  const auto &asked = node.offer("core/server-create", "{}");
  const auto answer = node.fake.request("POST", "/api/servers",
                                        std::string(R"({"uuid":")") + kServer + R"(","start_on_completion":true})");
  CHECK(answer->status == 202);
  CHECK(answer->body.empty());
  CHECK(answer->headers.empty());
  CHECK(asked.at(0).json() == Json{{"uuid", kServer}, {"start_on_completion", true}});
}

TEST_CASE("a server is only created from what is right") {
  Node node;
  node.offer("core/server-create", "{}");
  const auto create = [&](const std::string &body) { return node.fake.request("POST", "/api/servers", body); };
  CHECK(create("")->json() == kUnreadable);
  for (const auto *body : {"{", "[1]", R"({"uuid":1})", R"({"uuid":"x","start_on_completion":"yes"})"}) {
    CHECK(create(body)->status == 400);
    CHECK(create(body)->json() == kGeneric);
  }
  for (const auto *body : {"{}", R"({"uuid":""})", R"({"uuid":"X","start_on_completion":false})"}) {
    CHECK(create(body)->status == 422);
    CHECK(create(body)->body == R"({"error":"The data provided in the request could not be validated."})");
  }
  CHECK(node.asked.empty());
}

TEST_CASE("a server that the Panel does not know is a failure") {
  Node node;
  node.offer("core/server-create", "not found", PINION_E_NOT_FOUND);
  const auto answer = node.fake.request("POST", "/api/servers", std::string(R"({"uuid":")") + kServer + "\"}");
  CHECK(answer->status == 500);
  CHECK(answer->json() == kGeneric);
}

TEST_CASE("a server is deleted by the core") {
  Node node;
  node.fake.addServer(kServer);
  const auto &asked = node.offer("core/server-delete", "{}");
  const auto answer = node.fake.request("DELETE", kPath);
  CHECK(answer->status == 204);
  CHECK(answer->body.empty());
  CHECK(asked.at(0).json() == Json{{"uuid", kServer}});
}

TEST_CASE("a server that cannot be deleted stays, one that went meanwhile is not found") {
  Node node;
  node.fake.addServer(kServer);
  SECTION("the container is stuck") {
    node.offer("core/server-delete", "stuck", PINION_E_IO);
    CHECK(node.fake.request("DELETE", kPath)->status == 500);
  }
  SECTION("another request was faster") {
    node.fake.offer("core/server-delete", [&](FakeCall call) {
      node.fake.removeServer(kServer);
      call.fail(PINION_E_NOT_FOUND, "there is no such server");
    });
    const auto answer = node.fake.request("DELETE", kPath);
    CHECK(answer->status == 404);
    CHECK(answer->body == R"({"error":"The requested resource does not exist on this instance."})");
  }
}

TEST_CASE("a server is synced by the core, and any failure of it is one") {
  Node node;
  node.fake.addServer(kServer);
  SECTION("well") {
    const auto &asked = node.offer("core/server-sync", R"({"suspended":false})");
    const auto answer = node.fake.request("POST", kPath + "/sync");
    CHECK(answer->status == 204);
    CHECK(answer->body.empty());
    CHECK(asked.at(0).json() == Json{{"uuid", kServer}});
  }
  SECTION("unknown to the Panel") {
    node.offer("core/server-sync", "server does not exist on remote system", PINION_E_NOT_FOUND);
    const auto answer = node.fake.request("POST", kPath + "/sync");
    CHECK(answer->status == 500);
    CHECK(answer->json() == kGeneric);
  }
}

TEST_CASE("a slow core keeps no other request waiting") {
  Node node;
  node.fake.addServer(kServer);
  std::vector<FakeCall> pending;
  node.fake.offer("core/server-sync", [&](FakeCall call) { pending.push_back(call); });
  const auto slow = node.fake.request("POST", kPath + "/sync");
  CHECK(node.fake.request("GET", kPath)->status == 200);
  CHECK_FALSE(slow->done);
  REQUIRE(pending.size() == 1);
  pending[0].ok();
  node.fake.pump();
  CHECK(slow->status == 204);
}
