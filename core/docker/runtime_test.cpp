// The runtime against a real engine: containers of random names, removed at the end. Skipped, saying so, where no
// engine answers or the tiny image of the conformance suite is missing.
#include "docker/json.hpp"
#include "docker/runtime_for_tests.hpp"

using namespace pinion::core;
using namespace pinion::core::testing;
using namespace std::chrono_literals;

TEST_CASE("a server is created, attached, started, spoken to and stopped", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  CHECK(node.config->get()->docker.network.driver == "bridge");
  CHECK(*node.act("inspect") ==
        R"({"exists":false,"running":false,"exit_code":0,"oom_killed":false,"started_at_ms":0})");
  CHECK(*node.act("pull") == R"({"pulled":false})");
  CHECK(node.runtime->input(node.server, "x\n").error().text ==
        "environment/docker: cannot send command to container: not attached to instance");
  node.run();
  CHECK(node.all("container attached").size() == 1);
  CHECK(*node.act("attach") == "{}"); // already
  CHECK(node.all("container attached").size() == 1);
  const auto inspected = json::parseObject(*node.act("inspect"));
  REQUIRE(inspected);
  CHECK((json::flag(*inspected, "running") && json::number(*inspected, "started_at_ms") > 0));
  const auto running = node.runtime->running(10s);
  REQUIRE(running);
  CHECK(std::count(running->begin(), running->end(), node.server->id()) == 1);

  REQUIRE(node.runtime->input(node.server, "hello there\n"));
  CHECK(node.hears("container output", "> hello there"));
  // The engine's log is written behind the stream: asked until it is there.
  bool logged = false;
  for (const auto limit = Clock::now() + kDeadline; !logged && Clock::now() < limit;)
    logged = node.act("logs", R"({"tail":1})")->find("\\u003e hello there") != std::string::npos;
  CHECK(logged);

  REQUIRE(node.hears("stats"));
  CHECK(node.server->utilization().memory_bytes > 0);
  const auto limit = node.server->utilization().memory_limit_bytes; // 64 MB and a seventh, in whole pages
  CHECK((limit <= 73'600'000 && limit > 73'600'000 - 65536));
  CHECK(node.server->utilization().uptime_ms > 0);

  const auto waiting = node.begin("wait");
  REQUIRE(node.runtime->input(node.server, "stop\n"));
  CHECK(*node.end(waiting) == R"({"exited":true})");
  CHECK(node.hears("container exited"));
  const auto output = node.all("container output");
  CHECK(std::count(output.begin(), output.end(), "bye") == 1);
  CHECK(node.act("inspect")->find(R"("exists":true,"running":false,"exit_code":0)") != std::string::npos);
  CHECK(*node.act("truncate-log") == "{}");
  CHECK(*node.act("stop") == "{}"); // stopped already
  CHECK(*node.act("signal", R"({"signal":"SIGINT"})") == "{}");
  CHECK(*node.act("remove") == "{}");
  CHECK(*node.act("remove") == "{}");
  CHECK(*node.act("wait") == R"({"exited":true})");
  CHECK(*node.act("stop") == "{}");
  CHECK(node.act("logs").error().code == Code::notFound);
  CHECK(node.act("attach").error().code == Code::notFound);
  CHECK(node.all("container exited").size() == 1);
}

TEST_CASE("a container that ends behind the daemon's back is told to have exited once, with its code", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  node.run();
  SECTION("a crash of the game") {
    REQUIRE(node.runtime->input(node.server, "crash\n"));
    REQUIRE(node.hears("container exited"));
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":3") != std::string::npos);
  }
  SECTION("a kill from outside") {
    REQUIRE(node.engine.request("POST", "/containers/" + node.server->text() + "/kill", "", 10s)->status == 204);
    REQUIRE(node.hears("container exited"));
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":137") != std::string::npos);
  }
  SECTION("a removal from outside, and it can be created again at once") {
    REQUIRE(node.engine.request("DELETE", "/containers/" + node.server->text() + "?force=1", "", 10s)->status == 204);
    REQUIRE(node.hears("container exited"));
    node.must("create");
    node.must("attach");
    node.must("start");
    CHECK(node.act("inspect")->find("\"running\":true") != std::string::npos);
  }
  CHECK(node.all("container exited").size() == 1);
}

TEST_CASE("a stop sends the image's signal and waits without a thread", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  SECTION("a game that obeys") {
    node.server = node.add("trap 'exit 0' TERM; echo READY; while true; do sleep 0.1; done");
    node.run();
    CHECK(*node.act("stop", R"({"timeout":-1})") == "{}");
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":0") != std::string::npos);
  }
  SECTION("a game that does not, until the deadline") {
    node.server = node.add("trap '' TERM INT; echo READY; while true; do sleep 0.1; done");
    node.run();
    CHECK(node.act("stop", R"({"timeout":-1})", 1s).error().code == Code::timeout);
    CHECK(node.act("inspect")->find("\"running\":true") != std::string::npos);
    CHECK(*node.act("stop", R"({"timeout":0})") == "{}"); // then the kill
    CHECK(node.act("inspect")->find("\"running\":false,\"exit_code\":137") != std::string::npos);
  }
}

TEST_CASE("a wait can be cancelled", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  node.run();
  const auto waiting = node.begin("wait");
  node.runtime->cancel(waiting.id);
  CHECK(node.end(waiting).error().code == Code::cancelled);
}

TEST_CASE("limits of a running container are changed in place", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  CHECK(*node.act("update") == R"({"updated":false})");
  node.run();
  auto changed = std::make_shared<Definition>(*node.server->definition());
  changed->settings.build.memory_limit = 128;
  changed->settings.build.cpu_limit = 75;
  node.registry->put(changed);
  CHECK(*node.act("update") == R"({"updated":true})");
  const auto answer = node.engine.request("GET", "/containers/" + node.server->text() + "/json", "", 10s);
  REQUIRE(answer);
  const auto host = json::object(*json::parseObject(answer->body), "HostConfig");
  CHECK(json::number(host, "Memory") == 147'200'000);
  CHECK(json::number(host, "CpuQuota") == 75'000);
}

TEST_CASE("failures are told in the engine's words", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  CHECK(node.act("juggle").error().code == Code::unsupported);
  CHECK(node.act("inspect", "rubbish").error().code == Code::invalid);
  CHECK(node.act("signal", R"({"signal":"SIG&KILL"})").error().code == Code::invalid);
  const auto start = node.act("start");
  REQUIRE_FALSE(start);
  CHECK(start.error().text ==
        "environment/docker: failed to start container: Error response from daemon: No such container: " +
            node.server->text());
  auto definition = std::make_shared<Definition>(*node.server->definition());
  definition->settings.image = "~conformance/no-such:image";
  node.registry->put(definition);
  const auto create = node.act("create");
  REQUIRE_FALSE(create);
  CHECK(create.error().text.rfind(
            "environment/docker: failed to run pre-boot process: environment/docker: failed to "
            "create container: Error response from daemon: No such image: conformance/no-such:image",
            0) == 0);
  const auto pull = node.act("pull", R"({"image":"127.0.0.1:9/no/such:image"})");
  REQUIRE_FALSE(pull);
  CHECK(pull.error().text.rfind("environment/docker: failed to pull \"127.0.0.1:9/no/such:image\" image for server: ",
                                0) == 0);
}

TEST_CASE("a command is run once, told, logged and cleaned away", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  const std::string id = node.server->text();
  fs::create_directories(node.root / "tmp" / id);
  fs::create_directories(node.root / "log/install");
  std::ofstream(node.root / "log/install" / (id + ".log")) << "header\n";
  const auto script = [&](const std::string &text) { std::ofstream(node.root / "tmp" / id / "install.sh") << text; };
  const std::string args =
      R"({"suffix":"_installer","image":"~pinion/functional:latest","command":["sh","/mnt/install/install.sh"],"hostname":"installer","label":"server_installer","mounts":[{"server":true,"target":"/mnt/server"},{"folder":"tmp","path":")" +
      id +
      R"(","target":"/mnt/install"}],"minimum":{"memory":1024,"cpu":100},"output":"install output","log_folder":"log","log_path":"install/)" +
      id + R"(.log","log_append":true})";
  const auto gone = [&] {
    return node.engine.request("GET", "/containers/" + id + "_installer/json", "", 10s)->status == 404;
  };
  SECTION("to its end") {
    script("i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; id -u > /mnt/server/who; hostname; exit 7\n");
    REQUIRE(node.engine
                .request("POST", "/containers/create?name=" + id + "_installer",
                         std::string("{\"Image\":\"") + kImage + "\"}", 10s)
                ->status == 201); // a leftover
    CHECK(*node.act("run-once", args) == R"({"exit_code":7})");
    CHECK(node.hears("container run", R"({"phase":"started"})"));
    REQUIRE(node.hears("install output", "installer"));
    CHECK(node.all("install output").size() == 501);
    CHECK(gone());
    std::ifstream log(node.root / "log/install" / (id + ".log"));
    const std::string text((std::istreambuf_iterator<char>(log)), {});
    CHECK(text.rfind("header\nline 0\r\n", 0) == 0);
    CHECK(text.find("line 499\r\ninstaller\r\n") != std::string::npos);
    std::ifstream who(node.root / "volumes" / id / "who");
    int uid = -1;
    who >> uid;
    CHECK(uid == 0);
  }
  SECTION("until it is cancelled") {
    script("echo waiting; while true; do sleep 0.1; done\n");
    const auto running = node.begin("run-once", args, 60s);
    REQUIRE(node.hears("install output", "waiting"));
    node.runtime->cancel(running.id);
    CHECK(node.end(running).error().code == Code::cancelled);
    const auto removed =
        node.engine.request("POST", "/containers/" + id + "_installer/wait?condition=removed", "", 20s);
    CHECK((removed && gone()));
  }
  SECTION("unless it cannot begin") {
    std::string bad = args;
    bad.replace(bad.find("\"sh\""), 4, "\"/no/such/shell\"");
    const auto answer = node.act("run-once", bad);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().text.rfind("environment/docker: failed to start container: ", 0) == 0);
    CHECK(gone());
  }
}

TEST_CASE("a deleted server's containers go without a word", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  REQUIRE(node.runtime->prepare());
  node.run();
  REQUIRE(node.runtime->destroy(node.server->id(), 20s));
  REQUIRE(node.runtime->destroy(node.server->id(), 20s)); // absent is success
  CHECK(*node.act("inspect") ==
        R"({"exists":false,"running":false,"exit_code":0,"oom_killed":false,"started_at_ms":0})");
  CHECK(node.all("container exited").empty());
}

TEST_CASE("facts and housekeeping of the engine", "[engine]") {
  Node node;
  if (!engineReady(node.engine)) return;
  const auto facts = node.runtime->describe(20s);
  REQUIRE(facts);
  const auto parsed = json::parseObject(*facts);
  REQUIRE(parsed);
  CHECK_FALSE(json::text(json::object(*parsed, "version"), "Version").empty());
  CHECK(json::number(json::object(*parsed, "info"), "MemTotal") > 0);
  const auto use = node.runtime->maintain("disk", 60s);
  REQUIRE(use);
  CHECK(json::number(*json::parseObject(*use), "images_total") > 0);
  CHECK(node.runtime->maintain("juggle", 1s).error().code == Code::unsupported);
}
