#include "config/scalar.hpp"
#include "config/value.hpp"

#include <catch2/catch.hpp>

#include <yaml-cpp/yaml.h>

using namespace pinion::core;

namespace {

std::string json(const Value &value) {
  std::string out;
  appendJson(out, value);
  return out;
}

std::string read(const std::string &yaml) {
  const auto value = parseYaml(yaml, "f.yml");
  return value ? json(*value) : value.error().text;
}

} // namespace

TEST_CASE("every string reads back as the same string") {
  for (const char *text : {"",
                           "yes",
                           "No",
                           "on",
                           "y",
                           "null",
                           "~",
                           "true",
                           "0123",
                           "0x1f",
                           "12",
                           "1.5",
                           "1e3",
                           "-1",
                           "+1",
                           "1_000",
                           "12:30:45",
                           "2024-01-01",
                           ".inf",
                           "a: b",
                           "a:",
                           ":a",
                           "a #b",
                           "#a",
                           "- a",
                           "-",
                           "---",
                           "...",
                           "? a",
                           "[a]",
                           "{a}",
                           "&a",
                           "*a",
                           "!a",
                           "|",
                           ">",
                           "%a",
                           "@a",
                           "`a",
                           "'a'",
                           "\"a\"",
                           "back\\slash",
                           " lead",
                           "trail ",
                           "a\nb",
                           "a\n",
                           "\n",
                           "a\tb",
                           "a\r\nb",
                           "\x01\x7f",
                           "grün",
                           "日本語",
                           "🎮",
                           "\xc2\x85",
                           "\xe2\x80\xa8",
                           "\xef\xbb\xbf",
                           "<<",
                           "=",
                           "plain words",
                           "/var/lib/x",
                           "0.0.0.0",
                           "https://panel.example.com",
                           "C:\\x",
                           "a,b",
                           "a]b",
                           "x: y",
                           "tag:yaml",
                           "key:",
                           "e5",
                           "infinity",
                           "NaN",
                           "_1",
                           "a - b",
                           "(x)"}) {
    CAPTURE(text);
    Value document = Value::map();
    document.at("k") = Value::string(text);
    Value list = Value::list();
    list.items.push_back(Value::string(text));
    document.at("l") = list;
    document.at(text) = Value::string("as a key");
    const auto written = yamlText(document);
    CAPTURE(written);
    const auto back = YAML::Load(written); // a reader that is not ours
    CHECK(back["k"].as<std::string>() == text);
    CHECK(back["l"][0].as<std::string>() == text);
    CHECK(back[text].as<std::string>() == "as a key");
    CHECK(back["k"].IsScalar());
    const auto again = parseYaml(written, "f.yml");
    REQUIRE(again);
    CHECK(json(*again) == json(document));
  }
}

TEST_CASE("nested documents read back as they were") {
  for (const char *yaml :
       {"a: 1\n", "a:\n  b:\n    c: x\n", "a: []\nb: {}\n", "a:\n- b\n- c\n", "a:\n- b: 1\n  c: 2\n- d: 3\n",
        "a:\n- - 1\n  - 2\n- - 3\n", "a:\n- b:\n  - c: 1\n    d:\n    - e\n", "a: ~\n", "a: [1, {b: c}, [d]]\n",
        "1: one\n1024: x\n'01': y\n"}) {
    CAPTURE(yaml);
    const auto first = parseYaml(yaml, "f.yml");
    REQUIRE(first);
    const auto text = yamlText(*first);
    CAPTURE(text);
    const auto second = parseYaml(text, "f.yml");
    REQUIRE(second);
    CHECK(json(*first) == json(*second));
  }
  CHECK(yamlText(*parseYaml("a:\n- b: 1\n  c: [x, y]\n", "f")) == "a:\n- b: 1\n  c:\n  - x\n  - y\n");
  CHECK(yamlText(Value::map()) == "{}\n");
}

TEST_CASE("anchors are expanded, merges are merged, repeated keys: the last one counts") {
  CHECK(read("a: &x {p: 1}\nb: *x\n") == R"({"a":{"p":1},"b":{"p":1}})");
  CHECK(read("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  p: 3\n") == R"({"a":{"p":1,"q":2},"b":{"p":3,"q":2}})");
  CHECK(read("a: 1\na: 2\n") == R"({"a":2})");
}

TEST_CASE("a document that is too deep or too large is refused with its line") {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "[";
  for (int i = 0; i < 100; ++i) deep += "]";
  CHECK(read("a: " + deep) == "f.yml:1: nested too deeply");
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto n = std::to_string(i), before = std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " [";
    for (int k = 0; k < 10; ++k) bomb += (k ? ",*a" : "*a") + before;
    bomb += "]\n";
  }
  CHECK(read(bomb).find("too many values") != std::string::npos);
  CHECK(read("? [a, b]\n: c\n") == "f.yml:1: a key must be a word");
  CHECK(read("a: 1\nb: [\n").substr(0, 8) == "f.yml:3:");
}

TEST_CASE("plain scalars become what YAML says they are, quoted ones stay strings") {
  CHECK(read("[yes, off, 0755, 0x10, 1_000, 1.50, 1e3, ~, null, '5', \"yes\", 12:30, word, -7]") ==
        R"([true,false,493,16,1000,1.5,1000,null,null,"5","yes","12:30","word",-7])");
  CHECK(read("[!!str 5, 18446744073709551615, 99999999999999999999]") == R"(["5",18446744073709551615,1e+20])");
}

TEST_CASE("an explicit tag is kept") {
  const auto value = parseYaml("a: !secret x\n", "f.yml");
  REQUIRE(value);
  CHECK(yamlText(*value) == "a: !secret x\n");
}

TEST_CASE("numbers in words are told from words") {
  CHECK(integerFromText("0755") == 493);
  CHECK(integerFromText("-0x10") == -16);
  CHECK(integerFromText("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(integerFromText("1e3") == 1000);
  for (const char *text : {"", "-", "--1", "9223372036854775808", "1.5", "0x", "08x", "_1", "one", "1 "}) {
    CAPTURE(text);
    CHECK(!integerFromText(text));
  }
  CHECK(!unsignedFromText("-1"));
  CHECK(unsignedFromText("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  CHECK(numberFromText("-1.5e-3") == -0.0015);
  CHECK(!numberFromText("1e999"));
  CHECK(!numberFromText("nan"));
}

TEST_CASE("JSON keeps order and repeated keys, and what follows the first value is not looked at") {
  const auto value = parseJson(" {\"b\":1,\"a\":[true,null,1.0,\"x}\\\"\"],\"b\":2} trailing");
  REQUIRE(value);
  REQUIRE(value->members.size() == 3);
  CHECK(value->members[0].first == "b");
  CHECK(value->members[1].second.items[2].text == "1.0");
  CHECK(value->members[1].second.items[3].text == "x}\"");
  for (const char *text : {"", "  ", "{", "[1", "{\"a\"}", "nonsense", "{'a':1}", "{\"a\":01x}", "\"open"}) {
    CAPTURE(text);
    const auto bad = parseJson(text);
    CHECK(!bad);
  }
  std::string deep(5000, '[');
  CHECK(!parseJson(deep + std::string(5000, ']')));
}

TEST_CASE("a JSON pointer finds members, items and escaped names") {
  const auto value = parseJson(R"({"a":{"b/c":[1,{"d~e":2}]},"":3})");
  REQUIRE(value);
  const auto at = [&](const char *pointer) {
    const auto found = value->pointer(pointer);
    return found ? json(**found) : std::to_string(static_cast<int>(found.error().code));
  };
  CHECK(at("/a/b~1c/1/d~0e") == "2");
  CHECK(at("/a/b~1c/0") == "1");
  CHECK(at("/") == "3");
  CHECK(at("") == json(*value));
  for (const char *none : {"/x", "/a/b~1c/2", "/a/b~1c/-1", "/a/b~1c/", "/a/b~1c/0/x"}) CHECK(at(none) == "-2");
  CHECK(at("a") == "-1");
}
