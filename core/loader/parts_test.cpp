// The small parts of the loader: topics, pointers, arguments, ids.
#include "loader/arguments.hpp"
#include "loader/json_pointer.hpp"
#include "loader/library.hpp"
#include "loader/topics.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

using namespace pinion::core;

TEST_CASE("the topics that the loader knows are those of the contract") {
  std::ifstream file(std::string(PINION_CONTRACTS) + "/topics.v1.json");
  const auto contract = nlohmann::json::parse(file);
  const auto keys = [&](const char *member) {
    std::set<std::string> out;
    for (const auto &[key, value] : contract.at(member).items()) out.insert(key);
    return out;
  };
  const auto listed = [](std::span<const std::string_view> list) {
    return std::set<std::string>(list.begin(), list.end());
  };
  CHECK(listed(coreTopics()) == keys("core"));
  CHECK(listed(anyonesTopics()) == keys("anyone"));
}

TEST_CASE("a plugin may not publish a core topic even when its id would allow it") {
  CHECK_FALSE(mayPublish("server", "server.created"));
  CHECK(mayPublish("server", "server.mine"));
  CHECK(mayPublish("org.example", "org.example.x"));
  CHECK(mayPublish("org.example", "org.example/x"));
  CHECK_FALSE(mayPublish("org.example", "org.example"));
  CHECK_FALSE(mayPublish("org.example", "org.example."));
  CHECK_FALSE(mayPublish("org.example", "org.examples.x"));
}

TEST_CASE("addresses below core are the daemon's") {
  CHECK_FALSE(mayOffer("core"));
  CHECK_FALSE(mayOffer("core/system"));
  CHECK(mayOffer("cores/x"));
  CHECK(mayOffer("power/act"));
}

TEST_CASE("a JSON pointer finds members, elements and escaped names, and keeps numbers as they are") {
  const std::string json = R"({"a/b":{"c~d":[10,{"x":1.50}]},"n":12345678901234567890,"s":"t","":0})";
  const auto at = [&](const char *pointer) -> std::string {
    const auto segments = pointerSegments(pointer);
    if (!segments) return "malformed";
    const auto value = valueAt(json, *segments, 0, pointer);
    return value ? *value : value.error().text;
  };
  CHECK(at("") == json);
  CHECK(at("/a~1b/c~0d/1/x") == "1.50");
  CHECK(at("/a~1b/c~0d/0") == "10");
  CHECK(at("/n") == "12345678901234567890");
  CHECK(at("/") == "0");
  CHECK(at("/s") == "\"t\"");
  CHECK(at("/s/0") == "there is no value at \"/s/0\"");
  CHECK(at("/a~1b/c~0d/2") == "there is no value at \"/a~1b/c~0d/2\"");
  CHECK(at("/a~1b/c~0d/00") == "there is no value at \"/a~1b/c~0d/00\"");
  CHECK(at("/missing") == "there is no value at \"/missing\"");
  CHECK(at("s") == "malformed");
  CHECK(at("/a~2b") == "malformed");
  CHECK(at("/a~") == "malformed");
}

TEST_CASE("an error fills the caller's struct as far as it reaches, and never cuts a character") {
  pinion_error error{};
  error.size = sizeof error;
  fill(&error, Error{Code::busy, "held", EEXIST});
  CHECK(error.code == PINION_E_BUSY);
  CHECK(error.detail == EEXIST);
  CHECK(std::string(error.message) == "held");
  fill(&error, Error{Code::busy, std::string(498, 'x') + "\xc3\xa9"});
  CHECK(std::strlen(error.message) == 498);
  error.size = 12 + 4;
  std::memset(error.message, '#', sizeof error.message);
  fill(&error, Error{Code::io, "abcdef"});
  CHECK(std::string(error.message) == "abc");
  CHECK(error.message[4] == '#');
  error.size = 8;
  fill(&error, Error{Code::denied, "none"});
  CHECK(error.code == PINION_E_DENIED);
  CHECK(error.message[0] == 'a');
  error.size = 4;
  fill(&error, Error{Code::io, "none"});
  CHECK(error.code == PINION_E_DENIED);
  fill(nullptr, Error{});
}

TEST_CASE("a plugin's error text is read to its NUL, or to its end") {
  pinion_error error{};
  std::memset(error.message, 'x', sizeof error.message);
  CHECK(textOf(error).size() == sizeof error.message);
}

TEST_CASE("what is thrown at the border becomes INTERNAL and a sentence") {
  pinion_error error{};
  error.size = sizeof error;
  CHECK(guarded(&error, []() -> Result<void> { throw std::runtime_error("oh"); }) == PINION_E_INTERNAL);
  CHECK(std::string(error.message) == "oh");
  CHECK(guarded(&error, []() -> Result<void> { throw 5; }) == PINION_E_INTERNAL);
  CHECK(guarded(nullptr, []() -> Result<void> { return {}; }) == PINION_OK);
}

TEST_CASE("ids have a small alphabet and an end") {
  CHECK(validId("a"));
  CHECK(validId("org.example-2.x"));
  CHECK(validId(std::string(64, 'a')));
  for (const std::string id : {"", "A", "a b", "a_b", "a/b", "core", "\xc3\xa9"}) CHECK_FALSE(validId(id));
  CHECK_FALSE(validId(std::string(65, 'a')));
}

TEST_CASE("text is UTF-8 or it is not") {
  for (const std::string text : {"", "abc", "\xc3\xa9", "\xf0\x9f\x8e\xae"}) CHECK(validUtf8(text));
  for (const std::string text :
       {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"})
    CHECK_FALSE(validUtf8(text));
}
