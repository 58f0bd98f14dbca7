#include "archives/tar_header.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core::archives;

TEST_CASE("a header takes one block where ustar has room, and three where pax is needed") {
  TarEntry entry;
  entry.name = "plain";
  CHECK(tarHeader(entry).size() == 512);
  entry.name = std::string(120, 'd') + "/" + std::string(90, 'f'); // fits prefix and name
  CHECK(tarHeader(entry).size() == 512);
  entry.name = std::string(101, 'f');
  CHECK(tarHeader(entry).size() == 1536);
  entry.name = "\u732b";
  CHECK(tarHeader(entry).size() == 1536);
  entry.name = "big";
  entry.size = 077777777777;
  CHECK(tarHeader(entry).size() == 512);
  entry.size += 1;
  CHECK(tarHeader(entry).find("19 size=8589934592\n") == 512);
  entry.size = 0;
  entry.modified = -1;
  CHECK(tarHeader(entry).find("12 mtime=-1\n") == 512);
}

TEST_CASE("a pax record counts the digits of its own length") {
  TarEntry entry;
  // "99 path=" and a newline are nine bytes; one byte more and the length has three digits.
  for (const std::size_t length : {101U, 900U, 985U, 986U, 987U, 988U, 989U, 990U, 991U}) {
    entry.name = std::string(length, 'n');
    const std::string header = tarHeader(entry);
    const std::string text = header.substr(512, header.find('\n', 512) - 511);
    CHECK(std::stoul(text) == text.size());
  }
}
