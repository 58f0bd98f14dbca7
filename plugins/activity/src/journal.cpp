#include "journal.hpp"

#include "batch.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <unordered_map>

namespace activity {

namespace {

constexpr const char *kNext = "next";
constexpr std::size_t kGroupEntries = 8192;
constexpr std::size_t kGroupBytes = std::size_t{4} << 20u;
constexpr std::uint64_t kLookEvery = 4096; // entries
constexpr std::uint32_t kPage = 1000;
constexpr std::uint32_t kPause = 100; // ms, when the pool takes no work
constexpr std::chrono::hours kWarnEvery{24};

std::string keyOf(const char *prefix, std::uint64_t number) {
  std::string digits = std::to_string(number);
  return prefix + std::string(16 - std::min<std::size_t>(16, digits.size()), '0') + digits;
}

// Removes the entries with numbers below `oldest`; how many there were. [pool]
Result<std::uint64_t> removeBelow(const Host &host, std::uint64_t oldest) {
  std::uint64_t removed = 0;
  for (const char *prefix : {kPlain, kSftp}) {
    const std::string end = keyOf(prefix, oldest);
    for (;;) {
      const auto page = host.storedPage(prefix, "", kPage);
      if (!page) return page.error();
      std::vector<Change> changes;
      for (const auto &[key, value] : *page)
        if (key < end) changes.emplace_back(key, "");
      if (changes.empty()) break;
      if (auto stored = host.store(changes); !stored) return stored.error();
      removed += changes.size();
      if (changes.size() < page->size()) break;
    }
  }
  return removed;
}

} // namespace

void Journal::add(std::vector<Entry> entries, std::vector<Change> more, Done done, bool again) {
  std::size_t bytes = 0;
  for (const Entry &entry : entries) bytes += entry.text.size();
  if (entries_ + entries.size() > kMostWaiting || bytes_ + bytes > kMostWaitingBytes)
    return done(Error{PINION_E_BUSY, "more activity waits to be stored than fits; try again later"});
  entries_ += entries.size();
  bytes_ += bytes;
  waiting_.push_back({std::move(entries), std::move(more), std::move(done), again});
  if (!writing_) host_.spawn(write());
}

Task<Result<void>> Journal::keep(std::vector<Entry> entries, std::vector<Change> more) {
  constexpr std::uint32_t wait_ms = 60'000;
  const auto outcome = std::make_shared<std::optional<Result<void>>>();
  Done done = [this, outcome](const Result<void> &result) {
    *outcome = result;
    written_.notify();
  };
  add(std::move(entries), std::move(more), std::move(done));
  while (!*outcome) co_await written_.wait(host_, wait_ms);
  co_return **outcome;
}

Task<Result<void>> Journal::remove(std::vector<std::string> keys) {
  // Named: g++ 12 destroys a lambda inside a co_await expression twice.
  const auto work = [host = host_, keys = std::move(keys)] {
    std::vector<Change> changes;
    changes.reserve(keys.size());
    for (const auto &key : keys) changes.emplace_back(key, "");
    return host.store(changes);
  };
  std::optional<Result<void>> done;
  try {
    done = co_await host_.run(work);
  } catch (const std::exception &e) {
    done = Error{PINION_E_BUSY, e.what()};
  }
  co_return *done;
}

// One transaction after another while there is something: what came during one makes up the next.
Task<void> Journal::write() {
  writing_ = true;
  while (!waiting_.empty()) {
    std::optional<Result<void>> done;
    if (!next_) done = co_await open();
    auto group = takeGroup();
    if (!done || *done) done = co_await passOver(group);
    if (*done) {
      const auto changes = changesOf(group);
      const auto store = [host = host_, &changes] { return host.store(changes); };
      done.reset();
      while (!done) {
        try {
          done = co_await host_.run(store);
        } catch (const std::exception &) { // the pool is full; who waits is told nothing yet, and so slows down
        }
        if (!done) co_await host_.sleep(kPause);
      }
    }
    for (const auto &one : group) {
      one.done(*done);
      if (*done)
        for (const Entry &entry : one.entries) tell(entry);
    }
    if (*done) co_await dropOldest();
  }
  writing_ = false;
}

// Takes those out that somebody gives a second time because he did not hear that they are stored.
Task<Result<void>> Journal::passOver(std::vector<Waiting> &group) {
  const auto look = [host = host_, &group] { return removeStored(host, group); };
  if (std::none_of(group.begin(), group.end(), [](const Waiting &one) { return one.again; })) co_return Result<void>();
  std::optional<Result<void>> done;
  while (!done) {
    try {
      done = co_await host_.run(look);
    } catch (const std::exception &) { // the pool is full
    }
    if (!done) co_await host_.sleep(kPause);
  }
  co_return *done;
}

// [pool]
Result<void> Journal::removeStored(const Host &host, std::vector<Waiting> &group) {
  std::unordered_map<std::string, bool> stored; // the texts that are asked about
  for (const Waiting &one : group)
    if (one.again)
      for (const Entry &entry : one.entries) stored.emplace(entry.text, false);
  for (const char *prefix : {kPlain, kSftp}) {
    for (std::string last;;) {
      const auto page = host.storedPage(prefix, last, kPage);
      if (!page) return page.error();
      if (page->empty()) break;
      for (const auto &[key, text] : *page)
        if (const auto found = stored.find(text); found != stored.end()) found->second = true;
      last = page->back().first;
    }
  }
  // In the group's order: one that is on its way to be stored counts as well.
  for (Waiting &one : group) {
    std::erase_if(one.entries, [&](const Entry &entry) {
      const auto found = stored.find(entry.text);
      return found != stored.end() && std::exchange(found->second, true) && one.again;
    });
  }
  return {};
}

Task<Result<void>> Journal::open() {
  const auto read = [host = host_] { return host.stored(kNext); };
  std::optional<Result<std::string>> text;
  while (!text) {
    try {
      text = co_await host_.run(read);
    } catch (const std::exception &) { // the pool is full
    }
    if (!text) co_await host_.sleep(kPause);
  }
  std::uint64_t next = 1;
  if (*text)
    std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), next);
  else if (text->error().code != PINION_E_NOT_FOUND)
    co_return text->error();
  next_ = next;
  co_return Result<void>();
}

std::vector<Journal::Waiting> Journal::takeGroup() {
  std::vector<Waiting> out;
  std::size_t entries = 0, bytes = 0;
  while (!waiting_.empty() && (out.empty() || (entries < kGroupEntries && bytes < kGroupBytes))) {
    entries += waiting_.front().entries.size();
    for (const Entry &entry : waiting_.front().entries) bytes += entry.text.size();
    out.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  entries_ -= entries;
  bytes_ -= bytes;
  return out;
}

std::vector<Change> Journal::changesOf(const std::vector<Waiting> &group) {
  std::vector<Change> out;
  for (const auto &one : group) {
    for (const Entry &entry : one.entries)
      out.emplace_back(keyOf(entry.of_sftp ? kSftp : kPlain, (*next_)++), entry.text);
    out.insert(out.end(), one.more.begin(), one.more.end());
  }
  out.emplace_back(kNext, std::to_string(*next_));
  return out;
}

Task<void> Journal::dropOldest() {
  if (*next_ <= kMostKept || *next_ < looked_at_ + kLookEvery) co_return;
  looked_at_ = *next_;
  const auto work = [host = host_, oldest = *next_ - kMostKept] { return removeBelow(host, oldest); };
  std::optional<Result<std::uint64_t>> removed;
  try {
    removed = co_await host_.run(work);
  } catch (const std::exception &) { // the pool is full: next time
    co_return;
  }
  const auto now = std::chrono::steady_clock::now();
  if ((*removed && **removed == 0) || (warned_at_ && now - *warned_at_ < kWarnEvery)) co_return;
  warned_at_ = now;
  if (*removed)
    host_.warn("the Panel takes no activity and too much waits; the oldest entries are dropped, see to the Panel",
               Json{{"kept", kMostKept}, {"dropped_just_now", **removed}});
  else
    host_.warn("old activity cannot be dropped", Json{{"error", removed->error().text}});
}

// For plugins that want to hear of it.
void Journal::tell(const Entry &entry) const {
  if (const auto told = host_.publish("activity.recorded", entry.server, entry.text); !told)
    host_.debug("an activity was not announced", Json{{"error", told.error().text}});
}

} // namespace activity
