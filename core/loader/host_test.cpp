// The host tables, asked through the plugin "probe".
#include "loader/bench_for_tests.hpp"

using namespace pinion::core;
using namespace std::chrono_literals;
using testing::Bench;
using testing::has;
using testing::kServer;

TEST_CASE("every function refuses what is NULL or malformed with INVALID") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("nulls") == "all invalid");
}

TEST_CASE("a plugin publishes its own topics and those for anyone, and no other") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("publish|probe.mine|\"x\"") == "0 ");
  CHECK(bench.probe("publish|probe/mine|1|" + kServer) == "0 ");
  CHECK(bench.probe("publish|console output|line|" + kServer) == "0 ");
  CHECK(bench.heard("probe.mine \"x\""));
  CHECK(bench.heard("probe/mine 1"));
  CHECK(bench.heard("console output line"));
  for (const char *topic : {"status", "deleted", "offer.added", "probe", "probes.x", "other.x", "container output"}) {
    CHECK(bench.probe(std::string("publish|") + topic) ==
          "-3 plugin \"probe\" may not publish \"" + std::string(topic) +
              "\": it is neither a topic for anyone nor below \"probe.\"");
  }
}

TEST_CASE("a plugin hears what it subscribed to until it cancels, and knows who said it") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("subscribe|s|status@" + kServer + "|0") == "0 ");
  bench.bus.publish("status", kServer, "running", true);
  CHECK(bench.heard("probe.heard status core " + kServer + " running"));
  CHECK(bench.probe("cancel|s|s") == "0 -2 ");
  bench.bus.publish("status", kServer, "offline", true);
  CHECK(bench.probe("list|none") == "0 []");
  CHECK(bench.count("probe.heard status core " + kServer + " offline") == 0);
}

TEST_CASE("a callback may cancel its own subscription") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("subscribe|own|own.topic|0") == "0 ");
  bench.bus.publish("own.topic", "", "");
  CHECK(bench.heard("probe.own 0"));
  bench.bus.publish("own.topic", "", "");
  CHECK(bench.probe("cancel|own") == "-2 ");
  CHECK(bench.count("probe.own 0") == 1);
}

TEST_CASE("a burst runs a console subscription over later than others, and neither in silence") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("subscribe|all|burst.all|0") == "0 ");
  CHECK(bench.probe("subscribe|old|burst.old|2") == "0 ");
  // Published by the lane of the plugin itself, so that it hears nothing meanwhile.
  std::promise<void> done;
  REQUIRE(bench.bus.offer(bench.lane, "test", "test/burst", "{}", [&](const EventPtr &, const CallReply &reply) {
    for (int i = 0; i < 1100; ++i) bench.bus.publish("burst.all", "", std::to_string(i));
    for (int i = 0; i < 1100; ++i) bench.bus.publish("burst.old", "", std::to_string(i));
    reply.answer(std::string());
    done.set_value();
  }));
  CHECK(bench.ask("manners/none") == "failed -2 nobody offers \"manners/none\"");
  CHECK(bench.probe("call|c|test/burst||20000") == "0 ");
  done.get_future().get();
  CHECK(bench.heard("probe.heard burst.old core - 1099"));
  CHECK(bench.count("probe.heard burst.old core - 0") == 1);
}

TEST_CASE("an offer is listed with what it says of itself, and answers") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("offer|o|step/one") == "0 ");
  CHECK(bench.heard("offer.added {\"address\":\"step/one\"}"));
  CHECK(bench.probe("list|step/") == R"(0 [{"address":"step/one","owner":"probe","about":{"order":50}}])");
  CHECK(bench.ask("step/one", "\"hi\"") == "\"hi\"");
  CHECK(bench.probe("offer|p|step/one") == "-4 the address \"step/one\" is offered by \"probe\" already");
  CHECK(bench.probe("offer|p|core/system") == "-3 addresses below \"core/\" are the daemon's own");
  CHECK(bench.probe("offer|p|core") == "-3 addresses below \"core/\" are the daemon's own");
  CHECK(bench.probe("cancel|o") == "0 ");
  CHECK(bench.heard("offer.gone {\"address\":\"step/one\"}"));
  CHECK(bench.ask("step/one") == "failed -2 nobody offers \"step/one\"");
}

TEST_CASE("a call of a plugin ends with its answer, a timeout, or its cancelling, once") {
  Bench bench;
  bench.run({"probe"});
  REQUIRE(bench.bus.offer(bench.lane, "test", "test/echo", "{}", [](const EventPtr &event, const CallReply &reply) {
    reply.answer(event->source + " " + event->payload);
  }));
  std::vector<CallReply> kept;
  REQUIRE(bench.bus.offer(bench.lane, "test", "test/keep", "{}",
                          [&](const EventPtr &, CallReply reply) { kept.push_back(std::move(reply)); }));
  CHECK(bench.probe("call|c|test/echo|7|20000") == "0 ");
  CHECK(bench.heard("probe.done call 0 probe 7"));
  CHECK(bench.probe("cancel|c") == "-2 ");
  CHECK(bench.probe("call|c|test/keep||1") == "0 ");
  CHECK(bench.heard("probe.done call -5 \"test/keep\" gave no answer within 1 ms"));
  CHECK(bench.probe("call|c|test/keep||20000") == "0 ");
  CHECK(bench.probe("cancel|c") == "0 ");
  CHECK(bench.heard("probe.done call -6 cancelled"));
  CHECK(bench.probe("call|c|nobody/here||20000") == "0 ");
  CHECK(bench.heard("probe.done call -2 nobody offers \"nobody/here\""));
  CHECK(bench.probe("cancel|c") == "-2 ");
  CHECK(bench.count("probe.done call -6 cancelled") == 1);
}

TEST_CASE("timers fire on the lane, once or again and again, until cancelled") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("after|once|0|0") == "0 ");
  CHECK(bench.heard("probe.tick 1"));
  CHECK(bench.probe("cancel|once") == "-2 ");
  CHECK(bench.probe("after|often|1|1") == "0 ");
  CHECK(bench.heard("probe.tick 3"));
  CHECK(bench.probe("cancel|often") == "0 ");
  CHECK(bench.probe("after|never|3600000|0") == "0 ");
  CHECK(bench.probe("cancel|never") == "0 ");
}

TEST_CASE("a task's done function gets the status of its work") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("run|t") == "0 ");
  CHECK(bench.heard("probe.done task -7 "));
  CHECK(bench.count("probe.work ") == 1);
}

TEST_CASE("cancelling a task waits for its work, and its done function comes before") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("work|b|block") == "0 ");
  REQUIRE(bench.heard("probe.blocked "));
  CHECK(bench.probe("cancel-blocked|b") == "0");
  CHECK(bench.heard("probe.returned "));
  CHECK(bench.order({"probe.unblocked ", "probe.done work -6 cancelled", "probe.returned "}));
  CHECK(bench.probe("cancel|b") == "-2 ");
  CHECK(bench.count("probe.done work 0 ") == 0);
}

TEST_CASE("cancelling from the pool waits until the lane has called the done function") {
  Bench bench;
  bench.run({"probe"});
  std::vector<CallReply> kept;
  REQUIRE(bench.bus.offer(bench.lane, "test", "test/keep", "{}",
                          [&](const EventPtr &, CallReply reply) { kept.push_back(std::move(reply)); }));
  CHECK(bench.probe("call|c|test/keep||20000") == "0 ");
  CHECK(bench.probe("work|w|cancel") == "0 ");
  CHECK(bench.heard("probe.pool 0 after done"));
  CHECK(bench.heard("probe.done call -6 cancelled"));
  CHECK(bench.heard("probe.done work 0 "));
}

TEST_CASE("a task that cancels itself ends its work first") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("work|self|self") == "0 ");
  CHECK(bench.heard("probe.itself 0"));
  CHECK(bench.heard("probe.done work -6 cancelled"));
}

TEST_CASE("a plugin whose work does not end in time at stop is left as it is, with an error") {
  LoaderLimits limits;
  limits.stop = 10ms;
  Bench bench("", limits);
  bench.run({"probe"});
  CHECK(bench.probe("work|b|block") == "0 ");
  REQUIRE(bench.heard("probe.blocked "));
  bench.loader.stop();
  CHECK(has(bench.logged(), "plugin \"probe\" does not come to rest; it is left as it is and not stopped"));
  CHECK(bench.probe("open-gate").empty());
  CHECK(bench.heard("probe.unblocked "));
  CHECK(bench.count("probe.stop ") == 0);
}

TEST_CASE("a route handler that does not return does not hold up the daemon's stop") {
  LoaderLimits limits;
  limits.stop = 10ms;
  Bench bench("", limits);
  bench.run({"probe"});
  REQUIRE(bench.front.listen());
  testing::RawClient client(bench.front.port());
  client.send("GET /probe-blocks HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(bench.heard("probe.blocked "));
  bench.loader.stop();
  CHECK_FALSE(bench.loader.atRest());
  CHECK(has(bench.logged(), "plugin \"probe\" does not come to rest"));
  CHECK(bench.probe("open-gate").empty());
  CHECK(bench.heard("probe.unblocked "));
}

TEST_CASE("long work runs beside the workers, many at once, and is cancelled as other work is") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("long-work|b|block|20") == "0 "); // more than there are workers
  REQUIRE(bench.heard("probe.blocked ", 20));
  CHECK(bench.probe("run|w") == "0 ");
  CHECK(bench.heard("probe.done task -7 "));
  CHECK(bench.probe("cancel-blocked|b") == "0");
  CHECK(bench.heard("probe.returned "));
  CHECK(bench.order({"probe.done long -6 cancelled", "probe.returned "}));
  CHECK(bench.heard("probe.done long 0 ", 19));
}

TEST_CASE("plugins hear that the daemon stops before their long work is waited for") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("long-work|b|block|1") == "0 ");
  REQUIRE(bench.heard("probe.blocked "));
  CHECK(bench.probe("sub-gate|daemon.stopping") == "0 ");
  bench.loader.stop();
  CHECK(bench.loader.atRest());
  CHECK(bench.heard("probe.unblocked "));
  CHECK(bench.heard("daemon.stopping {}"));
  CHECK_FALSE(has(bench.logged(), "does not come to rest"));
}

TEST_CASE("long work that does not end in time leaves its plugin as it is, and the loader says so") {
  LoaderLimits limits;
  limits.stop = 10ms;
  Bench bench("", limits);
  bench.run({"probe"});
  CHECK(bench.probe("long-work|b|block|1") == "0 ");
  REQUIRE(bench.heard("probe.blocked "));
  bench.loader.stop();
  CHECK_FALSE(bench.loader.atRest());
  CHECK(has(bench.logged(), "plugin \"probe\" does not come to rest"));
  CHECK(bench.probe("open-gate").empty());
}

TEST_CASE("a plugin reads its own section and the facts of the node") {
  Bench bench("plugins:\n  probe:\n    greeting: hello\n    list: [1, 2]\n");
  bench.config->setFact("/version", "\"0.1.0\"");
  bench.run({"probe"});
  CHECK(bench.probe("config|/greeting") == "0 \"hello\"");
  CHECK(bench.probe("config|/list/1") == "0 2");
  CHECK(bench.probe("config|/absent").starts_with("-2 "));
  CHECK(bench.probe("node|/version") == "0 \"0.1.0\"");
  CHECK(bench.probe("node|/token").starts_with("-3 "));
}

TEST_CASE("a plugin reads a server by JSON pointers") {
  Bench bench;
  bench.run({"probe"});
  const auto read = [&](const std::string &pointer) { return bench.probe("read|" + kServer + "|" + pointer); };
  CHECK(bench.probe("servers") == "0 [\"" + kServer + "\"]");
  CHECK(read("/uuid") == "0 \"" + kServer + "\"");
  CHECK(read("/state") == "0 \"offline\"");
  CHECK(read("/suspended") == "0 false");
  CHECK(read("/held_by") == "0 null");
  CHECK(read("/utilization/state") == "0 \"offline\"");
  CHECK(has(read("/utilization"), "\"memory_bytes\":0"));
  CHECK(has(read("/configuration"), "\"uuid\":\"" + kServer + "\""));
  CHECK(read("/configuration/build/disk_space") == "0 10");
  CHECK(read("/process_configuration/startup/done/1") == "0 \"steady\"");
  CHECK(read("/process_configuration/future/value") == "0 1.50");
  CHECK(read("/process_configuration/future") == "0 {\"value\":1.50}");
  CHECK(has(read(""), "\"held_by\":null,\"utilization\":{"));
  CHECK(read("/nothing") == "-2 there is no value at \"/nothing\"");
  CHECK(read("/state/deeper") == "-2 there is no value at \"/state/deeper\"");
  CHECK(read("state") == "-1 the JSON pointer \"state\" does not begin with /");
  CHECK(bench.probe("read|" + randomUuid() + "|/state").starts_with("-2 there is no server"));
}

TEST_CASE("a hold is exclusive until it is cancelled, and ends with the plugin") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("hold|h|" + kServer + "|installing") == "0 ");
  CHECK(bench.probe("read|" + kServer + "|/held_by") == "0 \"installing\"");
  CHECK(bench.probe("hold|i|" + kServer + "|restoring").starts_with("-4 "));
  CHECK(bench.probe("cancel|h") == "0 ");
  CHECK(bench.server->heldBy().empty());
  CHECK(bench.probe("hold|h|" + kServer + "|transferring") == "0 ");
  bench.loader.stop();
  CHECK(bench.server->heldBy().empty());
}

TEST_CASE("a plugin sets the state of a server") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("state|" + kServer + "|running") == "0 ");
  CHECK(bench.heard("status running"));
  CHECK(bench.probe("state|" + kServer + "|flying") == "-1 \"flying\" is no state of a server");
}

TEST_CASE("an act is done on the lane, also when the runtime answers at once, and can be cancelled") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("act|a|" + kServer + "|echo|{\"x\":1}") == "0 ");
  CHECK(bench.heard("probe.done act 0 " + kServer + " {\"x\":1}"));
  CHECK(bench.probe("act|a|" + kServer + "|dance|") == "0 ");
  CHECK(bench.heard("probe.done act -8 no verb dance"));
  CHECK(bench.probe("act|a|" + kServer + "|hang|") == "0 ");
  CHECK(bench.probe("cancel|a") == "0 ");
  CHECK(bench.heard("probe.done act -6 cancelled"));
  CHECK(bench.runtime.cancelled.wait());
  CHECK(bench.probe("cancel|a") == "-2 ");
  CHECK(bench.count("probe.done act -6 cancelled") == 1);
  CHECK(bench.count("probe.done act -6 cancelled by the runtime") == 0);
  CHECK(bench.probe("act|a|" + randomUuid() + "|echo|").starts_with("-2 there is no server"));
  CHECK(bench.probe("input|" + kServer + "|say hi\n") == "0 ");
  CHECK(bench.probe("input|" + kServer + "|full\n") == "-4 the game does not read");
}

TEST_CASE("an act that still runs at stop is cancelled, and its done function is not called") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("act|a|" + kServer + "|hang|") == "0 ");
  bench.loader.stop();
  CHECK(bench.runtime.cancelled.wait());
  CHECK(bench.count("probe.done act -6 cancelled") == 0);
}

TEST_CASE("calls to the Panel come back with its answer or its refusal") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("panel|p|POST|/servers/x/install|{}") == "0 ");
  CHECK(bench.heard("probe.done panel 0 POST /servers/x/install {}"));
  CHECK(bench.probe("panel|p|GET|/missing|") == "0 ");
  CHECK(bench.heard("probe.done panel -2 NotFound: nothing (HTTP/404)"));
  CHECK(bench.probe("panel|p|GET|/throw|") == "0 ");
  CHECK(bench.heard("probe.done panel -10 the client threw"));
}

TEST_CASE("tokens are verified, used once and denied, and a denial is told to everyone") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("verify|no.token.here|websocket").starts_with("-1 "));
  CHECK(bench.probe("once|abc") == "0 ");
  CHECK(bench.probe("once|abc").starts_with("-3 "));
  CHECK(bench.probe("deny|{\"jtis\":[\"a\"]}") == "0 ");
  CHECK(bench.heard("tokens.denied {\"jtis\":[\"a\"]}"));
  CHECK(bench.probe("deny|{\"user\":\"u\",\"servers\":[]}") == "0 ");
  CHECK(bench.probe("deny|{\"user\":\"u\",\"jtis\":[]}") == "-1 a denial has either \"jtis\" or \"user\"");
}

TEST_CASE("each plugin has a space of its own in the store") {
  Bench bench;
  bench.run({"probe"});
  REQUIRE(bench.store->put("another", "a1", "theirs"));
  CHECK(bench.probe("put|a1|one") == "0 ");
  CHECK(bench.probe("put|a2|two") == "0 ");
  CHECK(bench.probe("get|a1") == "0 one");
  CHECK(bench.probe("scan|a") == "0 a1\na2\n");
  CHECK(bench.probe("put|a1|") == "0 ");
  CHECK(bench.probe("get|a1").starts_with("-2 "));
}

TEST_CASE("changes of the store are made together and read by pages") {
  Bench bench;
  bench.run({"probe"});
  REQUIRE(bench.store->put("another", "a3", "theirs"));
  CHECK(bench.probe("apply|a2|two \"2\"|a1|one|gone|x|gone|") == "0 ");
  CHECK(bench.probe("page|a|10") == R"(0 [["a1","one"],["a2","two \"2\""]])");
  CHECK(bench.probe("page|a|1") == R"(0 [["a1","one"]])");
  CHECK(bench.probe("page|a|10|a1") == R"(0 [["a2","two \"2\""]])");
  CHECK(bench.probe("page|b|10") == "0 []");
  CHECK(bench.probe("apply|a4|four|a5|" + std::string((1u << 20u) + 1, 'x')).starts_with("-1 "));
  CHECK(bench.probe("get|a4").starts_with("-2 "));
}

TEST_CASE("a plugin's log line carries its id, whatever the fields say") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("log|the message") == "1");
  const auto text = bench.logged();
  CHECK(has(text, "the message"));
  CHECK(has(text, "plugin=probe"));
  CHECK(has(text, "n=5"));
  CHECK_FALSE(has(text, "another"));
}

TEST_CASE("a route is added inside start() only") {
  Bench bench;
  bench.run({"probe"});
  CHECK(bench.probe("route") == "-1 routes are added inside start()");
}

TEST_CASE("a plugin of the C++ wrapper runs its coroutines on the lane") {
  Bench bench;
  REQUIRE(bench.front.listen());
  REQUIRE(bench.bus.offer(bench.lane, "test", "test/echo", "{}", [](const EventPtr &event, const CallReply &reply) {
    reply.answer("<" + event->payload + ">");
  }));
  std::vector<CallReply> kept;
  REQUIRE(bench.bus.offer(bench.lane, "test", "test/silent", "{}",
                          [&](const EventPtr &, CallReply reply) { kept.push_back(std::move(reply)); }));
  bench.run({"wrapped"});
  CHECK(bench.ask("wrapped/do", "ab") == "<abab> nobody offers \"test/nobody\"");
  CHECK(bench.ask("wrapped/do", "cancel") == "-6");
  testing::RawClient client(bench.front.port());
  const auto page = client.ask("GET", "/wrapped");
  CHECK(page.status == 200);
  CHECK(page.body == R"({"wrapped":true})");
  // A coroutine that still sleeps at stop is freed there, and its caller gets an answer.
  auto waiting = std::async(std::launch::async, [&] { return bench.ask("wrapped/do", "for ever"); });
  CHECK(bench.ask("wrapped/do", "x") == "<xx> nobody offers \"test/nobody\"");
  bench.loader.stop();
  CHECK(waiting.get().starts_with("failed "));
  CHECK(bench.heard("wrapped.stop 1"));
}
