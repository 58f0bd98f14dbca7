#include "frame.hpp"

#include <catch2/catch.hpp>

using namespace pinion::websocket;

TEST_CASE("a frame ends in a newline and has no arguments where there are none") {
  CHECK(frame("auth success") == "{\"event\":\"auth success\"}\n");
  CHECK(frame("install started", "") == "{\"event\":\"install started\",\"args\":[\"\"]}\n");
  CHECK(frame("status", "running") == "{\"event\":\"status\",\"args\":[\"running\"]}\n");
}

TEST_CASE("structured data travels as JSON text in a string") {
  CHECK(frame("stats", R"({"state":"running"})") ==
        "{\"event\":\"stats\",\"args\":[\"{\\\"state\\\":\\\"running\\\"}\"]}\n");
}

TEST_CASE("a name is cut at its first colon") {
  CHECK(wireName("backup completed:uuid:x") == "backup completed");
  CHECK(wireName("status") == "status");
  CHECK(wireName(":x").empty());
}

TEST_CASE("the daemon's own lines have the form that the Panel's page knows") {
  CHECK(daemonLine("Pterodactyl", "text") == "\x1b[33m\x1b[1m[Pterodactyl Daemon]:\x1b[39m text\x1b[0m");
}

TEST_CASE("a JSON string becomes its text, other JSON its source") {
  CHECK(argumentOf(R"("a\n<b>")") == "a\n<b>");
  CHECK(argumentOf(R"({"a":"b"})") == R"({"a":"b"})");
  CHECK(argumentOf("null") == "null");
  CHECK(argumentOf("\"broken") == "\"broken");
  CHECK(argumentOf("").empty());
}
