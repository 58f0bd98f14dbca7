// What the host gives besides events and routes, and what it says of a service that is missing.
#include "scripted_for_tests.hpp"

#include <pinion/cpp/fetch.hpp>

#include <cerrno>
#include <unistd.h>

using namespace pinion;
using namespace pinion::testing;

TEST_CASE("a service the daemon does not have is an error, not a crash") {
  Stage stage;
  for (const char *id :
       {"pinion.timers/1", "pinion.tasks/1", "pinion.panel/1", "pinion.environment/1", "pinion.config/1",
        "pinion.servers/1", "pinion.files/1", "pinion.fetch/1", "pinion.tokens/1", "pinion.routes/1", "pinion.log/1"})
    stage.fake.without(id);
  stage.start();
  Host &host = stage.plugin->host;
  const auto unsupported = [](const auto &result) { return !result && result.error().code == PINION_E_UNSUPPORTED; };
  CHECK(unsupported(host.timer(1, 0, [] {})));
  CHECK(unsupported(host.setState(server, "running")));
  CHECK(unsupported(host.hold(server, "x")));
  CHECK(unsupported(host.readServer(server, "")));
  CHECK(unsupported(host.input(server, "x")));
  CHECK(unsupported(pinion::Files(host, server, 0).remove("x")));
  CHECK(unsupported(pinion::Fetch::open(host, {})));
  CHECK(unsupported(host.usage(server, false)));
  CHECK(unsupported(host.folder("tmp")));
  CHECK(unsupported(host.verify("x", "y")));
  CHECK(unsupported(host.deny(Json::object())));
  CHECK(unsupported(host.route("GET", "/x", "node", 0, [](Exchange) {})));
  CHECK(host.servers().empty());
  CHECK(host.config("").is_null());
  CHECK_FALSE(host.frame(1, "x"));
  host.info("nobody hears this");
  std::vector<pinion_status> codes;
  stage.plugin->keep(host.subscribe("status", PINION_POLICY_ALL, [&](const EventView &) {
    host.spawn([&]() -> Task<> {
      codes.push_back((co_await host.act(server, "start", "{}", 1000)).error().code);
      codes.push_back((co_await host.panel("GET", "/x")).error().code);
      try {
        co_await host.run([] { return 1; });
      } catch (const std::exception &) {
        codes.push_back(0);
      }
      co_await host.sleep(1);
      codes.push_back(1); // not reached: the sleep throws
    });
  }));
  stage.fake.publish("status", server, "{}");
  stage.fake.pump();
  CHECK(codes == std::vector<pinion_status>{PINION_E_UNSUPPORTED, PINION_E_UNSUPPORTED, 0});
}

TEST_CASE("an act and a call of the Panel are answered by the test") {
  Stage stage;
  stage.start();
  stage.fake.onPanel("POST /servers/x/install", [](FakeAsked asked) { asked.ok(asked.args); });
  stage.fake.onLane([&] {
    Scripted &it = *stage.plugin.operator->();
    it.host.spawn([&it]() -> Task<> {
      it.note(*co_await it.host.act(server, "inspect", "{}", 5000));
      it.note((co_await it.host.act(server, "start", "{}", 5000)).error().text);
      it.note(*co_await it.host.panel("POST", "/servers/x/install", R"({"successful":true})"));
    });
  });
  stage.fake.act("inspect").ok(R"({"running":false})");
  stage.fake.pump();
  stage.fake.act("start").fail(PINION_E_IO, "no such image");
  stage.fake.pump();
  CHECK(stage.plugin->notes == Notes{R"({"running":false})", "no such image", R"({"successful":true})"});
  CHECK(stage.fake.verbs() == Notes{"inspect", "start"});
}

TEST_CASE("servers are listed, read, held and set") {
  Stage stage;
  stage.start();
  Host &host = stage.plugin->host;
  CHECK(host.servers() == Notes{server});
  CHECK(host.server(server, "/state") == "offline");
  CHECK(host.server(server, "/nothing").is_null());
  CHECK(host.readServer("unknown", "").error().code == PINION_E_NOT_FOUND);
  {
    const auto hold = host.hold(server, "installing");
    REQUIRE(hold);
    const auto second = host.hold(server, "transferring");
    REQUIRE_FALSE(second);
    CHECK(second.error().code == PINION_E_BUSY);
    CHECK(second.error().text.find("installing") != std::string::npos);
  }
  CHECK(host.hold(server, "transferring"));
  CHECK(host.setState(server, "running"));
  CHECK(host.server(server, "/state") == "running");
  CHECK_FALSE(host.setState(server, "sleeping"));
}

TEST_CASE("a log line survives bytes that are no UTF-8") {
  Stage stage;
  stage.start();
  stage.plugin->host.info("a file", Json{{"name", "\xff.txt"}});
  CHECK(stage.fake.logs.back().fields["name"] == "\xEF\xBF\xBD.txt");
}

TEST_CASE("files, tokens, configuration and console go through") {
  Stage stage;
  stage.fake.config = Json{{"limit", 3}};
  stage.fake.node = Json{{"version", "1"}};
  stage.fake.addToken("good", "websocket", Json{{"user_uuid", "u"}});
  stage.start();
  Host &host = stage.plugin->host;
  CHECK(host.config("/limit") == 3);
  CHECK(host.config("/none").is_null());
  CHECK(host.node("/version") == "1");
  CHECK(*host.verify("good", "websocket") == R"({"user_uuid":"u"})");
  CHECK(host.verify("good", "file-download").error().code == PINION_E_DENIED);
  CHECK(host.verify("forged", "websocket").error().code == PINION_E_INVALID);
  CHECK(host.deny(Json{{"jtis", {"x"}}}));
  CHECK(stage.fake.denied().size() == 1);

  CHECK(host.input(server, "say hi\n").error().code == PINION_E_NOT_FOUND);
  stage.fake.attachConsole(server);
  CHECK(host.input(server, "say hi\n"));
  CHECK(stage.fake.console(server) == "say hi\n");

  const pinion::Files disk(host, server, 0);
  CHECK(disk.makeFolder("a/b", 0755));
  const auto *files = host.files();
  const int fd =
      files->open(host.raw(), server.c_str(), "a/b/c.txt", PINION_OPEN_WRITE | PINION_OPEN_CREATE, 0644, nullptr);
  REQUIRE(fd >= 0);
  CHECK(::write(fd, "12345", 5) == 5);
  ::close(fd);
  CHECK((*host.usage(server, true))["bytes"] == 5);
  CHECK(files->open(host.raw(), server.c_str(), "../x", PINION_OPEN_READ, 0, nullptr) == PINION_E_DENIED);
  CHECK(disk.remove("a"));
  CHECK(disk.stat("a").error().detail == ENOENT);
  CHECK(disk.open(std::string("a\0b", 3), PINION_OPEN_READ).error().code == PINION_E_INVALID);
  const auto folder = host.folder("tmp");
  REQUIRE(folder);
  ::close(*folder);
  CHECK_FALSE(host.folder("etc"));
}
