#include "gate.hpp"
#include "host_key.hpp"
#include "talk_test.hpp"

#include "doorman.hpp"

#include <sys/stat.h>

using namespace sftp;

namespace {

constexpr std::uint32_t put_flags = open_write | open_create | open_truncate;
constexpr std::int64_t mib = 1024 * 1024;

} // namespace

TEST_CASE("a file grows to the disk limit and not beyond it") {
  Talk talk;
  talk.fake.limitDisk(test_server, mib);
  const std::string handle = talk.open("/big", put_flags).text;
  const std::string block(128 * 1024, 'x');
  std::uint64_t at = 0;
  Answer last;
  for (; at < 3 * mib; at += block.size())
    if (last = talk.write(handle, at, block); last.status != Status::ok) break;
  CHECK(last.status == Status::failure);
  CHECK(last.text == "Quota Exceeded");
  CHECK(std::filesystem::file_size(talk.at("big")) <= mib);
  const Answer closed = talk.close(handle); // who sent on without looking at the answers learns of it here
  CHECK(closed.status == Status::failure);
  CHECK(closed.text == "Quota Exceeded");
}

TEST_CASE("a byte at the end of all offsets is refused on a server with a limit, and on one without") {
  Talk talk;
  const std::string handle = talk.open("/f", put_flags).text;
  CHECK(talk.write(handle, ~0ull, "x").status == Status::failure);
  CHECK(talk.write(handle, (1ull << 63) - 2, "xyz").status == Status::failure);
  talk.fake.limitDisk(test_server, mib);
  const Answer refused = talk.write(handle, (1ull << 63) - 3, "x");
  CHECK(refused.text == "Quota Exceeded");
  CHECK(std::filesystem::file_size(talk.at("f")) == 0);
}

TEST_CASE("a full server takes no new file") {
  Talk talk;
  talk.put("big", std::string(2 * mib, 'x'));
  talk.fake.limitDisk(test_server, mib);
  const Answer refused = talk.open("/more", put_flags);
  CHECK(refused.status == Status::failure);
  CHECK(refused.text == "Quota Exceeded");
  CHECK_FALSE(std::filesystem::exists(talk.at("more")));
}

TEST_CASE("bytes that two handles write at the same place are reserved once, and what is unused is given back") {
  pinion::testing::FakeHost fake;
  fake.addServer(test_server);
  const pinion::Host host(fake.raw());
  {
    Growths growths;
    const Files files(host, test_server, PINION_FILES_OWNER);
    auto file = files.open("/f", PINION_OPEN_WRITE | PINION_OPEN_CREATE, 0644);
    REQUIRE(file);
    auto again = files.open("/f", PINION_OPEN_WRITE);
    REQUIRE(again);
    struct stat facts {};
    REQUIRE(::fstat(file->get(), &facts) == 0);
    const auto one = growths.of(files, std::move(*file), facts, false),
               two = growths.of(files, std::move(*again), facts, false);
    CHECK(one == two);
    CHECK(one->cover(10));
    CHECK(two->cover(10));
    REQUIRE(::pwrite(one->fd(), "0123456789", 10, 0) == 10);
    CHECK(two->cover(20 * mib));
  }
  fake.limitDisk(test_server, 10 + 5); // the file's ten bytes are on the disk: the fake counts both
  const Files files(host, test_server, 0);
  CHECK_FALSE(files.reserve(1)); // ten are reserved and ten are used
  CHECK(files.reserve(-10));
  CHECK(files.reserve(5));
}

TEST_CASE("a name names a server by eight letters and digits after its last dot") {
  for (const char *good : {"us.er.1a2b3c4d", "User@example.com.1A2B3C4D", "with space.abcdefgh", "a.12345678"})
    CHECK(namesServer(good));
  for (const char *bad : {"", "user", "user.", ".12345678", "user.short", "user.123456789", "user_12345678",
                          "user.1234567-", "user.12345678.", "12345678"})
    CHECK_FALSE(namesServer(bad));
}

TEST_CASE("the doorman bounds the node, an address, who is not logged in, and a user") {
  Settings settings;
  settings.max_connections = 4;
  settings.max_per_address = 3;
  settings.max_logging_in = 3;
  settings.max_logging_in_per_address = 2;
  settings.max_per_user = 1;
  Doorman doorman(settings);
  CHECK(doorman.enter("a"));
  CHECK(doorman.enter("a"));
  CHECK_FALSE(doorman.enter("a")); // two are logging in
  CHECK(doorman.enter("b"));
  CHECK_FALSE(doorman.enter("c")); // three of all
  CHECK(doorman.login("a", "user"));
  CHECK_FALSE(doorman.login("a", "user"));
  CHECK(doorman.login("a", "other"));
  CHECK(doorman.enter("a"));
  CHECK_FALSE(doorman.enter("a")); // three of the address
  CHECK_FALSE(doorman.enter("c")); // four of the node
  doorman.leave("a", "user");
  CHECK(doorman.login("b", "user"));
  doorman.leave("a", "other");
  doorman.leave("a", "");
  doorman.leave("b", "user");
  CHECK(doorman.inside() == 0);
}

TEST_CASE("failures of one address are told once a minute") {
  Doorman doorman{Settings{}};
  const auto now = std::chrono::steady_clock::now();
  CHECK(doorman.tellOf("a", now));
  CHECK_FALSE(doorman.tellOf("a", now + std::chrono::seconds(59)));
  CHECK(doorman.tellOf("b", now));
  CHECK(doorman.tellOf("a", now + std::chrono::seconds(61)));
}

TEST_CASE("the host key is made once, for root alone, and kept") {
  pinion::testing::FakeHost fake;
  const pinion::Host host(fake.raw());
  const auto first = hostKey(host);
  REQUIRE(first);
  std::ifstream file(fake.nodeFolder("sftp") / "id_ed25519");
  std::string line;
  std::getline(file, line);
  CHECK(line == "-----BEGIN PRIVATE KEY-----");
  struct stat facts {};
  REQUIRE(::stat((fake.nodeFolder("sftp") / "id_ed25519").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
  const auto second = hostKey(host);
  REQUIRE(second);
  CHECK(*first == *second);
}

TEST_CASE("a file that is no key is not replaced: the clients' trust hangs on it") {
  pinion::testing::FakeHost fake;
  const pinion::Host host(fake.raw());
  std::ofstream(fake.nodeFolder("sftp") / "id_ed25519") << "no key\n";
  const auto refused = hostKey(host);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("move it away") != std::string::npos);
}

TEST_CASE("settings that make no sense are named") {
  pinion::testing::FakeHost fake;
  const pinion::Host host(fake.raw());
  CHECK(readSettings(host)->max_connections == 512);
  fake.config = Json{{"max_connections", 0}};
  CHECK(readSettings(host).error().text == "plugins.sftp.max_connections must be a number from 1 to 10000");
}
