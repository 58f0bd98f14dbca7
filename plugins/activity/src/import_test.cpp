// Taking over what Wings left in its database.
#include "node_test.hpp"
#include "wings_database.hpp"

#include <sqlite3.h>

#include <fstream>

using namespace activity;
using Texts = std::vector<std::string>;

namespace {

// The database as Wings makes it, in the node's root folder.
class Wings {
public:
  explicit Wings(Node &node) {
    const auto path = node.fake.nodeFolder("root") / "wings.db";
    REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
    run("CREATE TABLE IF NOT EXISTS activities(id integer NOT NULL, user uuid, server uuid NOT NULL, event text NOT "
        "NULL,"
        " metadata text, ip text NOT NULL, timestamp datetime NOT NULL, PRIMARY KEY (id))");
  }
  Wings(const Wings &) = delete;
  Wings &operator=(const Wings &) = delete;
  ~Wings() { sqlite3_close(handle_); }
  void run(const std::string &sql) {
    REQUIRE(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  void add(const std::string &text, const std::string &ip = "192.0.2.7") {
    run("INSERT INTO activities(user, server, event, metadata, ip, timestamp) VALUES('" + kUser + "','" + kServer +
        "','server:console.command','{\"command\":\"" + text + "\"}','" + ip +
        "','2024-03-17 20:58:30.123456789+00:00')");
  }
  int rows() {
    int out = -1;
    sqlite3_stmt *count = nullptr;
    REQUIRE(sqlite3_prepare_v2(handle_, "SELECT count(*) FROM activities", -1, &count, nullptr) == SQLITE_OK);
    if (sqlite3_step(count) == SQLITE_ROW) out = sqlite3_column_int(count, 0);
    sqlite3_finalize(count);
    return out;
  }

private:
  sqlite3 *handle_ = nullptr;
};

} // namespace

TEST_CASE("what Wings had not sent is taken over once, and sent") {
  Node node;
  Wings wings(node);
  wings.add("a");
  wings.run("INSERT INTO activities(user, server, event, metadata, ip, timestamp) VALUES(NULL,'" + kServer +
            "','server:sftp.write','{\"files\":[\"/x\"]}','192.0.2.7','2024-03-17 20:58:30+00:00')");
  node.start();
  CHECK(wings.rows() == 0);
  CHECK(node.stored() == 0);
  REQUIRE(node.requests.size() == 2);
  CHECK(node.requests[0][0] == Json{{"user", kUser},
                                    {"server", kServer},
                                    {"event", "server:console.command"},
                                    {"metadata", {{"command", "a"}}},
                                    {"ip", "192.0.2.7"},
                                    {"timestamp", "2024-03-17T20:58:30.123456789Z"}});
  CHECK(node.requests[1][0]["user"] == nullptr);
  CHECK_FALSE(node.fake.store.contains("wings"));
  CHECK(node.warnings().empty());
}

TEST_CASE("many rows are taken over piece by piece") {
  Node node;
  Wings wings(node);
  wings.run("BEGIN");
  for (int i = 0; i < 1201; ++i) wings.add(std::to_string(i));
  wings.run("COMMIT");
  node.start();
  CHECK(wings.rows() == 0);
  CHECK(node.commands().size() == 1201);
}

TEST_CASE("a take-over that ended half-way counts no row twice") {
  Node node;
  Wings wings(node);
  wings.add("kept before");
  wings.add("new");
  node.fake.store["wings"] = R"({"id":1,"timestamp":"2024-03-17 20:58:30.123456789+00:00"})";
  node.start();
  CHECK(node.commands() == Texts{"new"});
  CHECK(wings.rows() == 0);
}

TEST_CASE("numbers that Wings uses again are other rows") {
  Node node;
  Wings wings(node);
  wings.add("another");
  node.fake.store["wings"] = R"({"id":1,"timestamp":"2023-01-01 00:00:00+00:00"})";
  node.start();
  CHECK(node.commands() == Texts{"another"});
  CHECK_FALSE(node.fake.store.contains("wings"));
}

TEST_CASE("rows that the Panel would not take are passed over with a warning") {
  Node node;
  Wings wings(node);
  wings.add("bad", "192.0.2");
  wings.add("good");
  node.start();
  CHECK(node.commands() == Texts{"good"});
  CHECK(wings.rows() == 0);
  CHECK(node.warnings() == Texts{"an entry in wings.db is passed over"});
}

TEST_CASE("no row is lost when it cannot be stored here") {
  Node node;
  Wings wings(node);
  wings.add("a");
  node.fake.failNext("store.apply", PINION_E_IO);
  node.start();
  CHECK(wings.rows() == 1);
  CHECK(node.requests.empty());
  CHECK(node.warnings().size() == 1);
  Node next;
  next.fake.store = node.fake.store;
}

TEST_CASE("a file that is no database, or somebody's lock, is one warning") {
  Node node;
  const auto path = node.fake.nodeFolder("root") / "wings.db";
  SECTION("no database") {
    std::ofstream(path) << std::string(8192, 'x');
    node.start();
    CHECK(std::filesystem::file_size(path) == 8192);
  }
  SECTION("a link") {
    std::filesystem::create_symlink("/etc/passwd", path);
    node.start();
  }
  SECTION("a lock") {
    Wings wings(node);
    wings.add("a");
    wings.run("BEGIN EXCLUSIVE");
    node.start();
    wings.run("ROLLBACK");
    CHECK(wings.rows() == 1);
  }
  REQUIRE(node.warnings().size() == 1);
  CHECK(node.warnings()[0].starts_with("the activity that Wings left in wings.db is not taken over"));
  node.record(command("all the same"));
  node.turn();
  CHECK(node.commands() == Texts{"all the same"});
}

TEST_CASE("a database without the table has nothing to take over") {
  Node node;
  const auto path = node.fake.nodeFolder("root") / "wings.db";
  std::ofstream(path).flush();
  node.start();
  CHECK(node.fake.logs.empty());
}
