#include "loader/replies.hpp"

#include "loader/arguments.hpp"
#include "loader/tables.hpp"

namespace pinion::core {

namespace {

std::uint64_t number(const void *token) { return reinterpret_cast<std::uintptr_t>(token); }

} // namespace

Replies &Replies::all() {
  static Replies table;
  return table;
}

pinion_reply *Replies::reply(std::uint64_t token) { return reinterpret_cast<pinion_reply *>(token); }
pinion_request *Replies::request(std::uint64_t token) { return reinterpret_cast<pinion_request *>(token); }

std::uint64_t Replies::add(PendingReplyPtr reply) {
  const std::uint64_t token = ++last_;
  tables_[token % kTables].with([&](Table &t) { t.emplace(token, std::move(reply)); });
  return token;
}

PendingReplyPtr Replies::find(const void *token) const {
  return tables_[number(token) % kTables].with([&](const Table &t) -> PendingReplyPtr {
    const auto it = t.find(number(token));
    return it == t.end() ? nullptr : it->second;
  });
}

PendingReplyPtr Replies::take(const void *token) {
  return tables_[number(token) % kTables].with([&](Table &t) -> PendingReplyPtr {
    const auto it = t.find(number(token));
    if (it == t.end()) return nullptr;
    auto out = std::move(it->second);
    t.erase(it);
    return out;
  });
}

std::vector<PendingReplyPtr> Replies::takeIf(const std::function<bool(const PendingReply &)> &which) {
  std::vector<PendingReplyPtr> out;
  for (auto &table : tables_)
    table.with([&](Table &t) {
      std::erase_if(t, [&](auto &entry) {
        if (!which(*entry.second)) return false;
        out.push_back(std::move(entry.second));
        return true;
      });
    });
  return out;
}

void Replies::returned(std::uint64_t token) {
  const auto *const key = reply(token);
  const auto pending = find(key);
  if (!pending) return;
  if (pending->kept) {
    pending->returned_at = Clock::now();
    pending->returned = true;
    return;
  }
  if (!take(key)) return; // another thread answers right now
  pending->host->warn(pending->host->name() + " gave no answer to \"" + pending->name + "\" and did not keep it");
  answer(*pending, PINION_E_INTERNAL, pending->host->name() + " gave no answer");
}

void Replies::endLate(const Shared &of, std::chrono::milliseconds limit) {
  const auto now = Clock::now();
  const auto late = takeIf([&](const PendingReply &r) {
    if (&r.host->shared() != &of) return false;
    if (r.call) return r.call->cancelled();
    return r.returned && !r.headed && !r.long_transfer && now - r.returned_at > limit;
  });
  for (const auto &one : late) {
    if (one->call) continue; // its caller was told by the bus
    one->host->warn(one->host->name() + " kept the answer to \"" + one->name + "\" and gave none for " +
                    std::to_string(limit.count()) + " ms");
    one->exchange->fail(Code::timeout, one->host->name() + " gave no answer in time");
  }
}

void Replies::drop(const Host &of) {
  for (const auto &one : takeIf([&](const PendingReply &r) { return r.host.get() == &of; }))
    answer(*one, PINION_E_STOPPING, "the plugin was stopped");
}

Code Replies::answer(PendingReply &reply, pinion_status status, std::string_view body) {
  if (reply.call) {
    if (status == PINION_OK) return reply.call->answer(std::string(body));
    return reply.call->answer(Error{codeOf(status), std::string(body)});
  }
  Exchange &exchange = *reply.exchange;
  if (status != PINION_OK) return exchange.fail(codeOf(status), body);
  if (!reply.headed) {
    const Code code = body.empty() ? exchange.head(204, {})
                                   : exchange.head(200, {{"Content-Type", "application/json; charset=utf-8"}});
    if (code != Code::ok) return code;
  }
  return exchange.finish(body);
}

namespace {

pinion_status answerReply(pinion_reply *reply, pinion_status status, pinion_span body) noexcept {
  return guarded(nullptr, [&]() -> Result<void> {
    if (reply == nullptr) return Error{Code::invalid, "the reply is NULL"};
    const auto pending = Replies::all().take(reply);
    if (!pending) return Error{Code::cancelled, "the reply is used up"};
    // A client gets what there is; what another plugin gets has a bound.
    const auto text = spanArgument(body, "answer", pending->call ? kMaxPayload : SIZE_MAX);
    if (!text) {
      pending->host->warn(pending->host->name() + " gave no good answer to \"" + pending->name +
                          "\": " + text.error().text);
      Replies::answer(*pending, PINION_E_INTERNAL, text.error().text);
      return text.error();
    }
    const Code code = Replies::answer(*pending, status, *text);
    if (code != Code::ok) return Error{code, "nobody waits for the answer"};
    return {};
  });
}

pinion_status keepReply(pinion_reply *reply) noexcept {
  return guarded(nullptr, [&]() -> Result<void> {
    if (reply == nullptr) return Error{Code::invalid, "the reply is NULL"};
    const auto pending = Replies::all().find(reply);
    if (!pending) return Error{Code::cancelled, "the reply is used up"};
    pending->kept = true;
    return {};
  });
}

int32_t cancelledReply(const pinion_reply *reply) noexcept {
  try {
    const auto pending = Replies::all().find(reply);
    if (!pending) return 1;
    return (pending->call ? pending->call->cancelled() : pending->exchange->cancelled()) ? 1 : 0;
  } catch (...) {
    return 1;
  }
}

} // namespace

const pinion_reply_v1 *replyTable() {
  static constexpr pinion_reply_v1 table{sizeof(pinion_reply_v1), 0, &answerReply, &keepReply, &cancelledReply};
  return &table;
}

} // namespace pinion::core
