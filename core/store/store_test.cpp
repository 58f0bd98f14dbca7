#include "base/folder_for_tests.hpp"
#include "store/store.hpp"

#include <catch2/catch.hpp>

#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace fs = std::filesystem;
using namespace pinion::core;

namespace {

struct Folder : testing::TestFolder {
  [[nodiscard]] std::string file() const { return (path / "pinion.db").string(); }
  [[nodiscard]] std::unique_ptr<Store> open() const {
    auto store = Store::open(file());
    if (!store) FAIL(store.error().text);
    return std::move(*store);
  }
};

using Keys = std::vector<std::string>;

} // namespace

TEST_CASE("what was put is there again after the store is opened anew") {
  const Folder folder;
  const std::string bytes("a\0b\xff", 4);
  {
    const auto store = folder.open();
    REQUIRE(store->put("s", "k", bytes));
    REQUIRE(store->put("s", "empty", ""));
    REQUIRE(store->put("other", "k", "2"));
    REQUIRE(store->put("other", "k", "3"));
  }
  const auto store = folder.open();
  CHECK(**store->get("s", "k") == bytes);
  CHECK(**store->get("s", "empty") == "");
  CHECK(**store->get("other", "k") == "3");
  CHECK(!*store->get("s", "absent"));
  REQUIRE(store->remove("s", "k"));
  REQUIRE(store->remove("s", "k"));
  CHECK(!*store->get("s", "k"));
}

TEST_CASE("keys come sorted, of one space and with one prefix") {
  const Folder folder;
  const auto store = folder.open();
  for (const char *key : {"b", "a/2", "a/1", "a", "a0", "A", "", "\xc3\xa4", "a%"}) REQUIRE(store->put("s", key, "x"));
  REQUIRE(store->put("t", "a/3", "x"));
  CHECK(*store->keys("s", "a/") == Keys{"a/1", "a/2"});
  CHECK(*store->keys("s", "a") == Keys{"a", "a%", "a/1", "a/2", "a0"});
  CHECK(store->keys("s", "")->size() == 9);
  CHECK(store->keys("s", "zz")->empty());
  CHECK(store->keys("none", "")->empty());
}

TEST_CASE("changes are made together, in their order, and are there after the store is opened anew") {
  const Folder folder;
  {
    const auto store = folder.open();
    REQUIRE(store->put("s", "gone", "x"));
    const std::vector<Store::Change> changes{{"a", "1"}, {"gone", ""}, {"b", "2"}, {"a", "3"}, {"never", ""}};
    REQUIRE(store->apply("s", changes));
    REQUIRE(store->apply("s", {}));
  }
  const auto store = folder.open();
  CHECK(*store->keys("s", "") == Keys{"a", "b"});
  CHECK(**store->get("s", "a") == "3");
  CHECK(store->keys("other", "")->empty());
}

TEST_CASE("of changes that cannot all be made none is") {
  const Folder folder;
  const auto store = folder.open();
  REQUIRE(store->put("s", "k", "before"));
  sqlite3 *handle = nullptr; // the second of the changes is refused by the database
  REQUIRE(sqlite3_open(folder.file().c_str(), &handle) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle,
                       "CREATE TRIGGER refuse BEFORE INSERT ON entries WHEN NEW.key='bad'"
                       " BEGIN SELECT RAISE(ABORT, 'refused'); END",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
  const std::vector<Store::Change> changes{{"k", "after"}, {"bad", "1"}, {"c", "2"}};
  const auto applied = store->apply("s", changes);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == Code::io);
  CHECK(**store->get("s", "k") == "before");
  CHECK(*store->keys("s", "") == Keys{"k"});
  REQUIRE(store->put("s", "next", "1")); // no transaction is left open
}

TEST_CASE("changes beyond the bound are refused") {
  const Folder folder;
  const auto store = folder.open();
  const std::vector<Store::Change> many(Store::kMostChanges + 1, Store::Change{"k", "v"});
  CHECK(store->apply("s", many).error().code == Code::invalid);
  const std::string half(Store::kMostBytes / 2, 'x');
  const std::vector<Store::Change> large{{"a", half}, {"b", half}};
  CHECK(store->apply("s", large).error().code == Code::invalid);
  CHECK(store->keys("s", "")->empty());
}

TEST_CASE("more entries than one statement binds variables are kept, paged and removed") {
  constexpr std::size_t kEntries = 40'000; // SQLite binds 32,766
  const Folder folder;
  const auto store = folder.open();
  Keys keys;
  for (std::size_t i = 0; i < kEntries; ++i) keys.push_back("row/" + std::to_string(kEntries + i));
  const auto change = [&](std::string_view value) {
    for (std::size_t at = 0; at < kEntries;) {
      std::vector<Store::Change> changes;
      for (; at < kEntries && changes.size() < Store::kMostChanges; ++at) changes.push_back({keys[at], value});
      REQUIRE(store->apply("s", changes));
    }
  };
  change("x");
  CHECK(*store->keys("s", "row/") == keys);
  Keys paged;
  const auto each = [&](std::string_view key, std::string_view) { paged.emplace_back(key); };
  REQUIRE(store->page("s", "row/", std::nullopt, kEntries, each));
  CHECK(paged == keys);
  change("");
  CHECK(store->keys("s", "")->empty());
}

TEST_CASE("a page holds the entries of one prefix behind a key") {
  const Folder folder;
  const auto store = folder.open();
  for (const char *key : {"a/1", "a/2", "a/3", "b/1", "a"}) REQUIRE(store->put("s", key, std::string("v") + key));
  REQUIRE(store->put("t", "a/4", "x"));
  const auto page = [&](std::string_view prefix, std::optional<std::string_view> after, std::size_t limit) {
    Keys out;
    REQUIRE(store->page("s", prefix, after, limit, [&](std::string_view key, std::string_view value) {
      CHECK(value == "v" + std::string(key));
      out.emplace_back(key);
    }));
    return out;
  };
  CHECK(page("a/", std::nullopt, 10) == Keys{"a/1", "a/2", "a/3"});
  CHECK(page("a/", std::nullopt, 2) == Keys{"a/1", "a/2"});
  CHECK(page("a/", "a/2", 10) == Keys{"a/3"});
  CHECK(page("a/", "a/2x", 10) == Keys{"a/3"});
  CHECK(page("a/", "A", 1) == Keys{"a/1"});
  CHECK(page("a/", "b", 10).empty());
  CHECK(page("a/", std::nullopt, 0).empty());
  CHECK(page("", "a", 2) == Keys{"a/1", "a/2"});
}

TEST_CASE("a page is bounded by its bytes, and holds one entry at least") {
  const Folder folder;
  const auto store = folder.open();
  const std::string large(Store::kMostBytes + 1, 'x'), small(Store::kMostBytes / 2, 'x');
  REQUIRE(store->put("s", "1", large));
  for (const char *key : {"2", "3", "4"}) REQUIRE(store->put("s", key, small));
  const auto count = [&](std::optional<std::string_view> after) {
    int out = 0;
    REQUIRE(store->page("s", "", after, 10, [&](std::string_view, std::string_view) { ++out; }));
    return out;
  };
  CHECK(count(std::nullopt) == 1);
  CHECK(count("1") == 1);
}

TEST_CASE("a claim succeeds once until it runs out, also over a restart") {
  const Folder folder;
  {
    const auto store = folder.open();
    CHECK(*store->claim("s", "k", 100, 10));
    CHECK(!*store->claim("s", "k", 100, 11));
    CHECK(*store->claim("t", "k", 100, 11));
    CHECK(*store->claim("s", "", 100, 11));
  }
  const auto store = folder.open();
  CHECK(!*store->claim("s", "k", 200, 100));
  CHECK(*store->claim("s", "k", 200, 101));
  CHECK(!*store->claim("s", "k", 200, 150));
}

TEST_CASE("claims that ran out are forgotten") {
  const Folder folder;
  {
    const auto store = folder.open();
    for (int i = 0; i < 100; ++i) REQUIRE(store->claim("s", std::to_string(i), 100, 10));
    REQUIRE(store->claim("s", "late", 1000, 500));
  }
  sqlite3 *handle = nullptr;
  REQUIRE(sqlite3_open(folder.file().c_str(), &handle) == SQLITE_OK);
  sqlite3_stmt *count = nullptr;
  REQUIRE(sqlite3_prepare_v2(handle, "SELECT count(*) FROM claims", -1, &count, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(count) == SQLITE_ROW);
  CHECK(sqlite3_column_int(count, 0) == 1);
  sqlite3_finalize(count);
  sqlite3_close(handle);
}

TEST_CASE("of many claims at once one succeeds") {
  const Folder folder;
  const auto store = folder.open();
  std::atomic<int> won = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      const auto claimed = store->claim("s", "one", 100, 1);
      if (claimed && *claimed) ++won;
    });
  for (auto &thread : threads) thread.join();
  CHECK(won == 1);
}

TEST_CASE("the files of the store are private") {
  const Folder folder;
  std::ofstream(folder.file()).flush();
  ::chmod(folder.file().c_str(), 0644);
  const auto store = folder.open();
  REQUIRE(store->put("s", "k", "v"));
  int files = 0;
  for (const auto &entry : fs::directory_iterator(folder.path)) {
    CAPTURE(entry.path());
    ++files;
    CHECK((static_cast<unsigned>(entry.status().permissions()) & 0777u) == 0600u);
  }
  CHECK(files == 3);
}

TEST_CASE("a file that is no database is moved aside") {
  const Folder folder;
  std::ofstream(folder.file()) << std::string(4096, 'x');
  const auto store = folder.open();
  REQUIRE(store->put("s", "k", "v"));
  CHECK(**store->get("s", "k") == "v");
  CHECK(fs::file_size(folder.file() + ".broken") == 4096);
}

TEST_CASE("a store that cannot be there is refused with its name") {
  const Folder folder;
  for (const std::string &path : {folder.path.string(), (folder.path / "no" / "such.db").string()}) {
    const auto store = Store::open(path);
    REQUIRE(!store);
    CHECK(store.error().code == Code::io);
    CHECK(store.error().text.find(path) != std::string::npos);
  }
  CHECK(!fs::exists(folder.path.string() + ".broken"));
}

TEST_CASE("a store may lie behind a linked folder, but is no link itself") {
  const Folder folder;
  fs::create_directory(folder.path / "real");
  fs::create_symlink("real", folder.path / "linked");
  CHECK(Store::open((folder.path / "linked" / "pinion.db").string()));
  fs::create_symlink("elsewhere", folder.path / "link.db");
  CHECK(!Store::open((folder.path / "link.db").string()));
}
