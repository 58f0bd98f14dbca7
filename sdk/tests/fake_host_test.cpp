// The host in memory keeps the rules that the daemon keeps, and tells who breaks them.
#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <fstream>

using namespace pinion;
using pinion::testing::FakeHost;

namespace {

struct Heard {
  std::vector<std::string> payloads;
  std::vector<uint32_t> flags;
  std::vector<std::string> topics;
  static void event(void *user, const pinion_event *event) {
    auto &self = *static_cast<Heard *>(user);
    self.payloads.emplace_back(view(event->payload));
    self.flags.push_back(event->flags);
    self.topics.emplace_back(event->topic);
  }
};

template <typename T> const T *table(FakeHost &fake, const char *id) {
  return static_cast<const T *>(fake.raw()->service(fake.raw(), id));
}

} // namespace

TEST_CASE("the topics that anyone may publish are those of the contract") {
  std::ifstream file(PINION_CONTRACTS "/topics.v1.json");
  const Json contract = Json::parse(file);
  std::vector<std::string> theirs, ours(testing::topics_of_anyone.begin(), testing::topics_of_anyone.end());
  for (const auto &[topic, payload] : contract["anyone"].items()) theirs.push_back(topic);
  std::sort(theirs.begin(), theirs.end());
  std::sort(ours.begin(), ours.end());
  CHECK(ours == theirs);
}

TEST_CASE("the host copies what it is lent, and lends each callback a copy of its own") {
  FakeHost fake("mine");
  const auto *bus = table<pinion_bus_v1>(fake, "pinion.bus/1");
  Heard first, second;
  uint64_t id = 0;
  REQUIRE(bus->subscribe(fake.raw(), "mine.x", PINION_POLICY_ALL, &Heard::event, &first, &id, nullptr) == PINION_OK);
  REQUIRE(bus->subscribe(fake.raw(), "mine.*", PINION_POLICY_ALL, &Heard::event, &second, &id, nullptr) == PINION_OK);
  std::string topic = "mine.x", payload = "\"as it was\"";
  pinion_event event{};
  event.size = sizeof event;
  event.topic = topic.c_str();
  event.payload = span(payload);
  REQUIRE(bus->publish(fake.raw(), &event, nullptr) == PINION_OK);
  topic.assign(topic.size(), '-'); // the caller's again as soon as publish() returned
  payload.assign(payload.size(), '-');
  fake.pump();
  CHECK(first.payloads == std::vector<std::string>{"\"as it was\""});
  CHECK(second.payloads == first.payloads); // what the first callback was lent is gone, and the second saw none of it
  CHECK(second.topics == std::vector<std::string>{"mine.x"});
}

TEST_CASE("each policy does what it says when the plugin does not keep up") {
  FakeHost fake;
  const auto *bus = table<pinion_bus_v1>(fake, "pinion.bus/1");
  Heard all, latest, oldest;
  uint64_t id = 0;
  REQUIRE(bus->subscribe(fake.raw(), "n", PINION_POLICY_ALL, &Heard::event, &all, &id, nullptr) == PINION_OK);
  REQUIRE(bus->subscribe(fake.raw(), "n*", PINION_POLICY_LATEST, &Heard::event, &latest, &id, nullptr) == PINION_OK);
  REQUIRE(bus->subscribe(fake.raw(), "*", PINION_POLICY_DROP_OLDEST, &Heard::event, &oldest, &id, nullptr) ==
          PINION_OK);
  for (int i = 0; i < 1026; ++i) fake.publish("n", "", std::to_string(i));
  fake.pump();
  CHECK(all.topics == std::vector<std::string>{"subscription.ended"});
  CHECK(latest.payloads == std::vector<std::string>{"1025"});
  REQUIRE(oldest.payloads.size() == 1024);
  CHECK(oldest.payloads.front() == "2");
  CHECK((oldest.flags.front() & PINION_EVENT_GAP) != 0);
  CHECK((oldest.flags.back() & PINION_EVENT_GAP) == 0);
  CHECK(fake.subscriptions() == 2);
}

TEST_CASE("a tick is not queued while the one before is") {
  FakeHost fake;
  int ticks = 0;
  uint64_t id = 0;
  const auto *timers = table<pinion_timers_v1>(fake, "pinion.timers/1");
  const auto count = [](void *user) { ++*static_cast<int *>(user); };
  REQUIRE(timers->after(fake.raw(), 10, 10, count, &ticks, &id, nullptr) == PINION_OK);
  fake.advance(9);
  CHECK(ticks == 0);
  fake.advance(31);
  CHECK(ticks == 4);
  CHECK(fake.now() == 40);
  CHECK(table<pinion_bus_v1>(fake, "pinion.bus/1")->cancel(fake.raw(), id) == PINION_OK);
  CHECK(table<pinion_bus_v1>(fake, "pinion.bus/1")->cancel(fake.raw(), id) == PINION_E_NOT_FOUND);
  fake.advance(100);
  CHECK(ticks == 4);
}

TEST_CASE("a reply that is forgotten, used twice or kept too late is told of") {
  FakeHost fake("mine");
  const auto *bus = table<pinion_bus_v1>(fake, "pinion.bus/1");
  static const pinion_reply_v1 *replies;
  replies = table<pinion_reply_v1>(fake, "pinion.reply/1");
  uint64_t id = 0;
  const auto forget = [](void *, const pinion_event *, pinion_reply *) {};
  const auto twice = [](void *, const pinion_event *, pinion_reply *reply) {
    CHECK(replies->answer(reply, PINION_OK, span("1")) == PINION_OK);
    CHECK(replies->answer(reply, PINION_OK, span("2")) == PINION_E_CANCELLED);
  };
  static pinion_reply *late;
  const auto keep = [](void *, const pinion_event *, pinion_reply *reply) {
    CHECK(replies->keep(reply) == PINION_OK);
    late = reply;
  };
  REQUIRE(bus->offer(fake.raw(), "mine/forget", span("{}"), forget, nullptr, &id, nullptr) == PINION_OK);
  REQUIRE(bus->offer(fake.raw(), "mine/twice", span("{}"), twice, nullptr, &id, nullptr) == PINION_OK);
  REQUIRE(bus->offer(fake.raw(), "mine/keep", span("{}"), keep, nullptr, &id, nullptr) == PINION_OK);
  CHECK(fake.call("mine/forget", "", "{}")->status == PINION_E_INTERNAL);
  CHECK(fake.misuse() == std::vector<std::string>{"a callback neither answered nor kept its reply"});
  CHECK(fake.call("mine/twice", "", "{}")->text == "1");
  CHECK(fake.misuse().size() == 2);
  const auto answer = fake.call("mine/keep", "", "{}", 10);
  fake.advance(10);
  CHECK(answer->status == PINION_E_TIMEOUT);
  CHECK(replies->answer(late, PINION_OK, span("3")) == PINION_E_CANCELLED);
  CHECK(replies->keep(late) == PINION_E_INVALID);
}

TEST_CASE("a plugin publishes and offers below its own id and where anyone may") {
  FakeHost fake("mine");
  const auto *bus = table<pinion_bus_v1>(fake, "pinion.bus/1");
  const auto publish = [&](const char *topic, const char *payload, uint32_t flags) {
    pinion_event event{};
    event.size = sizeof event;
    event.flags = flags;
    event.topic = topic;
    event.payload = span(payload);
    return bus->publish(fake.raw(), &event, nullptr);
  };
  CHECK(publish("mine.x", "{}", 0) == PINION_OK);
  CHECK(publish("mine/x", "{}", 0) == PINION_OK);
  CHECK(publish("console output", "a line", PINION_EVENT_RAW) == PINION_OK);
  CHECK(publish("console output", "a line", 0) == PINION_E_INVALID);
  CHECK(publish("status", "running", PINION_EVENT_RAW) == PINION_E_DENIED);
  CHECK(publish("yours.x", "{}", 0) == PINION_E_DENIED);
  CHECK(publish("", "{}", 0) == PINION_E_INVALID);
  uint64_t id = 0;
  const auto nothing = [](void *, const pinion_event *, pinion_reply *) {};
  CHECK(bus->offer(fake.raw(), "core/x", span("{}"), nothing, nullptr, &id, nullptr) == PINION_E_DENIED);
  CHECK(bus->offer(fake.raw(), "any/x", span("[]"), nothing, nullptr, &id, nullptr) == PINION_E_INVALID);
  CHECK(bus->offer(fake.raw(), "any/x", span("{}"), nothing, nullptr, &id, nullptr) == PINION_OK);
}

TEST_CASE("an address has one owner, and its calls end when it goes") {
  FakeHost fake;
  const auto held = std::make_shared<std::vector<testing::FakeCall>>();
  const auto id = fake.offer("a/b", [held](testing::FakeCall call) { held->push_back(call); });
  CHECK_THROWS_WITH(fake.offer("a/b", nullptr), "\"a/b\" is offered by \"another\" already");
  const auto answer = fake.call("a/b", "", "{}");
  CHECK_FALSE(answer->done);
  fake.withdraw(id);
  fake.pump();
  CHECK(answer->status == PINION_E_NOT_FOUND);
  CHECK(fake.offers() == "[]");
}

TEST_CASE("frames are dropped, refused and cut as the options say") {
  struct Open {
    static void route(void *user, pinion_request *, pinion_reply *reply) {
      auto &[fake, heard] = *static_cast<std::pair<FakeHost *, Heard *> *>(user);
      uint64_t socket = 0;
      pinion_socket_options options{};
      options.size = sizeof options;
      options.max_wire_bytes = 10;
      options.max_message_bytes = 5;
      table<pinion_routes_v1>(*fake, "pinion.routes/1")->accept(reply, &options, &frame, heard, &socket, nullptr);
    }
    static void frame(void *user, uint64_t, uint32_t kind, pinion_span data) {
      static_cast<Heard *>(user)->flags.push_back(kind);
      static_cast<Heard *>(user)->payloads.emplace_back(view(data));
    }
  };
  FakeHost fake;
  Heard heard;
  std::pair<FakeHost *, Heard *> user{&fake, &heard};
  const auto *routes = table<pinion_routes_v1>(fake, "pinion.routes/1");
  const pinion_route route = {sizeof(pinion_route), PINION_ROUTE_LANE, "GET", "/ws", "none"};
  uint64_t id = 0;
  REQUIRE(routes->add(fake.raw(), &route, &Open::route, &user, &id, nullptr) == PINION_OK);
  auto &socket = fake.connect("/ws");
  uint64_t number = 0;
  for (uint64_t i = 1; i < 10; ++i)
    if (routes->frame(fake.raw(), i, PINION_FRAME_TEXT, span("direct")) == PINION_OK) number = i;
  REQUIRE(number != 0);
  socket.slow = true;
  CHECK(routes->frame(fake.raw(), number, PINION_FRAME_TEXT, span("x")) == PINION_E_BUSY);
  routes->broadcast(fake.raw(), &number, 1, PINION_FRAME_TEXT, PINION_BROADCAST_DROPPABLE, span("x"));
  socket.say("123456"); // over max_message_bytes: passed over
  socket.say("12345");
  fake.pump();
  CHECK(heard.payloads == std::vector<std::string>{"1", "12345"});
  CHECK(heard.flags == std::vector<uint32_t>{PINION_FRAME_DROPPED, PINION_FRAME_TEXT});
  socket.say("12345678901");
  fake.pump();
  CHECK(socket.close_code == 1009);
  CHECK(heard.flags.back() == PINION_FRAME_CLOSED);
  CHECK(fake.openSockets() == 0);
  CHECK(routes->frame(fake.raw(), number, PINION_FRAME_TEXT, span("x")) == PINION_E_NOT_FOUND);
}

TEST_CASE("a route is refused when it is taken, malformed or late, and the closest pattern answers") {
  FakeHost fake;
  const auto *routes = table<pinion_routes_v1>(fake, "pinion.routes/1");
  static const pinion_reply_v1 *replies;
  replies = table<pinion_reply_v1>(fake, "pinion.reply/1");
  const auto answer = [](void *user, pinion_request *, pinion_reply *reply) {
    replies->answer(reply, PINION_OK, span(static_cast<const char *>(user)));
  };
  uint64_t id = 0;
  const auto add = [&](const char *method, const char *path, const char *auth, uint32_t flags, const char *text) {
    const pinion_route route = {sizeof(pinion_route), flags, method, path, auth};
    return routes->add(fake.raw(), &route, answer, const_cast<char *>(text), &id, nullptr);
  };
  CHECK(add("GET", "/a/:x", "node", 0, "any") == PINION_OK);
  CHECK(add("GET", "/a/b", "node", 0, "exact") == PINION_OK);
  CHECK(add("GET", "/a/b", "node", 0, "again") == PINION_E_BUSY);
  CHECK(add("GET", "a", "node", 0, "") == PINION_E_INVALID);
  CHECK(add("GET", "/b", "password", 0, "") == PINION_E_INVALID);
  CHECK(add("GET", "/b", "node", PINION_ROUTE_LANE | PINION_ROUTE_STREAM_BODY, "") == PINION_E_INVALID);
  CHECK(add("GET", "/b", "node", PINION_ROUTE_LANE | PINION_ROUTE_LONG, "") == PINION_E_INVALID);
  CHECK(fake.request("GET", "/a/b")->body == "exact");
  CHECK(fake.request("GET", "/a/c")->body == "any");
  CHECK(fake.request("POST", "/a/c")->status == 404);
  testing::FakeRequest stranger;
  stranger.target = "/a/b";
  stranger.authenticated = false;
  CHECK(fake.request(stranger)->status == 401);
  fake.closeRoutes();
  CHECK(add("GET", "/c", "node", 0, "") == PINION_E_INVALID);
  CHECK(fake.misuse() == std::vector<std::string>{"a route was added outside start()"});
}

TEST_CASE("a plugin that never comes to rest is told of instead of hanging the test") {
  FakeHost fake;
  struct Busy {
    static void tick(void *user) {
      auto &fake = *static_cast<FakeHost *>(user);
      uint64_t id = 0;
      table<pinion_timers_v1>(fake, "pinion.timers/1")->after(fake.raw(), 0, 0, &tick, user, &id, nullptr);
    }
  };
  Busy::tick(&fake);
  CHECK_THROWS_WITH(fake.pump(), "the plugin does not come to rest: a hundred thousand jobs in one pump()");
}

TEST_CASE("the store keeps, finds and removes keys in order") {
  FakeHost fake;
  const auto *store = table<pinion_store_v1>(fake, "pinion.store/1");
  const auto scan = [&](const char *prefix) {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    CHECK(store->scan(fake.raw(), prefix, &sink) == PINION_OK);
    return out;
  };
  for (const char *key : {"b/2", "a/1", "b/1"}) CHECK(store->put(fake.raw(), key, span("v"), nullptr) == PINION_OK);
  CHECK(scan("") == "a/1\nb/1\nb/2\n");
  CHECK(scan("b/") == "b/1\nb/2\n");
  CHECK(store->put(fake.raw(), "b/1", span(""), nullptr) == PINION_OK);
  CHECK(scan("b/") == "b/2\n");
}
