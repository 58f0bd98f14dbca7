#include <pinion/cpp/plugin.hpp>
#include <pinion/cpp/request_body.hpp>
#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

using namespace pinion;
using namespace std::string_view_literals;

namespace {

bool isFault(std::string_view text, BodyFault fault) {
  const auto body = RequestBody::parse(text);
  return std::holds_alternative<BodyFault>(body) && std::get<BodyFault>(body) == fault;
}

RequestBody good(std::string_view text) {
  auto body = RequestBody::parse(text);
  REQUIRE(std::holds_alternative<RequestBody>(body));
  return std::get<RequestBody>(std::move(body));
}

std::string textAt(std::string_view body, std::string_view key) {
  std::string out = "(left)";
  return good(body).read(key, out) ? out : "(wrong)";
}

// Answers what it read, or what reading it answered.
struct Reader {
  explicit Reader(Host h) : host(std::move(h)) {}
  Result<void> start() {
    if (auto added =
            host.route("POST", "/read", "node", PINION_ROUTE_LANE, [this](Exchange exchange) { read(exchange); });
        !added)
      return added;
    return host.route("POST", "/fail", "node", PINION_ROUTE_LANE, [this](Exchange exchange) {
      const auto code = exchange.body() == "late" ? PINION_E_TIMEOUT : PINION_E_IO;
      answerUnexpected(exchange, host, Error{code, "the disk says \xff"});
    });
  }
  void stop() {}
  void read(Exchange &exchange) {
    std::string name;
    if (!readBody(exchange, [&](const RequestBody &body) { return body.read("name", name); })) return;
    exchange.answer(200, Json(name).dump());
  }
  Host host;
};

} // namespace

TEST_CASE("an empty body and a wrong one are told apart") {
  for (const auto *text : {"", " ", "\r\n\t"}) CHECK(isFault(text, BodyFault::empty));
  for (const auto text : {"{"sv, "[]"sv, "[1]"sv, "\"x\""sv, "1"sv, "nonsense"sv, "{\"a\":1"sv, "\x01"sv, "\0"sv})
    CHECK(isFault(text, BodyFault::malformed));
}

TEST_CASE("members are read as leniently as ever") {
  CHECK(textAt(R"({"uuid":"x"})", "uuid") == "x");
  CHECK(textAt(R"({"UuId":"x"})", "uuid") == "x");
  CHECK(textAt(R"({"uuid":"x","uuid":"y"})", "uuid") == "y");
  CHECK(textAt(R"({"uuid":"x"} trailing)", "uuid") == "x");
  CHECK(textAt(" \n\t{\"uuid\":\"x\",\"unknown\":[{}]}", "uuid") == "x");
  CHECK(textAt(R"({"other":1})", "uuid") == "(left)");
  CHECK(textAt(R"({"uuids":"x","uui":"x"})", "uuid") == "(left)");
  CHECK(textAt(R"({"uuid":null})", "uuid") == "(left)");
  CHECK(textAt("{}", "uuid") == "(left)");
  CHECK(textAt("null", "uuid") == "(left)");
  CHECK(textAt("{\"uuid\":\"\xff\"}", "uuid") == "\xef\xbf\xbd");
}

TEST_CASE("a member of another type is wrong, however its key is written") {
  CHECK(textAt(R"({"uuid":1})", "uuid") == "(wrong)");
  CHECK(textAt(R"({"uuid":["x"]})", "uuid") == "(wrong)");
  CHECK(textAt(R"({"UUID":1,"uuid":"x"})", "uuid") == "(wrong)");
  CHECK(textAt(R"({"UUID":"x","uuid":1})", "uuid") == "(wrong)");
  bool flag = true;
  CHECK_FALSE(good(R"({"flag":"yes"})").read("flag", flag));
  CHECK_FALSE(good(R"({"flag":1})").read("flag", flag));
  CHECK(flag);
  CHECK(good(R"({"flag":false})").read("flag", flag));
  CHECK_FALSE(flag);
}

TEST_CASE("a number is whole and fits") {
  const auto numberAt = [](std::string_view text) {
    std::int64_t out = 5;
    return good(text).read("n", out) ? out : -1;
  };
  CHECK(numberAt(R"({"n":7})") == 7);
  CHECK(numberAt(R"({"n":-7})") == -7);
  CHECK(numberAt(R"({"n":null})") == 5);
  CHECK(numberAt(R"({"n":9223372036854775807})") == std::numeric_limits<std::int64_t>::max());
  for (const auto *text : {R"({"n":"1"})", R"({"n":1.5})", R"({"n":true})", R"({"n":9223372036854775808})"})
    CHECK(numberAt(text) == -1);
}

TEST_CASE("lists are of texts or of objects, and null is an empty one of them") {
  using List = std::vector<std::string>;
  List list{"before"};
  CHECK_FALSE(good(R"({"list":"x"})").read("list", list));
  CHECK_FALSE(good(R"({"list":{}})").read("list", list));
  CHECK(list == List{"before"});
  CHECK_FALSE(good(R"({"list":[1]})").read("list", list));
  CHECK(good(R"({"list":["a",null]})").read("list", list));
  CHECK(list == List{"a", ""});

  std::vector<RequestBody> objects;
  CHECK_FALSE(good(R"({"list":["a"]})").read("list", objects));
  REQUIRE(good(R"({"list":[{"Name":"a"},null]})").read("list", objects));
  REQUIRE(objects.size() == 2);
  std::string name;
  CHECK(objects[0].read("name", name));
  CHECK(name == "a");
  CHECK(objects[1].text() == "{}");
}

TEST_CASE("the object goes on without what followed it") {
  CHECK(good(R"( {"a":[1,2.5,"<"]} x)").text() == R"({"a":[1,2.5,"<"]})");
  CHECK(good("null").text() == "{}");
}

TEST_CASE("a handler goes on with a good body only, and a bad one is answered") {
  testing::FakeHost fake{"reader"};
  testing::Running<Reader> plugin{fake, "reader"};
  REQUIRE(plugin.start());
  const auto read = [&](const char *body) { return fake.request("POST", "/read", body); };
  CHECK(read(R"({"name":"x"})")->json() == "x");
  for (const auto *body : {"[]", R"({"name":1})"}) {
    const auto wrong = read(body);
    CHECK(wrong->status == 400);
    CHECK(wrong->headers["Content-Type"] == "text/plain; charset=utf-8");
    CHECK(wrong->json() == Json{{"error", kGenericFailure}, {"request_id", "fake-request"}});
  }
  const auto empty = read("");
  CHECK(empty->status == 400);
  CHECK(empty->headers["Content-Type"] == "text/plain; charset=utf-8");
  CHECK(empty->json() ==
        Json{{"error", "The data passed in the request was not in a parsable format. Please try again."}});
  CHECK(fake.misuse().empty());
}

TEST_CASE("what nobody expected is told to the log, and to the client only by the request's id") {
  testing::FakeHost fake{"reader"};
  testing::Running<Reader> plugin{fake, "reader"};
  REQUIRE(plugin.start());
  const auto failed = fake.request("POST", "/fail", "");
  CHECK(failed->status == 500);
  CHECK(failed->headers["Content-Type"] == "application/json; charset=utf-8");
  CHECK(failed->json() == Json{{"error", kGenericFailure}, {"request_id", "fake-request"}});
  REQUIRE(fake.logs.size() == 1);
  CHECK(fake.logs[0].fields["error"] == "the disk says \xef\xbf\xbd");
  CHECK(fake.logs[0].fields["request_id"] == "fake-request");
  CHECK(fake.request("POST", "/fail", "late")->json()["error"] == kTooSlow);
}
