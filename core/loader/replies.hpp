// The answers that plugins owe: to calls on their offers and to requests on their routes. A pinion_reply pointer (and
// the pinion_request beside it) is a number that is looked up here and never used twice, so an answer that comes twice
// or late finds nothing instead of freed memory. One table for the process, as the C functions name no host.
#pragma once

#include "loader/host.hpp"

#include <array>
#include <optional>

namespace pinion::core {

struct PendingReply {
  std::shared_ptr<Host> host;
  std::string name;              // the address, or method and path
  std::optional<CallReply> call; // one of the two
  ExchangePtr exchange;
  bool long_transfer = false; // no limit for a kept answer
  std::atomic<bool> kept = false, headed = false, returned = false;
  Clock::time_point returned_at{}; // when the callback did; written before `returned`
};
using PendingReplyPtr = std::shared_ptr<PendingReply>;

// Thread-safe.
class Replies {
public:
  static Replies &all();

  std::uint64_t add(PendingReplyPtr reply);
  [[nodiscard]] PendingReplyPtr find(const void *token) const;
  PendingReplyPtr take(const void *token); // null when it was used up
  // After the plugin's callback: a reply neither kept nor answered fails, with a warning.
  void returned(std::uint64_t token);
  // [pool] Kept answers of these hosts' routes that are late end with Code::timeout; those of calls that nobody waits
  // for are forgotten.
  void endLate(const Shared &of, std::chrono::milliseconds limit);
  // What the host still owes is answered Code::stopping.
  void drop(const Host &of);

  static pinion_reply *reply(std::uint64_t token);
  static pinion_request *request(std::uint64_t token);
  // Without head(): as pinion_reply_v1::answer says.
  static Code answer(PendingReply &reply, pinion_status status, std::string_view body);

private:
  // Several tables so that threads seldom meet.
  using Table = std::unordered_map<std::uint64_t, PendingReplyPtr>;
  static constexpr std::size_t kTables = 16;
  std::vector<PendingReplyPtr> takeIf(const std::function<bool(const PendingReply &)> &which);

  std::atomic<std::uint64_t> last_ = 0;
  std::array<Guarded<Table>, kTables> tables_;
};

} // namespace pinion::core
