#include "recorder.hpp"

#include <pinion/cpp/json_text.hpp>

#include <cstdio>
#include <ctime>
#include <vector>

namespace sftp {

using pinion::Json;
using pinion::jsonString;

namespace {

constexpr std::size_t entries_at_once = 500;
constexpr std::size_t bytes_at_once = 512 * 1024;
// Beyond these an entry is kept when the log has it, and its session waits.
constexpr std::size_t most_waiting = 8192, most_waiting_bytes = 8 * 1024 * 1024;
constexpr std::uint32_t gather_ms = 100; // so long entries come together before they are handed over
constexpr std::uint32_t answer_ms = 10'000;
constexpr std::uint32_t pause_ms = 100;
constexpr int tries = 50;

std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm when{};
  ::gmtime_r(&now.tv_sec, &when);
  char date[32], out[48];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &when);
  std::snprintf(out, sizeof out, "%s.%09ldZ", date, now.tv_nsec);
  return out;
}

std::string textOf(const Login &login, const Record &record) {
  std::string out = R"({"server":)" + jsonString(login.server);
  out.append(R"(,"user":)").append(jsonString(login.user)).append(R"(,"ip":)").append(jsonString(login.address));
  out.append(R"(,"event":)").append(jsonString(record.event));
  out.append(R"(,"metadata":)").append(pinion::detail::dump(record.metadata));
  return out.append(R"(,"timestamp":")").append(timestamp()).append("\"}");
}

} // namespace

Result<void> Recorder::start(Spool spool) {
  auto left = spool.left();
  if (!left) return left.error();
  {
    const std::lock_guard lock(mutex_);
    spool_ = std::move(spool);
    for (std::string &text : *left) {
      if (!Json::accept(text)) continue; // the power went while it was written
      waiting_bytes_ += text.size();
      waiting_.push_back({std::move(text), nullptr, true});
    }
    left_in_spool_ = !waiting_.empty();
    if (!left_in_spool_) {
      spool_->clearAll(); // of half a line
      return {};
    }
  }
  begin();
  return {};
}

bool Recorder::add(const Login &login, const Record &record, std::function<void()> kept) {
  std::string text = textOf(login, record);
  bool spooled = false;
  {
    const std::lock_guard lock(mutex_);
    const bool fits = waiting_.size() < most_waiting && waiting_bytes_ < most_waiting_bytes;
    spooled = fits && spool_ && !left_in_spool_ && spool_->append(text);
    waiting_bytes_ += text.size();
    waiting_.push_back({std::move(text), spooled ? nullptr : std::move(kept), false});
  }
  begin();
  return spooled;
}

void Recorder::begin() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(working_, true)) return;
  }
  host_.spawn(work());
}

// All that waits; what is in the spool of it is in the file that is not written to from here on.
Recorder::Entries Recorder::takeRound() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty())
    working_ = false;
  else if (spool_ && !left_in_spool_)
    spool_->turn();
  waiting_bytes_ = 0;
  return std::exchange(waiting_, {});
}

// One call at a time; what comes meanwhile goes with the next round.
pinion::Task<void> Recorder::work() {
  for (;;) {
    co_await host_.sleep(gather_ms);
    Entries round = takeRound();
    if (round.empty()) co_return;
    while (!round.empty()) {
      Entries taken;
      std::string text;
      bool again = false;
      while (!round.empty() && taken.size() < entries_at_once && text.size() < bytes_at_once) {
        text.append(taken.empty() ? "" : ",").append(round.front().text);
        again = again || round.front().again;
        taken.push_back(std::move(round.front()));
        round.pop_front();
      }
      co_await give(taken, std::move(text), again);
    }
    const std::lock_guard lock(mutex_);
    if (std::exchange(left_in_spool_, false))
      spool_->clearAll();
    else if (spool_)
      spool_->clear();
  }
}

pinion::Task<void> Recorder::give(const Entries &entries, std::string text, bool again) {
  std::string trouble;
  for (int turn = 0; turn < tries; ++turn) {
    const std::string request = (again ? R"({"again":true,"entries":[)" : R"({"entries":[)") + text + "]}";
    const auto answer = co_await host_.call("activity/record", "", request, answer_ms);
    const auto code = answer ? PINION_OK : answer.error().code;
    const bool no_log = code == PINION_E_NOT_FOUND;
    trouble = answer || no_log ? "" : answer.error().text;
    // At the daemon's start the log may come later than what is left from before.
    if (code != PINION_E_BUSY && code != PINION_E_TIMEOUT && !(no_log && again)) break;
    again = again || code == PINION_E_TIMEOUT;
    co_await host_.sleep(pause_ms);
  }
  if (!trouble.empty()) {
    Json fields;
    fields["entries"] = entries.size();
    fields["error"] = trouble;
    host_.error("what users did over SFTP is not in the activity log", fields);
  }
  for (const Entry &entry : entries)
    if (entry.kept) entry.kept();
}

} // namespace sftp
