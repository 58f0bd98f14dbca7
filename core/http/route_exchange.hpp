// The Exchange that a route's handler gets: composes the answer and hands it to the loop.
#pragma once

#include "http/exchange.hpp"
#include "http/request_head.hpp"
#include "http/router.hpp"
#include "http/transaction.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace pinion::core::http {

struct FrontCore;
class Hub;
class Socket;

// What was found out about a request before its handler runs.
struct RequestFacts {
  RequestHead head;
  Parameters parameters;
  std::string claims; // JSON; empty without a signed token
  std::string ip, request_id;
  std::string common; // header lines of every answer
};

class RouteExchange final : public Exchange {
public:
  // `upgrade` [any] hands the connection to a socket; false when that cannot happen any more.
  using UpgradeTo = std::function<bool(std::shared_ptr<Socket>)>;
  RouteExchange(std::shared_ptr<FrontCore> front, std::shared_ptr<Hub> hub, std::shared_ptr<Transaction> transaction,
                RequestFacts facts, UpgradeTo upgrade);
  ~RouteExchange() override;

  [[nodiscard]] const std::string &method() const override { return facts_.head.method; }
  [[nodiscard]] const std::string &path() const override { return facts_.head.target.path; }
  [[nodiscard]] std::optional<std::string> field(std::string_view name) const override;
  std::int64_t readBody(void *buffer, std::size_t capacity) override;
  Code head(std::uint32_t status, const Headers &headers) override;
  Code send(std::string_view bytes) override;
  Code finish(std::string_view rest) override;
  Code sendFile(int file, std::uint64_t offset, std::uint64_t length) override;
  Code fail(Code code, std::string_view text) override;
  [[nodiscard]] bool cancelled() const override { return transaction_->cancelled(); }
  Result<std::uint64_t> accept(const SocketOptions &options, OnFrame on_frame) override;

  // The handler threw: 500 without a body (contract http.md 1).
  void handlerFailed();

private:
  enum class Stage { fresh, headed, sending, over };
  struct Answer {
    Stage stage = Stage::fresh;
    int status = 200;
    Headers headers;
    std::uint64_t declared = 0, sent = 0; // of a body with Content-Length
    bool has_length = false, chunked = false, bodiless = false, close = false;
  };
  std::string startBody(Answer &answer, bool length_known, std::uint64_t length);
  Code answerWhole(int status, Headers headers, std::string_view body);
  std::optional<std::string> claim(std::string_view name) const;
  [[nodiscard]] std::chrono::milliseconds sendDeadline() const;

  const std::shared_ptr<FrontCore> front_;
  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<Transaction> transaction_;
  const RequestFacts facts_;
  const UpgradeTo upgrade_;
  std::atomic<std::uint64_t> body_read_ = 0;
  std::atomic<Clock::duration> body_waited_{
      Clock::duration::zero()}; // for the client, not for what the handler did between
  std::mutex mutex_;            // held only to advance the stage and frame the bytes
  Answer answer_;
};

} // namespace pinion::core::http
