#include "docker/line_splitter.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace pinion::core;
using Lines = std::vector<std::string>;

namespace {

// All lines of `text`, given in pieces of `step` bytes.
Lines split(std::string_view text, std::size_t step = 100000) {
  LineSplitter splitter;
  Lines out;
  std::string line;
  while (!text.empty()) {
    std::string_view piece = text.substr(0, step);
    text.remove_prefix(piece.size());
    while (splitter.next(piece, line)) out.push_back(line);
    REQUIRE(piece.empty());
  }
  if (splitter.rest(line)) out.push_back(line);
  return out;
}

} // namespace

TEST_CASE("a terminal stream is told line by line") {
  struct Row {
    std::string text;
    Lines lines;
  };
  const Row rows[] = {
      {"one\ntwo\n", {"one", "two"}},
      {"one\r\ntwo\r\n", {"one", "two"}},
      {"one\r\r\n", {"one\r"}},
      {"\n\r\n\n", {}},
      {"no end", {"no end"}},
      {"no end\r", {"no end\r"}},
      {"a \rb\n", {"a\r\nb"}},
      {"a \r b \rc\n", {"a\r\n b\r\nc"}},
      {"a \r\n", {"a "}},
      {"lone\rreturn\n", {"lone\rreturn"}},
      {"bad \xff bytes\n", {"bad \xff bytes"}},
      {std::string("nul\0byte\n", 9), {std::string("nul\0byte", 8)}},
  };
  for (const auto &row : rows)
    for (const std::size_t step : {1, 2, 3, 100000}) {
      CAPTURE(row.text, step);
      CHECK(split(row.text, step) == row.lines);
    }
}

TEST_CASE("a line over 64 KiB is told in pieces and nothing of it is lost") {
  const std::size_t most = LineSplitter::kLongest;
  for (const std::size_t step : {1000, 65536, 65537, 1 << 20}) {
    CAPTURE(step);
    CHECK(split(std::string(most, 'x') + "\nnext\n", step) == Lines{std::string(most, 'x'), "next"});
    CHECK(split(std::string(most, 'x') + "\r\nnext\n", step) == Lines{std::string(most, 'x'), "next"});
    CHECK(split(std::string(most + 1, 'x') + "\n", step) == Lines{std::string(most, 'x'), "x"});
    CHECK(split(std::string(3 * most, 'x'), step) == Lines(3, std::string(most, 'x')));
  }
}

TEST_CASE("lines of an engine stream are bounded") {
  LineReader reader;
  Lines out;
  const auto take = [&](std::string_view line) { out.emplace_back(line); };
  reader.feed("{\"a\":1}\r\n\r\n{\"b\"", take);
  reader.feed(":2}\nrest", take);
  CHECK(out == Lines{"{\"a\":1}", "{\"b\":2}"});
  reader.flush(take);
  CHECK(out.back() == "rest");
  out.clear();
  for (int i = 0; i < 300; ++i) reader.feed(std::string(1024, 'x'), take);
  CHECK(out.size() == 1);
}

TEST_CASE("frames of a stream without terminal are found wherever reads split them") {
  std::string stream;
  for (const std::string text : {"first\n", "", "second\n"}) {
    const char head[8] = {1, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())};
    stream += std::string(head, 8) + text;
  }
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    FrameReader reader;
    std::string out;
    for (std::size_t at = 0; at < stream.size(); at += step)
      reader.feed(std::string_view(stream).substr(at, step), [&](std::string_view bytes) { out += bytes; });
    CHECK(out == "first\nsecond\n");
  }
}
