#include "filesystem/ignore.hpp"

#include <catch2/catch.hpp>

#include <string>

using pinion::core::Ignore;

namespace {

void names(const Ignore &list, const std::vector<std::string> &named, const std::vector<std::string> &free) {
  for (const auto &path : named) {
    INFO(path);
    CHECK(list.matches(path));
  }
  for (const auto &path : free) {
    INFO(path);
    CHECK_FALSE(list.matches(path));
  }
}

Ignore one(const std::string &line) { return Ignore(std::vector<std::string>{line}); }

} // namespace

TEST_CASE("the contract's denylist names what it names") {
  names(Ignore({"*.deny", "/anch.txt", "conf/"}),
        {"a.deny", "x/a.deny", "anch.txt", "conf/x", "a/conf/x", "a.deny/below"},
        {"sub/anch.txt", "conf", "a.denyx", "deny", "A.DENY", "", "a/conf"});
  names(Ignore({"sub/**/secret.key", "# comment", "!nothing", "exact name.txt"}),
        {"sub/1/2/secret.key", "sub/secret.key", "a/sub/x/secret.key", "q/exact name.txt"},
        {"# comment", "nothing", "Exact Name.txt", "subsecret.key", "sub/1secret.key"});
}

TEST_CASE("the contract's backup list names what it names") {
  const auto list = Ignore::fromText("*.log\n!keep.log\n# c\nnested/\n");
  names(list, {"dir/x.log", "logs/latest.log", "deep/very/nested/f.txt"}, {"dir/b.sh", "keep.log", "hard", "a.txt"});
}

TEST_CASE("blanks, comments and line ends are no patterns") {
  CHECK(Ignore::fromText("").empty());
  CHECK(Ignore::fromText("\n\r\n   \n# c\n  # d\n!\n").empty());
  CHECK(Ignore::fromText("a.txt\r\n  b.txt  \r\nc").matches("a.txt"));
  CHECK(Ignore::fromText("a.txt\r\n  b.txt  \r\nc").matches("b.txt"));
  CHECK(Ignore::fromText("a\nc").matches("c"));
  CHECK_FALSE(Ignore().matches("a"));
}

TEST_CASE("a backslash takes the next byte as it is") {
  names(one("\\#a"), {"#a", "x/#a"}, {"a", "\\#a"});
  names(one("\\!a"), {"!a"}, {"a"});
  names(one("a\\*b"), {"a*b"}, {"axb", "ab"});
  names(one("a\\[b]"), {"a[b]"}, {"ab"});
  names(one("a\\\\b"), {"a\\b"}, {"ab"});
  names(one("end\\"), {"end\\"}, {"end"});
}

TEST_CASE("dots, question marks and regular expressions are ordinary bytes") {
  names(one("a.b"), {"a.b"}, {"axb"});
  names(one("a?b"), {"a?b"}, {"axb"});
  names(one("(a|b)+$"), {"(a|b)+$"}, {"a", "b"});
  names(one("\xff\xfe"), {"\xff\xfe"}, {"\xff"});
}

TEST_CASE("a star stays in a name, two stars go through folders") {
  names(one("a*c"), {"ac", "abc", "abbc", "x/abc/y"}, {"a/c", "ab"});
  names(one("**/a"), {"a", "x/a", "x/y/a"}, {"ab"});
  names(one("/**/a"), {"a", "x/a", "x/y/a"}, {});
  names(one("a/**"), {"a/b", "a/b/c", "x/a/b"}, {"a", "ab"});
  names(one("/a/**/b/"), {"a/b/x", "a/1/2/b/x"}, {"a/b", "x/a/b/x"});
  names(one("**"), {"a", "a/b"}, {""});
  names(one("/"), {"a", "a/b"}, {""});
  names(one("a**b"), {"ab", "axb"}, {"a/b"});
  names(one("*"), {"a", "a/b"}, {""});
}

TEST_CASE("a pattern fits at any depth unless it begins with a slash, or names files of a folder by their ending") {
  names(one("a/b"), {"a/b", "x/a/b", "x/a/b/c"}, {"xa/b", "a/x/b"});
  names(one("/a/b"), {"a/b", "a/b/c"}, {"x/a/b"});
  names(one("logs/*.log"), {"logs/a.log"}, {"plugins/x/logs/a.log", "logs/x/a.log"});
  names(one("**/logs/*.log"), {"logs/a.log", "plugins/x/logs/a.log"}, {"logs/x/a.log"});
  names(one("logs/*"), {"logs/a", "x/logs/a"}, {"logs"});
}

TEST_CASE("sets name one byte of a name") {
  names(one("[ab]x"), {"ax", "bx"}, {"cx", "x", "abx"});
  names(one("[a-c]"), {"a", "b", "c"}, {"d", "-"});
  names(one("[!a-c]"), {"d", "-"}, {"a"});
  names(one("[^a]"), {"b"}, {"a"});
  names(one("[]a]"), {"]", "a"}, {"[]a]"});
  names(one("[a-]"), {"a", "-"}, {"b"});
  names(one("[\\]]"), {"]"}, {"\\"});
  names(one("[a"), {"[a"}, {"a"});
  names(one("a[!/]b"), {}, {"a/b"});
}

TEST_CASE("the last line that fits decides") {
  names(Ignore({"a/", "!a/keep", "a/keep/not"}), {"a/x", "a/keep/not"}, {"a/keep", "a/keep/this"});
  names(Ignore({"!a", "a"}), {"a"}, {});
  names(Ignore({"a", "!a", "a", "!/a"}), {"x/a"}, {"a"});
}

TEST_CASE("no pattern takes long, whatever it is made of") {
  const std::string long_name(255, 'a');
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += "a/";
  deep += "b";
  std::string stars, folders, mixed;
  for (int i = 0; i < 1000; ++i) {
    stars += '*';
    folders += "**/";
    mixed += "*a";
  }
  CHECK(one(stars).matches(long_name));
  CHECK_FALSE(one(stars + "b").matches(long_name));
  CHECK(one(folders + "b").matches(deep));
  CHECK_FALSE(one(folders + "c").matches(deep));
  CHECK_FALSE(one(mixed + "b").matches(long_name));
  CHECK_FALSE(one(mixed + "b").matches(deep));
  std::string between;
  for (int i = 0; i < 500; ++i) between += "**/a/";
  CHECK_FALSE(one(between + "c").matches(deep));
  CHECK(one(between + "b").matches(deep));
}
