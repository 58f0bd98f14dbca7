// The database in which Wings keeps the activity that the Panel does not have yet: <root>/wings.db. [pool]
#pragma once

#include <pinion/cpp/result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;

namespace activity {

using pinion::Error;
using pinion::Json;
using pinion::Result;

class WingsDatabase {
public:
  struct Row {
    std::int64_t id = 0;
    std::string timestamp; // as it is stored
    Json entry;            // as "activity/record" takes it
  };

  // The file in the folder behind the descriptor, which is closed with the database. Nothing when there is none, or
  // when Wings never kept anything in it.
  static Result<std::unique_ptr<WingsDatabase>> open(int folder);
  WingsDatabase(const WingsDatabase &) = delete;
  WingsDatabase &operator=(const WingsDatabase &) = delete;
  ~WingsDatabase();

  // The oldest rows, at most 500 of 4 MiB.
  Result<std::vector<Row>> oldest();
  // Is this row there?
  Result<bool> holds(std::int64_t id, const std::string &timestamp);
  Result<void> removeUpTo(std::int64_t id);

private:
  explicit WingsDatabase(int folder) : folder_(folder) {}
  [[nodiscard]] Error error() const;
  [[nodiscard]] Result<bool> hasTable();
  const int folder_; // SQLite may name its journal by it
  sqlite3 *handle_ = nullptr;
};

} // namespace activity
