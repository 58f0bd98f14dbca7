#include "wings_database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace activity {

namespace {

constexpr const char *kFile = "wings.db";
constexpr int kBusyMilliseconds = 2000;
constexpr std::size_t kMostRows = 500, kMostBytes = std::size_t{4} << 20u;

struct Statement {
  Statement(sqlite3 *handle, const char *text) { sqlite3_prepare_v2(handle, text, -1, &raw, nullptr); }
  Statement(const Statement &) = delete;
  Statement &operator=(const Statement &) = delete;
  ~Statement() { sqlite3_finalize(raw); }
  // SQLITE_ROW, SQLITE_DONE or an error; of a statement that could not be prepared the latter.
  int step() const { return raw == nullptr ? SQLITE_ERROR : sqlite3_step(raw); }
  [[nodiscard]] std::string text(int column) const {
    const auto *data = static_cast<const char *>(sqlite3_column_blob(raw, column));
    return data ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(raw, column))) : std::string();
  }
  sqlite3_stmt *raw = nullptr;
};

} // namespace

Result<std::unique_ptr<WingsDatabase>> WingsDatabase::open(int folder) {
  std::unique_ptr<WingsDatabase> out(new WingsDatabase(folder));
  struct stat info {};
  if (::fstatat(folder, kFile, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::unique_ptr<WingsDatabase>();
    return Error{PINION_E_IO, std::string(kFile) + " cannot be read: " + std::strerror(errno)};
  }
  if (!S_ISREG(info.st_mode)) return Error{PINION_E_INVALID, std::string(kFile) + " is no file"};
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + kFile;
  const int opened =
      sqlite3_open_v2(path.c_str(), &out->handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  if (opened != SQLITE_OK) return out->error();
  sqlite3_busy_timeout(out->handle_, kBusyMilliseconds);
  const auto table = out->hasTable();
  if (!table) return table.error();
  if (!*table) out.reset();
  return out;
}

WingsDatabase::~WingsDatabase() {
  sqlite3_close(handle_);
  ::close(folder_);
}

Error WingsDatabase::error() const {
  const int code = sqlite3_errcode(handle_) & 0xff;
  return {code == SQLITE_BUSY || code == SQLITE_LOCKED ? PINION_E_BUSY : PINION_E_IO,
          std::string(kFile) + ": " + sqlite3_errmsg(handle_)};
}

Result<bool> WingsDatabase::hasTable() {
  const Statement find(handle_, "SELECT 1 FROM sqlite_master WHERE type='table' AND name='activities'");
  const int code = find.step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return error();
  return code == SQLITE_ROW;
}

Result<std::vector<WingsDatabase::Row>> WingsDatabase::oldest() {
  const Statement select(handle_,
                         "SELECT id, user, server, event, metadata, ip, timestamp FROM activities ORDER BY id");
  std::vector<Row> out;
  std::size_t bytes = 0;
  while (out.size() < kMostRows && bytes < kMostBytes) {
    const int code = select.step();
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) return error();
    Row row;
    row.id = sqlite3_column_int64(select.raw, 0);
    row.timestamp = select.text(6);
    row.entry = Json{{"user", select.text(1)},
                     {"server", select.text(2)},
                     {"event", select.text(3)},
                     {"ip", select.text(5)},
                     {"timestamp", row.timestamp}};
    const std::string metadata = select.text(4);
    bytes += metadata.size();
    if (!metadata.empty()) row.entry["metadata"] = Json::parse(metadata, nullptr, false);
    out.push_back(std::move(row));
  }
  return out;
}

Result<bool> WingsDatabase::holds(std::int64_t id, const std::string &timestamp) {
  const Statement find(handle_, "SELECT 1 FROM activities WHERE id=?1 AND CAST(timestamp AS BLOB)=CAST(?2 AS BLOB)");
  sqlite3_bind_int64(find.raw, 1, id);
  sqlite3_bind_text(find.raw, 2, timestamp.c_str(), -1, SQLITE_STATIC);
  const int code = find.step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return error();
  return code == SQLITE_ROW;
}

Result<void> WingsDatabase::removeUpTo(std::int64_t id) {
  const Statement remove(handle_, "DELETE FROM activities WHERE id<=?1");
  sqlite3_bind_int64(remove.raw, 1, id);
  if (remove.step() != SQLITE_DONE) return error();
  return {};
}

} // namespace activity
