#include "console/lines.hpp"

#include <catch2/catch.hpp>

using namespace pinion::core;

TEST_CASE("typed lines are commands unless they begin with one dot") {
  using Kind = Typed::Kind;
  const std::vector<std::tuple<std::string, Kind, std::string>> table = {{"say hi", Kind::command, "say hi"},
                                                                         {"stop", Kind::command, "stop"},
                                                                         {"say hi\r", Kind::command, "say hi"},
                                                                         {".start", Kind::power, "start"},
                                                                         {".stop ", Kind::power, "stop"},
                                                                         {".restart", Kind::power, "restart"},
                                                                         {".kill", Kind::power, "kill"},
                                                                         {".stats", Kind::stats, ""},
                                                                         {".quit", Kind::quit, ""},
                                                                         {".help", Kind::help, ""},
                                                                         {".stpo", Kind::unknown, ".stpo"},
                                                                         {".", Kind::unknown, "."},
                                                                         {"..stop", Kind::command, ".stop"},
                                                                         {"", Kind::nothing, ""},
                                                                         {"\r\n", Kind::nothing, ""},
                                                                         {".start now", Kind::unknown, ".start now"}};
  for (const auto &[line, kind, text] : table) {
    INFO(line);
    const Typed typed = readTyped(line);
    CHECK(typed.kind == kind);
    CHECK(typed.text == text);
  }
}

TEST_CASE("messages are written and read as the protocol has them") {
  CHECK(encodeMessage({"send logs", ""}) == R"({"event":"send logs"})");
  CHECK(encodeMessage({"send command", "say \"hi\""}) == R"({"event":"send command","args":["say \"hi\""]})");
  const auto read = [](const std::string &frame) {
    const auto message = decodeMessage(frame);
    return message ? message->event + "|" + message->text : "(" + message.error().text + ")";
  };
  CHECK(read("{\"event\":\"status\",\"args\":[\"running\"]}\n") == "status|running");
  CHECK(read(R"({"event":"auth success"})") == "auth success|");
  CHECK(read(R"({"event":"x","args":["a",null,"b"]})") == "x|ab");
  CHECK(read(R"({"event":"x","args":null})") == "x|");
  CHECK(read(R"({})") == "|");
  for (const char *bad : {"", "[]", "5", "{", "nonsense"}) CHECK_FALSE(decodeMessage(bad));
}

TEST_CASE("escape sequences are taken out whole") {
  CHECK(withoutAnsi("\x1b[33m\x1b[1m[Pterodactyl Daemon]:\x1b[39m text\x1b[0m") == "[Pterodactyl Daemon]: text");
  CHECK(withoutAnsi("\x1b]0;title\atext") == "text");
  CHECK(withoutAnsi("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == "link");
  CHECK(withoutAnsi("\x1b(Btext\x1b=") == "text");
  CHECK(withoutAnsi("a\tb\rc\bd\x7f"
                    "e") == "a\tbcde");
  CHECK(withoutAnsi("cut \x1b[38;5") == "cut ");
  CHECK(withoutAnsi("cut \x1b") == "cut ");
  CHECK(withoutAnsi("caf\xc3\xa9") == "caf\xc3\xa9");
}

TEST_CASE("sizes and times are written for people") {
  CHECK(formatBytes(0) == "0 B");
  CHECK(formatBytes(1023) == "1023 B");
  CHECK(formatBytes(1024) == "1.0 KiB");
  CHECK(formatBytes(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(formatBytes(1610612736) == "1.5 GiB");
  CHECK(formatBytes(~std::uint64_t{0}) == "16384.0 PiB");
  CHECK(formatDuration(0) == "0s");
  CHECK(formatDuration(59999) == "59s");
  CHECK(formatDuration(61000) == "1m 1s");
  CHECK(formatDuration(7380000) == "2h 3m");
  CHECK(formatDuration(90000000) == "1d 1h");
}

TEST_CASE("figures are one line") {
  const auto line = formatFigures(
      R"({"memory_bytes":1572864,"memory_limit_bytes":67108864,"cpu_absolute":12.345,"network":{"rx_bytes":1,"tx_bytes":2},)"
      R"("uptime":61000,"state":"running","disk_bytes":2048})");
  REQUIRE(line);
  CHECK(*line ==
        "running, up 1m 1s | memory 1.5 MiB of 64.0 MiB | cpu 12.3 % | disk 2.0 KiB | network in 1 B, out 2 B");
  CHECK(*formatFigures(R"({"state":"offline"})") == "offline | memory 0 B | cpu 0.0 % | disk 0 B");
  CHECK_FALSE(formatFigures("nonsense"));
  CHECK_FALSE(formatFigures("[]"));
}
