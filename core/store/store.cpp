#include "store/store.hpp"

#include "base/guarded.hpp"
#include "log/log.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace pinion::core {

namespace {

constexpr int kBusyMilliseconds = 5000;
constexpr std::int64_t kPruneSeconds = 60;

// WAL, synced at its checkpoints only: what a call wrote before it returned outlives the daemon, however that ends, but
// not a loss of power, which may take the last seconds. A sync for each commit takes 10 ms of a common disk, and a
// hundred files a second would be the most that anyone uploads. The cache is small; rows are read once.
constexpr const char *kSetUp = "PRAGMA journal_mode=WAL;"
                               "PRAGMA synchronous=NORMAL;"
                               "PRAGMA cache_size=-256;"
                               "PRAGMA mmap_size=0;"
                               "PRAGMA wal_autocheckpoint=256;"
                               "PRAGMA journal_size_limit=1048576;"
                               "CREATE TABLE IF NOT EXISTS entries(space TEXT NOT NULL, key TEXT NOT NULL,"
                               " value BLOB NOT NULL, PRIMARY KEY(space, key)) WITHOUT ROWID;"
                               "CREATE TABLE IF NOT EXISTS claims(space TEXT NOT NULL, key TEXT NOT NULL,"
                               " expiry INTEGER NOT NULL, PRIMARY KEY(space, key)) WITHOUT ROWID;"
                               "CREATE INDEX IF NOT EXISTS claims_expiry ON claims(expiry);";

enum Query { get, put, remove, keys, prune, claim, from, after, begin, commit, rollback, kQueries };
constexpr const char *kQueryTexts[kQueries] = {
    "SELECT value FROM entries WHERE space=?1 AND key=?2",
    "INSERT INTO entries(space, key, value) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET value=excluded.value",
    "DELETE FROM entries WHERE space=?1 AND key=?2",
    "SELECT key FROM entries WHERE space=?1 AND key>=?2 ORDER BY key",
    "DELETE FROM claims WHERE expiry<?1",
    // A claim that ran out may be made again, whether or not it was pruned.
    ("INSERT INTO claims(space, key, expiry) VALUES(?1, ?2, ?3)"
     " ON CONFLICT DO UPDATE SET expiry=excluded.expiry WHERE claims.expiry<?4"),
    "SELECT key, value FROM entries WHERE space=?1 AND key>=?2 ORDER BY key",
    "SELECT key, value FROM entries WHERE space=?1 AND key>?2 ORDER BY key",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
};

struct Database {
  std::string path;
  sqlite3 *handle = nullptr;
  sqlite3_stmt *statements[kQueries] = {};
  std::int64_t pruned_at = 0;

  Database() = default;
  Database(const Database &) = delete;
  Database &operator=(const Database &) = delete;
  ~Database() {
    for (auto *statement : statements) sqlite3_finalize(statement);
    sqlite3_close(handle);
  }

  [[nodiscard]] Error error() const {
    const int code = sqlite3_errcode(handle) & 0xff;
    return {code == SQLITE_BUSY || code == SQLITE_LOCKED ? Code::busy : Code::io,
            "the store " + path + ": " + sqlite3_errmsg(handle)};
  }
};

// One run of a prepared statement; it is ready for the next when this goes.
class Run {
public:
  Run(Database &database, Query query) : database_(database), statement_(database.statements[query]) {}
  Run(const Run &) = delete;
  Run &operator=(const Run &) = delete;
  ~Run() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Run &text(int index, std::string_view text) {
    const char *data = text.empty() ? "" : text.data(); // a null pointer would bind NULL
    sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }
  Run &blob(int index, std::string_view bytes) {
    if (bytes.empty())
      sqlite3_bind_zeroblob(statement_, index, 0);
    else
      sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_STATIC);
    return *this;
  }
  Run &number(int index, std::int64_t number) {
    sqlite3_bind_int64(statement_, index, number);
    return *this;
  }
  // True: there is a row; false: the end.
  Result<bool> step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return database_.error();
  }
  Result<void> finish() {
    auto stepped = step();
    if (!stepped) return stepped.error();
    return {};
  }
  [[nodiscard]] std::string_view view(int index) const { // until the next step
    const auto *data = static_cast<const char *>(sqlite3_column_blob(statement_, index));
    return data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, index)))
                : std::string_view();
  }
  [[nodiscard]] std::string column() const { return std::string(view(0)); }

private:
  Database &database_;
  sqlite3_stmt *statement_;
};

enum class Opened { ready, broken, failed };

struct Attempt {
  Opened outcome = Opened::failed;
  Error error;
  std::unique_ptr<Database> database;
};

Attempt attempt(const std::string &path) {
  Attempt out;
  out.database = std::make_unique<Database>();
  auto &database = *out.database;
  database.path = path;
  const auto refuse = [&](int code) -> Attempt & {
    const bool broken = (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT;
    out.outcome = broken ? Opened::broken : Opened::failed;
    out.error = database.error();
    out.database.reset();
    return out;
  };
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX;
  if (const int code = sqlite3_open_v2(path.c_str(), &database.handle, flags, nullptr); code != SQLITE_OK)
    return std::move(refuse(code));
  sqlite3_busy_timeout(database.handle, kBusyMilliseconds);
  if (const int code = sqlite3_exec(database.handle, kSetUp, nullptr, nullptr, nullptr); code != SQLITE_OK)
    return std::move(refuse(code));
  for (int i = 0; i < kQueries; ++i) {
    const int code = sqlite3_prepare_v3(database.handle, kQueryTexts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &database.statements[i], nullptr);
    if (code != SQLITE_OK) return std::move(refuse(code));
  }
  out.outcome = Opened::ready;
  return out;
}

// SQLite gives its side files the mode of the main one, so that is made first.
Result<void> makePrivate(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || ::fchmod(fd, 0600) != 0) {
    const Error error{Code::io, "cannot open the store " + path + ": " + std::strerror(errno)};
    if (fd >= 0) ::close(fd);
    return error;
  }
  ::close(fd);
  return {};
}

Result<void> moveAside(const std::string &path) {
  for (const char *suffix : {"-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
  if (::rename(path.c_str(), (path + ".broken").c_str()) != 0)
    return Error{Code::io, "cannot move the broken store " + path + " aside: " + std::strerror(errno)};
  return {};
}

Result<void> change(Database &database, const std::string &space, const Store::Change &one) {
  if (one.value.empty()) return Run(database, Query::remove).text(1, space).text(2, one.key).finish();
  return Run(database, Query::put).text(1, space).text(2, one.key).blob(3, one.value).finish();
}

} // namespace

struct Store::Impl {
  Guarded<std::unique_ptr<Database>> database;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string &path) {
  if (auto made = makePrivate(path); !made) return made.error();
  auto opened = attempt(path);
  if (opened.outcome == Opened::broken) {
    log::warn("the store is damaged; it is moved aside and a new one begun",
              {{"file", path}, {"kept_as", path + ".broken"}, {"error", opened.error.text}});
    if (auto moved = moveAside(path); !moved) return moved.error();
    if (auto made = makePrivate(path); !made) return made.error();
    opened = attempt(path);
  }
  if (opened.outcome != Opened::ready) return opened.error;
  auto impl = std::make_unique<Impl>();
  impl->database.with([&](auto &database) { database = std::move(opened.database); });
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<std::optional<std::string>> Store::get(const std::string &space, const std::string &key) {
  return impl_->database.with([&](auto &database) -> Result<std::optional<std::string>> {
    Run run(*database, Query::get);
    const auto row = run.text(1, space).text(2, key).step();
    if (!row) return row.error();
    return *row ? std::optional(run.column()) : std::nullopt;
  });
}

Result<void> Store::put(const std::string &space, const std::string &key, std::string_view value) {
  return impl_->database.with(
      [&](auto &database) { return Run(*database, Query::put).text(1, space).text(2, key).blob(3, value).finish(); });
}

Result<void> Store::remove(const std::string &space, const std::string &key) {
  return impl_->database.with(
      [&](auto &database) { return Run(*database, Query::remove).text(1, space).text(2, key).finish(); });
}

Result<std::vector<std::string>> Store::keys(const std::string &space, const std::string &prefix) {
  return impl_->database.with([&](auto &database) -> Result<std::vector<std::string>> {
    std::vector<std::string> out;
    Run run(*database, Query::keys);
    run.text(1, space).text(2, prefix);
    for (;;) {
      const auto row = run.step();
      if (!row) return row.error();
      if (!*row) return out;
      auto key = run.column();
      if (!key.starts_with(prefix)) return out; // sorted: no other follows
      out.push_back(std::move(key));
    }
  });
}

Result<void> Store::apply(const std::string &space, std::span<const Change> changes) {
  std::size_t bytes = 0;
  for (const Change &one : changes) bytes += one.key.size() + one.value.size();
  if (changes.size() > kMostChanges || bytes > kMostBytes)
    return Error{Code::invalid, "too many changes for one transaction of the store; make several"};
  return impl_->database.with([&](auto &database) -> Result<void> {
    if (auto begun = Run(*database, Query::begin).finish(); !begun) return begun;
    Result<void> done;
    for (const Change &one : changes)
      if (done = change(*database, space, one); !done) break;
    if (done) done = Run(*database, Query::commit).finish();
    // A full disk ends the transaction by itself; all else is taken back here.
    if (!done && sqlite3_get_autocommit(database->handle) == 0) {
      if (const auto back = Run(*database, Query::rollback).finish(); !back) return back.error();
    }
    return done;
  });
}

Result<void> Store::page(const std::string &space, std::string_view prefix, std::optional<std::string_view> after,
                         std::size_t limit,
                         const std::function<void(std::string_view key, std::string_view value)> &each) {
  return impl_->database.with([&](auto &database) -> Result<void> {
    const bool behind = after && *after >= prefix;
    Run run(*database, behind ? Query::after : Query::from);
    run.text(1, space).text(2, behind ? *after : prefix);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < limit; ++i) {
      const auto row = run.step();
      if (!row) return row.error();
      if (!*row) return {};
      const std::string_view key = run.view(0), value = run.view(1);
      if (!key.starts_with(prefix)) return {}; // sorted: no other follows
      bytes += key.size() + value.size();
      if (i > 0 && bytes > kMostBytes) return {};
      each(key, value);
    }
    return {};
  });
}

Result<bool> Store::claim(const std::string &space, const std::string &key, std::int64_t expiry, std::int64_t now) {
  return impl_->database.with([&](auto &database) -> Result<bool> {
    if (now >= database->pruned_at + kPruneSeconds || now < database->pruned_at) {
      if (auto pruned = Run(*database, Query::prune).number(1, now).finish(); !pruned) return pruned.error();
      database->pruned_at = now;
    }
    const auto made =
        Run(*database, Query::claim).text(1, space).text(2, key).number(3, expiry).number(4, now).finish();
    if (!made) return made.error();
    return sqlite3_changes(database->handle) > 0;
  });
}

} // namespace pinion::core
