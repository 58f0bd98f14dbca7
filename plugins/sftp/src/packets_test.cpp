#include "packets.hpp"

#include <catch2/catch.hpp>

using namespace sftp;

TEST_CASE("what a writer writes a reader reads") {
  std::string out;
  Attributes given{attribute_size | attribute_owner | attribute_mode | attribute_times, 1ull << 40, 1, 2, 0644, 3, 4};
  Writer(out, Type::setstat).number(7).text("/a").longNumber(1ull << 33).attributes(given).end();
  CHECK(numberAt(out.data()) == out.size() - 4);
  Reader in(std::string_view(out).substr(4));
  CHECK(in.byte() == static_cast<std::uint8_t>(Type::setstat));
  CHECK(in.number() == 7u);
  CHECK(in.path() == "/a");
  CHECK(in.longNumber() == 1ull << 33);
  const auto read = in.attributes();
  REQUIRE(read);
  CHECK(read->size == given.size);
  CHECK(read->gid == 2);
  CHECK(read->mode == 0644);
  CHECK(read->modified_s == 4);
  CHECK(in.atEnd());
}

TEST_CASE("a reader gives nothing beyond the packet's end, and nothing after that") {
  std::string out;
  Attributes given{attribute_size | attribute_owner | attribute_mode | attribute_times, 1, 1, 2, 0644, 3, 4};
  Writer(out, Type::setstat).number(7).text("/abc").attributes(given).end();
  for (std::size_t cut = 4; cut + 1 < out.size(); ++cut) {
    const std::string torn = out.substr(4, cut - 4);
    Reader in(torn);
    const bool whole = in.byte() && in.number() && in.path() && in.attributes();
    CHECK_FALSE(whole);
    CHECK_FALSE(in.byte());
  }
}

TEST_CASE("a text that claims to be longer than its packet is none") {
  Reader in(std::string_view("\xff\xff\xff\xff"
                             "abc",
                             7));
  CHECK_FALSE(in.text());
}

TEST_CASE("a path of more than 4096 bytes or with a NUL is none") {
  for (const std::string &path : {std::string(path_bytes + 1, 'a'), std::string("a\0b", 3)}) {
    std::string out;
    Writer(out, Type::stat).text(path).end();
    CHECK_FALSE(Reader(std::string_view(out).substr(5)).path());
  }
  std::string out;
  Writer(out, Type::stat).text(std::string(path_bytes, 'a')).end();
  CHECK(Reader(std::string_view(out).substr(5)).path());
}

TEST_CASE("four billion extended attributes that are not there are refused at once") {
  std::string out;
  Writer(out, Type::setstat).number(attribute_extended).number(0xffffffff).end();
  CHECK_FALSE(Reader(std::string_view(out).substr(5)).attributes());
}

TEST_CASE("extended attributes that are there are passed over") {
  std::string out;
  Writer(out, Type::setstat).number(attribute_extended).number(1).text("name@place").text("value").end();
  Reader in(std::string_view(out).substr(5));
  CHECK(in.attributes());
  CHECK(in.atEnd());
}

TEST_CASE("a size that is announced and missing is refused") {
  std::string out;
  Writer(out, Type::setstat).number(attribute_size).end();
  CHECK_FALSE(Reader(std::string_view(out).substr(5)).attributes());
}
