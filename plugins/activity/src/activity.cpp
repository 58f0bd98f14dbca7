#include "activity.hpp"

#include "timestamp.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace activity {

namespace {

constexpr std::int64_t kCount = 100, kInterval = 60; // s
constexpr int kMostRequests = 100;                   // of one run
constexpr const char *kPath = "/activity";

std::int64_t positive(const Json &value, std::int64_t otherwise, std::int64_t most) {
  if (!value.is_number_integer() || value.get<std::int64_t>() <= 0) return otherwise;
  return std::min(value.get<std::int64_t>(), most);
}

} // namespace

Result<void> Activity::start() {
  count_ = static_cast<std::size_t>(positive(host_.node("/system/activity_send_count"), kCount, kMostRows));
  constexpr std::int64_t longest = std::numeric_limits<std::uint32_t>::max() / 1000;
  const auto interval =
      static_cast<std::uint32_t>(1000 * positive(host_.node("/system/activity_send_interval"), kInterval, longest));
  auto offered =
      host_.offer("activity/record", Json::object(), [this](const pinion::EventView &request, pinion::CallReply reply) {
        record(request, std::move(reply));
      });
  if (!offered) return offered.error();
  offer_ = std::move(*offered);
  auto timer = host_.timer(interval, interval, [this] {
    host_.spawn(run(plain_));
    host_.spawn(run(sftp_));
  });
  if (!timer) return timer.error();
  timer_ = std::move(*timer);
  host_.spawn(begin());
  return {};
}

// -- in ---------------------------------------------------------------------------------------------------------

void Activity::record(const pinion::EventView &request, pinion::CallReply reply) {
  auto given = readRequest(request.payload, timestampOf(std::chrono::system_clock::now()));
  if (!given) return reply.fail(given.error());
  const auto kept = std::make_shared<pinion::CallReply>(std::move(reply));
  Journal::Done done = [this, kept, again = given->again](const Result<void> &result) {
    if (!result) return kept->fail(result.error());
    kept->ok("{}");
    // What an earlier daemon left comes after the first turn, and has waited long enough.
    if (again) sendNow();
  };
  journal_.add(std::move(given->entries), {}, std::move(done), given->again);
}

// -- out --------------------------------------------------------------------------------------------------------

void Activity::sendNow() {
  for (Job *job : {&plain_, &sftp_}) {
    job->once_more = job->running;
    if (!job->running) host_.spawn(run(*job));
  }
}

Task<void> Activity::run(Job &job) {
  if (job.running) {
    host_.debug("activity is still being sent; this turn is skipped", Json{{"job", job.name}});
    co_return;
  }
  struct Running {
    explicit Running(bool &flag) : flag_(flag) { flag_ = true; }
    ~Running() { flag_ = false; }
    bool &flag_;
  } const running(job.running);
  do {
    job.once_more = false;
    co_await sendAll(job);
  } while (job.once_more && !job.failing);
}

Task<void> Activity::sendAll(Job &job) {
  for (int i = 0; i < kMostRequests; ++i) {
    const Result<bool> more = co_await sendOnce(job);
    tellOutcome(job, more);
    if (!more || !*more) co_return;
  }
}

Task<Result<bool>> Activity::sendOnce(Job &job) {
  if (!job.sent.empty()) { // first of all: or the Panel would get them twice
    const Result<void> removed = co_await journal_.remove(job.sent);
    if (!removed) co_return removed.error();
    job.sent.clear();
  }
  Result<Batch> batch = co_await choose(job);
  if (!batch) co_return batch.error();
  if (batch->keys.empty()) co_return false;
  const pinion::Answer answer = co_await host_.panel("POST", kPath, std::move(batch->body));
  if (!answer) co_return answer.error();
  job.sent = std::move(batch->keys);
  const Result<void> removed = co_await journal_.remove(job.sent);
  if (!removed) co_return removed.error();
  job.sent.clear();
  co_return batch->more;
}

Task<Result<Batch>> Activity::choose(const Job &job) {
  // Named: g++ 12 destroys a lambda inside a co_await expression twice.
  const auto work = [host = host_, count = count_, chosen_by = job.choose] { return chosen_by(host, count); };
  std::optional<Result<Batch>> out;
  try {
    out = co_await host_.run(work);
  } catch (const std::exception &e) { // the pool is full, or an entry is damaged
    out = Error{PINION_E_INTERNAL, e.what()};
  }
  co_return std::move(*out);
}

// Once when it begins to fail, once when it works again.
void Activity::tellOutcome(Job &job, const Result<bool> &last) {
  const bool failing = !last;
  if (failing == job.failing) return;
  job.failing = failing;
  if (failing)
    host_.warn("activity cannot be sent to the Panel; it is kept and tried again",
               Json{{"job", job.name}, {"error", last.error().text}});
  else
    host_.info("activity is sent to the Panel again", Json{{"job", job.name}});
}

} // namespace activity
