// Whole installations on the in-memory host.
#include "install.hpp"

#include <catch2/catch.hpp>
#include <pinion/testing/fake_host.hpp>

#include <fstream>
#include <sstream>

using namespace install;
using pinion::testing::FakeAsked;
using Texts = std::vector<std::string>;

namespace {

const std::string server = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";
const std::string route = "/api/servers/" + server;
const std::string remote = "/servers/" + server + "/install";

std::string slurp(const std::filesystem::path &path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

struct Node {
  explicit Node(const Json &configuration = Json::object()) : plugin(fake, "install") {
    fake.node = Json::parse(R"({"timezone":"UTC","docker":{"installer_limits":{"memory":900,"cpu":90}}})");
    fake.addServer(server, Json{{"configuration", configuration}});
    fake.onPanel("GET " + remote, [this](const FakeAsked &asked) { asked.ok(script); });
    fake.onPanel("POST " + remote, [this](const FakeAsked &asked) {
      reports.push_back(asked.json());
      held_at_report = fake.server(server)["held_by"];
      asked.ok("");
    });
    for (const char *verb : {"pull", "create"})
      fake.onAct(verb, [this, verb](const FakeAsked &asked) {
        made.push_back(verb);
        if (container_fails)
          asked.fail(PINION_E_IO, "no such image");
        else
          asked.ok("{}");
      });
    fake.onAct("run-once", [this](const FakeAsked &asked) {
      script_file = slurp(fake.nodeFolder("tmp") / server / "install.sh");
      fake.publish("container run", server, R"({"phase":"started"})");
      if (run_held) return;
      std::ofstream(logFile(), std::ios::app) << "output <b>\n";
      asked.ok(R"({"exit_code":7})");
    });
    fake.offer("core/server-sync", [this](const pinion::testing::FakeCall &call) {
      asked.push_back("sync");
      call.ok();
    });
    REQUIRE(plugin.start());
    fake.pump();
  }
  void offerPower(bool busy) {
    fake.offer("power/busy", [busy](const pinion::testing::FakeCall &call) {
      call.ok(busy ? "{\"busy\":true}" : "{\"busy\":false}");
    });
    fake.offer("power/stop-and-wait", [this](const pinion::testing::FakeCall &call) {
      asked.push_back("stop " + call.payload);
      call.ok();
    });
    fake.offer("power/act", [this](const pinion::testing::FakeCall &call) {
      asked.push_back("act " + call.payload);
      held_at_start = fake.server(server)["held_by"];
      call.ok();
    });
  }
  void create(bool start) {
    fake.publish("server.created", server, Json{{"uuid", server}, {"start_on_completion", start}}.dump());
    fake.pump();
  }
  std::filesystem::path logFile() { return fake.nodeFolder("log") / "install" / (server + ".log"); }
  Texts told() { // what the sockets hear, in order
    Texts out;
    for (const auto &event : fake.published()) out.push_back(event.topic + ": " + event.payload);
    return out;
  }
  Texts errors(uint32_t level = PINION_LOG_ERROR) {
    Texts out;
    for (const auto &entry : fake.logs)
      if (entry.level == level) out.push_back(entry.fields.value("error", ""));
    return out;
  }

  pinion::testing::FakeHost fake{"install"};
  pinion::testing::Running<Install> plugin;
  std::string script = R"({"container_image":"alpine:3","entrypoint":"ash","script":"echo\r\n"})";
  bool run_held = false, container_fails = false;
  Texts made; // of the game's container
  std::vector<Json> reports;
  Json held_at_report = "never", held_at_start = "never";
  std::string script_file;
  Texts asked;
};

Json reported(bool successful, bool reinstall) { return Json{{"successful", successful}, {"reinstall", reinstall}}; }

} // namespace

TEST_CASE("a new server is installed, the Panel is told, and it starts when asked") {
  Node node;
  node.offerPower(false);
  const bool start = GENERATE(true, false);
  node.create(start);
  CHECK(node.reports == std::vector<Json>{reported(true, false)});
  CHECK(node.held_at_report.is_null());
  CHECK(node.told() ==
        Texts{"install started: ", "daemon message: Starting installation process, this could take a few minutes...",
              "install completed: "});
  CHECK(node.asked == (start ? Texts{R"(act {"action":"start","wait_seconds":30})"} : Texts{}));
  if (start) CHECK(node.held_at_start.is_null());
  CHECK(node.errors().empty());
  CHECK(node.fake.misuse().empty());
}

TEST_CASE("the installer gets what the contract says") {
  Node node;
  node.run_held = true;
  node.create(false);
  const FakeAsked run = node.fake.act("run-once");
  CHECK(run.server == server);
  CHECK(run.json() == Json::parse(R"({"suffix":"_installer","image":"alpine:3",
    "command":["ash","/mnt/install/install.sh"],"hostname":"installer","label":"server_installer",
    "mounts":[{"server":true,"target":"/mnt/server"},{"folder":"tmp","path":")" +
                                  server + R"(","target":"/mnt/install"}],
    "minimum":{"memory":900,"cpu":90},"output":"install output","log_folder":"log","log_path":"install/)" +
                                  server + R"(.log","log_append":true})"));
  CHECK(node.script_file == "echo\n");
  CHECK(node.fake.server(server)["held_by"] == "installing");
  const auto folder = node.fake.nodeFolder("tmp") / server;
  CHECK((std::filesystem::status(folder).permissions() & std::filesystem::perms::all) ==
        std::filesystem::perms::owner_all);
  CHECK((std::filesystem::status(node.logFile()).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::filesystem::create_directories(folder / "left" / "behind"); // by the script
  run.ok(R"({"exit_code":0})");
  node.fake.pump();
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("the log has a head and is that of the last installation") {
  Node node(Json::parse(R"({"environment":{"VERSION":"1"}})"));
  node.create(false);
  node.create(false);
  const std::string log = slurp(node.logFile());
  CHECK(log.find("  VERSION=1\n") != std::string::npos);
  CHECK(log.find("Container Entrypoint: ash\n") != std::string::npos);
  const auto answer = node.fake.request("GET", route + "/install-logs");
  CHECK(answer->status == 200);
  CHECK(answer->body == "{\"data\":\"output \\u003cb\\u003e\\n\"}");
}

TEST_CASE("a log that is not there is an error that says so") {
  Node node;
  const auto answer = node.fake.request("GET", route + "/install-logs");
  CHECK(answer->status == 500);
  CHECK(answer->body == R"({"error":"failed to read the log for the installation process."})");
}

TEST_CASE("a skipped script does not run, and the end is told") {
  Node node(Json{{"skip_egg_scripts", true}});
  node.create(false);
  CHECK(node.fake.acts().size() == node.made.size());
  CHECK(node.told() == Texts{"install completed: "});
  CHECK(node.reports == std::vector<Json>{reported(true, false)});
}

TEST_CASE("an installation that fails is told to the Panel, logged once, and not followed by a start") {
  Node node;
  node.offerPower(false);
  std::string text;
  SECTION("no script") {
    node.fake.onPanel("GET " + remote,
                      [](const FakeAsked &asked) { asked.fail(PINION_E_NOT_FOUND, "no such server"); });
    text = "failed to fetch the installation script: no such server";
  }
  SECTION("an unreadable script") {
    node.script = "[]";
    text = "the Panel's installation script is no JSON object";
  }
  SECTION("no container") {
    node.fake.onAct("run-once", [](const FakeAsked &asked) { asked.fail(PINION_E_IO, "no such image"); });
    text = "no such image";
  }
  node.create(true);
  CHECK(node.reports == std::vector<Json>{reported(false, false)});
  CHECK(node.errors() == Texts{text});
  CHECK(node.told().back() == "install completed: ");
  CHECK(node.asked.empty());
  CHECK(node.fake.server(server)["held_by"].is_null());
  CHECK_FALSE(std::filesystem::exists(node.fake.nodeFolder("tmp") / server));
  if (text == "no such image") CHECK(slurp(node.logFile()).ends_with("\nThe installation failed: no such image\n"));
}

TEST_CASE("a report that the Panel refuses is a warning and changes nothing else") {
  Node node;
  node.fake.onPanel("POST " + remote, [](const FakeAsked &asked) { asked.fail(PINION_E_INVALID, "422"); });
  node.create(false);
  CHECK(node.told().back() == "install completed: ");
  CHECK(node.errors().empty());
  CHECK(node.errors(PINION_LOG_WARN) == Texts{"422"});
}

TEST_CASE("a new server has its container before its installation, a reinstalled one keeps what it has") {
  Node node;
  node.create(false);
  CHECK(node.made == Texts{"pull", "create"});
  CHECK(node.fake.request("POST", route + "/install")->status == 202);
  CHECK(node.made.size() == 2);
}

TEST_CASE("a container that cannot be made yet does not keep a server from being installed") {
  Node node;
  node.container_fails = true;
  node.create(false);
  CHECK(node.made == Texts{"pull"});
  CHECK(node.reports == std::vector<Json>{reported(true, false)});
  CHECK(node.errors(PINION_LOG_WARN) == Texts{"no such image"});
}

TEST_CASE("a second installation does not begin while one is under way") {
  Node node;
  node.run_held = true;
  node.create(false);
  CHECK(node.fake.request("POST", route + "/install")->status == 202);
  CHECK(node.fake.acts().size() == node.made.size() + 1);
  CHECK(node.reports.empty());
  CHECK(node.errors(PINION_LOG_WARN) == Texts{"install: cannot obtain installation lock"});
  node.fake.act("run-once").ok();
  node.fake.pump();
  CHECK(node.reports.size() == 1);
}

TEST_CASE("an installation asked for by the route asks the Panel first") {
  Node node;
  CHECK(node.fake.request("POST", route + "/install")->status == 202);
  CHECK(node.asked == Texts{"sync"});
  CHECK(node.reports == std::vector<Json>{reported(true, false)});
}

TEST_CASE("a reinstallation") {
  Node node;
  SECTION("stops the server first") {
    node.offerPower(false);
    CHECK(node.fake.request("POST", route + "/reinstall")->status == 202);
    CHECK(node.asked == Texts{R"(stop {"seconds":10,"kill":true})", "sync"});
    CHECK(node.reports == std::vector<Json>{reported(true, true)});
  }
  SECTION("is refused during a power action") {
    node.offerPower(true);
    const auto answer = node.fake.request("POST", route + "/reinstall");
    CHECK(answer->status == 409);
    CHECK(answer->body ==
          R"({"error":"Cannot execute server reinstall event while another power action is running."})");
    CHECK(node.asked.empty());
  }
  SECTION("needs no power plugin for a server that is offline") {
    CHECK(node.fake.request("POST", route + "/reinstall")->status == 202);
    CHECK(node.reports == std::vector<Json>{reported(true, true)});
  }
  SECTION("fails without one for a server that runs") {
    node.fake.server(server)["state"] = "running";
    CHECK(node.fake.request("POST", route + "/reinstall")->status == 202);
    CHECK(node.reports == std::vector<Json>{reported(false, true)});
    CHECK(node.fake.acts().empty());
  }
}

TEST_CASE("a server that is held for something else is not installed") {
  Node node;
  node.fake.server(server)["held_by"] = "transferring";
  node.create(false);
  CHECK(node.fake.acts().empty());
  CHECK(node.reports == std::vector<Json>{reported(false, false)});
  CHECK(node.fake.server(server)["held_by"] == "transferring");
}

TEST_CASE("the deletion of the server ends its installation, and nobody is told") {
  Node node;
  node.offerPower(false);
  node.run_held = true;
  node.create(true);
  const FakeAsked run = node.fake.act("run-once");
  node.fake.published().clear();
  node.fake.publish("deleted", server, "null");
  node.fake.pump();
  CHECK(run.cancelled());
  CHECK(node.reports.empty());
  CHECK(node.fake.published().empty());
  CHECK(node.asked.empty());
  CHECK(node.errors().empty());
  CHECK_FALSE(std::filesystem::exists(node.fake.nodeFolder("tmp") / server));
  CHECK(std::filesystem::exists(node.logFile()));
  node.fake.removeServer(server);
  node.fake.pump();
  CHECK_FALSE(std::filesystem::exists(node.logFile()));
}

TEST_CASE("steps of other plugins run around the script") {
  Node node;
  Texts called;
  const auto offer = [&](const std::string &address, const Json &about, bool good) {
    node.fake.offer(
        address,
        [&called, address, good](const pinion::testing::FakeCall &call) {
          called.push_back(address + " " + call.payload);
          if (good)
            call.ok();
          else
            call.fail(PINION_E_IO, "broken");
        },
        about);
  };
  offer("install-step/after", Json{{"phase", "after-script"}}, true);
  SECTION("and one that fails ends the installation") {
    offer("install-step/before", Json{{"phase", "before-script"}}, false);
    node.create(false);
    CHECK(called == Texts{"install-step/before {\"reinstall\":false}"});
    CHECK(node.fake.acts().size() == node.made.size());
    CHECK(node.errors() == Texts{"install-step/before: broken"});
    CHECK(node.reports == std::vector<Json>{reported(false, false)});
  }
  SECTION("unless it says that the rest may go on") {
    offer("install-step/before", Json{{"phase", "before-script"}, {"on-failure", "continue"}}, false);
    node.create(false);
    CHECK(called.size() == 2);
    CHECK(called.back() == "install-step/after {\"reinstall\":false}");
    CHECK(node.reports == std::vector<Json>{reported(true, false)});
  }
}

TEST_CASE("the plugin can be stopped in the middle of an installation") {
  Node node;
  node.run_held = true;
  node.create(false);
  node.plugin.stop();
  CHECK(node.fake.misuse().empty());
}
