// Listings that are longer than what is sent at once.
#include "plugin.hpp"

#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <fstream>

using namespace pinion;

TEST_CASE("a long listing is sent in pieces and is whole, in order") {
  const std::string server = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";
  testing::FakeHost fake("files");
  testing::Running<files::FilesPlugin> plugin(fake, "files");
  fake.addServer(server);
  REQUIRE(plugin.start());
  const auto folder = fake.serverFolder(server) / "many";
  std::filesystem::create_directories(folder / "a folder");
  for (int i = 1000; i < 3000; ++i) std::ofstream(folder / std::to_string(i)) << (i % 2 == 0 ? "" : "text");
  const auto answer = fake.request("GET", "/api/servers/" + server + "/files/list-directory?directory=many");
  REQUIRE(answer->status == 200);
  CHECK(answer->headers["Content-Type"] == "application/json; charset=utf-8");
  CHECK(answer->body.size() > 256 * 1024);
  const Json rows = answer->json();
  REQUIRE(rows.size() == 2001);
  CHECK(rows[0]["name"] == "a folder");
  CHECK(rows[1]["mime"] == "text/plain");
  CHECK(rows[2]["mime"] == "text/plain; charset=utf-8");
  for (std::size_t i = 1; i < rows.size(); ++i) CHECK(rows[i]["name"] == std::to_string(999 + i));
  CHECK(fake.misuse().empty());
}
