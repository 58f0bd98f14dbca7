#include "recorder.hpp"

#include <cstdio>
#include <ctime>
#include <vector>

namespace sftp {

using pinion::Json;

namespace {

constexpr std::size_t entries_at_once = 500;
constexpr std::size_t bytes_at_once = 512 * 1024;
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

} // namespace

void Recorder::add(const Login &login, const Record &record, std::function<void()> kept) {
  Json entry;
  entry["server"] = login.server;
  entry["user"] = login.user;
  entry["ip"] = login.address;
  entry["event"] = record.event;
  entry["metadata"] = record.metadata;
  entry["timestamp"] = timestamp();
  bool begin = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(entry), std::move(kept)});
    begin = !std::exchange(working_, true);
  }
  if (begin) host_.spawn(work());
}

// One call at a time; what comes meanwhile goes with the next.
pinion::Task<void> Recorder::work() {
  for (;;) {
    std::vector<Entry> taken;
    std::string text = R"({"entries":[)";
    {
      const std::lock_guard lock(mutex_);
      while (!waiting_.empty() && taken.size() < entries_at_once && text.size() < bytes_at_once) {
        if (!taken.empty()) text += ',';
        text += pinion::detail::dump(waiting_.front().json);
        taken.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      if (taken.empty()) {
        working_ = false;
        co_return;
      }
    }
    text += "]}";
    std::string trouble;
    for (int turn = 0; turn < tries; ++turn) {
      const auto answer = co_await host_.call("activity/record", "", text, answer_ms);
      trouble = answer || answer.error().code == PINION_E_NOT_FOUND ? "" : answer.error().text;
      if (trouble.empty() || answer.error().code != PINION_E_BUSY) break;
      co_await host_.sleep(pause_ms);
    }
    if (!trouble.empty()) {
      Json fields;
      fields["entries"] = taken.size();
      fields["error"] = trouble;
      host_.error("what users did over SFTP is not in the activity log", fields);
    }
    for (auto &entry : taken) entry.kept();
  }
}

} // namespace sftp
