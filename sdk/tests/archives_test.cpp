// Archives through the wrapper, against the fake host's: answers, progress, cancelling, and what is refused.
#include <pinion/cpp/files.hpp>
#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <fstream>

using namespace pinion;
using testing::FakeHost;
using testing::readTar;
using testing::tarOf;

namespace {

const std::string kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

struct Packer {
  explicit Packer(Host h) : host(h) {}
  Result<void> start() { return {}; }
  void stop() {}
  Host host;
};

struct Stage {
  FakeHost fake;
  testing::Running<Packer> plugin{fake};
  std::filesystem::path root;
  std::vector<Answer> answers;
  std::vector<Json> progress;
  uint64_t id = 0;

  Stage() {
    fake.addServer(kServer);
    root = fake.serverFolder(kServer);
    REQUIRE(plugin.start());
  }
  ~Stage() {
    CHECK(fake.misuse().empty());
    CHECK(fake.openArchives() == 0);
  }
  void put(const std::string &name, const std::string &bytes) {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << bytes;
  }
  std::string read(const std::string &name) {
    std::ifstream in(root / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  // Begins on the lane and pumps until all is at rest.
  void run(bool pack, const Fd &file, Json options, bool told = true, std::string server = kServer) {
    std::function<void(const Json &)> listen;
    if (told) listen = [this](const Json &now) { progress.push_back(now); };
    plugin.host().spawn([this, pack, fd = file.get(), options, listen, server]() -> Task<void> {
      if (pack)
        answers.push_back(co_await plugin.host().pack(server, fd, options, listen, &id));
      else
        answers.push_back(co_await plugin.host().unpack(server, fd, options, listen, &id));
    });
    fake.pump();
  }
  Fd create(const std::string &name) { return Fd(::open((root / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)); }
  Fd open(const std::string &name) { return Fd(::open((root / name).c_str(), O_RDONLY | O_CLOEXEC)); }
};

} // namespace

TEST_CASE("what is packed is told entry by entry, answered, and comes back when it is unpacked") {
  Stage stage;
  stage.put("in/a", "alpha");
  stage.put("in/d/b.log", "log");
  stage.put("in/d/c", "see");
  stage.put("in/no", "denied");
  std::filesystem::create_directory(stage.root / "in/empty");
  std::filesystem::create_symlink("a", stage.root / "in/link");
  stage.fake.denyFile(kServer, "in/no");
  stage.run(true, stage.create("x.tar"), {{"root", "/in"}, {"ignore", "*.log"}, {"owner", true}, {"checksum", "sha1"}});
  REQUIRE(stage.answers.size() == 1);
  REQUIRE(stage.answers[0]);
  const Json packed = Json::parse(*stage.answers[0]);
  CHECK(packed["entries"] == 3);
  CHECK(packed["left_out"] == 2);
  CHECK(packed["bytes"] == std::filesystem::file_size(stage.root / "x.tar"));
  CHECK(packed["checksum"].get<std::string>().size() == 40);
  std::vector<std::string> told;
  for (const auto &now : stage.progress) told.push_back(now["name"]);
  CHECK(told == std::vector<std::string>{"a", "d/c", "empty", ""}); // the last one comes before the answer
  CHECK(stage.progress.back()["bytes"] == 8);
  stage.progress.clear();
  stage.run(false, stage.open("x.tar"), {{"root", "/out"}});
  REQUIRE(stage.answers.size() == 2);
  CHECK(Json::parse(*stage.answers[1]) == Json{{"bytes", 8}, {"entries", 3}, {"passed_over", 0}, {"format", "tar"}});
  CHECK(stage.progress.back()["total"] == 8);
  CHECK(stage.read("out/d/c") == "see");
  CHECK(std::filesystem::is_directory(stage.root / "out/empty"));
}

TEST_CASE("links are stored and made only when the options say so") {
  Stage stage;
  std::filesystem::create_directory(stage.root / "in");
  std::filesystem::create_symlink("/anywhere", stage.root / "in/link");
  stage.run(true, stage.create("without.tar"), {{"root", "in"}});
  stage.run(true, stage.create("with.tar"), {{"root", "in"}, {"links", true}});
  CHECK(readTar(stage.read("without.tar"))->empty());
  CHECK(readTar(stage.read("with.tar"))->at(0).target == "/anywhere");
  stage.run(false, stage.open("with.tar"), {{"root", "plain"}});
  CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(stage.root / "plain/link")));
  stage.run(false, stage.open("with.tar"), {{"root", "linked"}, {"links", true}});
  CHECK(std::filesystem::read_symlink(stage.root / "linked/link") == "/anywhere");
}

TEST_CASE("an archive that is cancelled in the middle answers once, at once, and nothing more is written") {
  Stage stage;
  stage.put("x.tar", tarOf({{"one", "1"}, {"two", "2"}, {"three", "3"}}));
  stage.fake.duringArchives([&](const std::string &name) {
    if (name != "two") return;
    stage.fake.onLane([&] {
      stage.plugin.host().cancel(stage.id);
      CHECK(stage.answers.size() == 1); // before cancel() returned
    });
  });
  stage.run(false, stage.open("x.tar"), Json::object());
  REQUIRE(stage.answers.size() == 1);
  CHECK(stage.answers[0].error().code == PINION_E_CANCELLED);
  CHECK(stage.read("one") == "1");
  CHECK_FALSE(std::filesystem::exists(stage.root / "two"));
}

TEST_CASE("an archive ends when its server goes, and when the plugin stops") {
  Stage stage;
  stage.put("a", "x");
  stage.put("b", "x");
  const bool removed = GENERATE(true, false);
  int packed = 0;
  stage.fake.duringArchives([&](const std::string &) {
    if (++packed > 1) return;
    if (removed)
      stage.fake.removeServer(kServer);
    else
      stage.plugin.stop();
  });
  stage.run(true, stage.create("x.tar"), {{"files", {"a", "b"}}});
  CHECK(packed == 1);
  CHECK(stage.read("x.tar").empty());
  REQUIRE(stage.answers.size() == (removed ? 1 : 0));
  if (removed) CHECK(stage.answers[0].error().text == "ECANCELED: the archive was cancelled");
}

TEST_CASE("an archive with a wrong descriptor, option or server is not begun, and a busy daemon is busy") {
  Stage stage;
  stage.put("text", "just text");
  const auto refused = [&](bool pack, const Fd &file, const Json &options, const std::string &server = kServer) {
    stage.answers.clear();
    stage.run(pack, file, options, false, server);
    REQUIRE(stage.answers.size() == 1);
    REQUIRE_FALSE(stage.answers[0]);
    return stage.answers[0].error();
  };
  CHECK(refused(true, stage.open("text"), Json::object()).code == PINION_E_INVALID);
  CHECK(refused(false, Fd(), Json::object()).code == PINION_E_INVALID);
  CHECK(refused(true, stage.create("x"), {{"format", "arj"}}).text.starts_with("options: "));
  CHECK(refused(true, stage.create("x"), {{"checksum", "md4"}}).text.starts_with("options: "));
  CHECK(refused(true, stage.create("x"), {{"limit", -1}}).text.starts_with("options: "));
  CHECK(refused(false, stage.open("text"), Json::array()).text.starts_with("options: "));
  CHECK(refused(false, stage.open("text"), {{"root", 7}}).text.starts_with("options: "));
  CHECK(refused(true, stage.create("x"), Json::object(), "ghost").code == PINION_E_NOT_FOUND);
  stage.fake.failNext("archives.unpack", PINION_E_BUSY);
  CHECK(refused(false, stage.open("text"), Json::object()).code == PINION_E_BUSY);
}

TEST_CASE("archives fail as the contract says, with the errno's name first") {
  Stage stage;
  stage.put("text", "just text");
  const std::string archive = tarOf({{"a", "12345"}, {"b", "12345"}});
  stage.put("x.tar", archive);
  stage.put("cut.tar", archive.substr(0, 700));
  stage.put("climbs.tar", tarOf({{"../../a", "x"}}));
  const auto failed = [&](const char *name, const Json &options) {
    stage.answers.clear();
    stage.run(false, stage.open(name), options);
    return stage.answers.at(0).error();
  };
  const auto begins = [](const Error &error, pinion_status code, const std::string &name) {
    return error.code == code && error.text.starts_with(name + ": ");
  };
  CHECK(begins(failed("text", Json::object()), PINION_E_INVALID, "EPROTONOSUPPORT"));
  CHECK(begins(failed("cut.tar", Json::object()), PINION_E_IO, "EBADMSG"));
  CHECK(begins(failed("x.tar", {{"limits", {{"entries", 1}}}}), PINION_E_FULL, "E2BIG"));
  CHECK(begins(failed("x.tar", {{"limits", {{"bytes", 9}}}}), PINION_E_FULL, "E2BIG"));
  CHECK(begins(failed("climbs.tar", {{"root", "d"}}), PINION_E_DENIED, "EXDEV"));
  CHECK_FALSE(std::filesystem::exists(stage.root / "a"));
  stage.run(false, stage.open("climbs.tar"), {{"root", "/d"}});
  CHECK(stage.read("a") == "x");
  stage.fake.limitDisk(kServer, 1);
  CHECK(begins(failed("x.tar", Json::object()), PINION_E_FULL, "EDQUOT"));
  stage.answers.clear();
  stage.run(true, stage.create("small.tar"), {{"limit", 600}});
  CHECK(begins(stage.answers.at(0).error(), PINION_E_FULL, "EFBIG"));
  stage.answers.clear();
  stage.run(true, stage.create("none.tar"), {{"root", "/ghost"}});
  CHECK(begins(stage.answers.at(0).error(), PINION_E_NOT_FOUND, "ENOENT"));
}
