// What Wings had not told the Panel when this daemon took its place.
#include "activity.hpp"
#include "timestamp.hpp"
#include "wings_database.hpp"

#include <pinion/cpp/json_text.hpp>

#include <utility>

namespace activity {

namespace {

// The last row of Wings' that is stored here, while the row may still be there too.
constexpr const char *kMark = "wings";

Result<std::unique_ptr<WingsDatabase>> openWings(const Host &host) {
  const auto folder = host.folder("root");
  if (!folder) return folder.error();
  auto wings = WingsDatabase::open(*folder);
  if (!wings || *wings == nullptr) return wings;
  // Did an earlier take-over end between keeping rows and removing them there?
  const auto mark = host.stored(kMark);
  if (!mark) {
    if (mark.error().code == PINION_E_NOT_FOUND) return wings;
    return mark.error();
  }
  const Json at = Json::parse(*mark, nullptr, false);
  if (at.is_object()) {
    const std::int64_t id = at.value("id", std::int64_t{0});
    const auto there = (*wings)->holds(id, at.value("timestamp", ""));
    if (!there) return there.error();
    if (*there)
      if (auto removed = (*wings)->removeUpTo(id); !removed) return removed.error();
  }
  if (auto cleared = host.store({{kMark, ""}}); !cleared) return cleared.error();
  return wings;
}

} // namespace

Task<void> Activity::begin() {
  Result<std::size_t> taken = std::size_t{0};
  try {
    taken = co_await takeOver();
  } catch (const std::exception &e) { // the pool takes no work now
    taken = Error{PINION_E_BUSY, e.what()};
  }
  if (!taken)
    host_.warn("the activity that Wings left in wings.db is not taken over; it stays there until the next start",
               Json{{"error", pinion::validUtf8(taken.error().text)}});
  else if (*taken > 0)
    host_.info("activity that Wings left was taken over", Json{{"entries", *taken}});
  host_.spawn(run(plain_));
  host_.spawn(run(sftp_));
}

Task<Result<std::size_t>> Activity::takeOver() {
  const auto work = [host = host_] { return openWings(host); };
  auto opened = co_await host_.run(work);
  if (!opened) co_return opened.error();
  if (*opened == nullptr) co_return std::size_t{0};
  co_return co_await takeRows(std::move(*opened));
}

Task<Result<std::size_t>> Activity::takeRows(std::shared_ptr<WingsDatabase> wings) {
  std::size_t taken = 0;
  const auto read = [wings] { return wings->oldest(); };
  for (;;) {
    const Result<std::vector<WingsDatabase::Row>> rows = co_await host_.run(read);
    if (!rows) co_return rows.error();
    if (rows->empty()) break;
    std::vector<Entry> entries;
    for (const auto &row : *rows) {
      auto entry = readEntry(row.entry, timestampOf(std::chrono::system_clock::now()));
      if (entry)
        entries.push_back(std::move(*entry));
      else // the Panel would not take it either
        host_.warn("an entry in wings.db is passed over", Json{{"id", row.id}, {"error", entry.error().text}});
    }
    taken += entries.size();
    const auto &last = rows->back();
    std::vector<Change> mark;
    mark.emplace_back(kMark, Json{{"id", last.id}, {"timestamp", pinion::validUtf8(last.timestamp)}}.dump());
    const Result<void> kept = co_await journal_.keep(std::move(entries), std::move(mark));
    if (!kept) co_return kept.error();
    const auto remove = [wings, id = last.id, host = host_]() -> Result<void> {
      if (auto removed = wings->removeUpTo(id); !removed) return removed.error();
      return host.store({{kMark, ""}}); // numbers are used again when the table is empty
    };
    const Result<void> removed = co_await host_.run(remove);
    if (!removed) co_return removed.error();
  }
  co_return taken;
}

} // namespace activity
