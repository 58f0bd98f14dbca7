#include "machine/report.hpp"

#include "machine/facts.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <catch2/catch.hpp>

#include <fstream>

using namespace pinion::core;

namespace {

Poco::JSON::Object::Ptr parse(const std::string &text) {
  return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

const std::string engine = R"({"version":{"Version":"20.10.24"},"info":{"CgroupDriver":"systemd","CgroupVersion":"2",
  "Containers":4,"ContainersRunning":2,"ContainersPaused":0,"ContainersStopped":2,"Driver":"overlay2","MemTotal":1024,
  "DriverStatus":[["Backing Filesystem","extfs"],["x","y"]],"RuncCommit":{"ID":"v1"},"OperatingSystem":"D"}})";

} // namespace

TEST_CASE("the short report has the old shape") {
  CHECK(machine::shortReport("1.2") == R"({"architecture":")" + machine::architecture() + R"(","cpu_count":)" +
                                           std::to_string(machine::processors()) + R"(,"kernel_version":")" +
                                           machine::kernelVersion() + R"(","os":"linux","version":"1.2"})");
}

TEST_CASE("the full report takes the engine's figures") {
  const auto report = machine::fullReport("1.2", engine);
  REQUIRE(report);
  const auto docker = parse(*report)->getObject("docker");
  CHECK(docker->getObject("containers")->getValue<int>("running") == 2);
  CHECK(docker->getObject("storage")->getValue<std::string>("filesystem") == "extfs");
  CHECK(docker->getObject("runc")->getValue<std::string>("version") == "v1");
  CHECK(parse(*report)->getObject("system")->getValue<int>("memory_bytes") == 1024);
}

TEST_CASE("an engine that says nothing is an error") {
  CHECK_FALSE(machine::fullReport("1", "{}"));
  CHECK_FALSE(machine::fullReport("1", "nonsense"));
}

TEST_CASE("configured addresses follow the machine's, each once") {
  Config config;
  config.docker.system_ips = {"203.0.113.9", "203.0.113.9"};
  const auto list = parse(machine::addressReport(config))->getArray("ip_addresses");
  CHECK(list->getElement<std::string>(static_cast<unsigned>(list->size()) - 1) == "203.0.113.9");
  CHECK(list->size() == machine::addresses().size() + 1);
}

TEST_CASE("utilization is complete and readable") {
  const auto report = parse(machine::utilizationReport(Config{}));
  for (const char *key : {"memory_total", "memory_used", "swap_total", "swap_used", "load_average1", "load_average5",
                          "load_average15", "cpu_percent", "disk_total", "disk_used", "disk_details"})
    CHECK(report->has(key));
  CHECK(report->getValue<Poco::Int64>("memory_total") > 0);
}

TEST_CASE("diagnostics hides endpoints unless asked, and shows the end of the log") {
  char folder[] = "/tmp/pinion-report-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  std::ofstream(std::string(folder) + "/wings.log") << "one\ntwo to https://panel.example\nthree\n";
  Config config;
  config.remote = "https://panel.example";
  config.token = "very-secret";
  config.system.log_directory = folder;
  const std::string hidden = machine::diagnostics(config, "1", engine, {.log_lines = 2});
  CHECK(hidden.find("panel.example") == std::string::npos);
  CHECK(hidden.find("one\n") == std::string::npos);
  CHECK(hidden.find("two to {redacted}\nthree") != std::string::npos);
  CHECK(hidden.find("very-secret") == std::string::npos);
  const std::string shown = machine::diagnostics(config, "1", "", {.include_endpoints = true, .include_logs = false});
  CHECK(shown.find("https://panel.example") != std::string::npos);
  CHECK(shown.find("three") == std::string::npos);
  CHECK(shown.find("does not answer") != std::string::npos);
  ::unlink((std::string(folder) + "/wings.log").c_str());
  ::rmdir(folder);
}
