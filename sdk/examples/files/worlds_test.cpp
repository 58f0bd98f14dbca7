#include "worlds.hpp"

#include <pinion/testing/fake_host.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>

static void expect(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

static const std::string server = "11111111-2222-4333-8444-555555555555";
static const std::string worlds = "/api/servers/" + server + "/worlds";

struct Node {
  pinion::testing::FakeHost fake;
  pinion::testing::Running<Worlds> plugin{fake, "worlds"};
  std::filesystem::path root;
  Node() {
    fake.addServer(server);
    root = fake.serverFolder(server); // a real folder, which goes with the fake
    std::filesystem::create_directories(root / "overworld");
    std::ofstream(root / "overworld/level.dat") << "level";
    expect(static_cast<bool>(plugin.start()), "the plugin starts");
  }
  ~Node() { expect(fake.misuse().empty(), "no rule of the ABI is broken"); }
  std::string read(const std::string &name) const {
    std::ifstream in(root / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

static void worldsAreListed() {
  Node node;
  const auto answer = node.fake.request("GET", worlds);
  expect(answer->status == 200 && answer->body == R"(["overworld"])", "the folders are listed");
}

// [test-pack]
static void aWorldIsPacked() {
  Node node;
  expect(node.fake.request("POST", worlds + "?name=overworld")->status == 204, "it is packed");
  const auto entries = pinion::testing::readTar(node.read("overworld.tar.gz")); // the fake's archives are plain tar
  expect(entries && entries->size() == 1 && entries->at(0).name == "overworld/level.dat", "the file is in it");
}

static void aServerThatIsDeletedMeanwhileGetsNoArchive() {
  Node node;
  node.fake.duringArchives([&](const std::string &) { node.fake.removeServer(server); });
  expect(node.fake.request("POST", worlds + "?name=overworld")->status == 502, "it is told that it failed");
  expect(!std::filesystem::exists(node.root / "overworld.tar.gz"), "nothing is left");
}
// [test-pack]

// [test-fetch]
static void aWorldIsDownloadedWholeOrNotAtAll() {
  Node node;
  node.fake.page("https://example.com/w.zip", {.body = "a world"});
  node.fake.page("https://example.com/cut.zip", {.body = "a world", .cut_after = 3});
  node.fake.page("https://example.com/silent.zip", {.body = "x", .head = [&] { // the host does not answer
                                                      node.fake.publish("daemon.stopping", "", "{}");
                                                      node.fake.pump();
                                                    }});
  const auto fetch = [&](const std::string &name) {
    return node.fake.request("PUT", worlds + "?name=" + name + "&url=https://example.com/" + name)->status;
  };
  expect(fetch("w.zip") == 204 && node.read("w.zip") == "a world", "it is there");
  expect(fetch("cut.zip") == 502 && !std::filesystem::exists(node.root / "cut.zip"), "half a world is none");
  expect(fetch("silent.zip") == 502 && node.fake.openFetches() == 0, "a stop does not wait for a silent host");
}
// [test-fetch]

int main() {
  worldsAreListed();
  aWorldIsPacked();
  aServerThatIsDeletedMeanwhileGetsNoArchive();
  aWorldIsDownloadedWholeOrNotAtAll();
  std::puts("all well");
}
