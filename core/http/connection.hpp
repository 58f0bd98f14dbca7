// One HTTP connection on its loop: reads heads and bodies, decides what can be decided without a handler, runs the
// route's handler elsewhere, and sends the answers in order.
//
//   head -> [body] -> running -> [file] -> [discarding] -> head ...      any of them -> lingering -> gone
//
// [loop thread] everything. Nothing here blocks; no buffer is kept while the connection is idle.
#pragma once

#include "http/answer.hpp"
#include "http/auth.hpp"
#include "http/body_decoder.hpp"
#include "http/front_core.hpp"
#include "http/request_head.hpp"
#include "http/stream.hpp"
#include "http/transaction.hpp"

#include <memory>
#include <optional>
#include <string>

namespace pinion::core::http {

class Socket;
struct RequestFacts;

class Connection final : public Endpoint {
public:
  Connection(std::shared_ptr<FrontCore> front, std::shared_ptr<Hub> hub, Stream stream, std::string peer);
  ~Connection() override;

  void start(); // watches the descriptor; the hub owns it from here on
  void tick(Clock::time_point now) override;
  void stopGently() override;
  void drop() override;

private:
  enum class Phase : std::uint8_t { head, body, running, file, discarding, lingering };

  // The request under way.
  struct Request {
    RequestHead head; // moved on to the handler
    RouteMatch match;
    std::string claims, request_id, common, body;
    BodyDecoder decoder;
    std::shared_ptr<Transaction> transaction; // null: answered here
    std::size_t budget = 0;                   // of FrontCore::body_bytes
    std::size_t discarded = 0;
    Clock::time_point body_began{};
    std::uint64_t body_read = 0;
    bool streams = false, answered = false, close = false, expects_continue = false;
  };

  void onReady(std::uint32_t events);
  void readAll();
  void readPendingSoon();
  void proceed(); // until nothing moves any more
  bool step();
  bool takeHead();
  bool readBufferedBody();
  bool feedStream();
  void lendBody();
  void takeBodyBack();
  [[nodiscard]] bool away() const { return stream_.fd() < 0; } // the stream: a file is sent, or a handler reads
  bool discard();
  bool write();
  void sendFile(FileBody file, bool close);
  void fileSent(std::optional<Stream> stream, bool close);
  void requestOver(bool close);
  void watch();
  bool watchAgain(); // false: the kernel refused, and the connection is gone
  [[nodiscard]] bool wantsInput() const;

  void beginRequest(RequestHead head);
  void route();
  bool bodyFits();
  void dispatch();
  void runHandler(const std::shared_ptr<RouteEntry> &entry, RouteEntry::Pass pass, RequestFacts facts);
  void sendContinue();

  // Answers that need no handler.
  void refuse(int status); // the request made no sense: text, then the end of the connection
  void answer(int status, std::string_view content_type, std::string_view body, const Headers &headers = {});
  void answerRefusal(const Refusal &refusal);
  void answerFailure(int status);
  [[nodiscard]] bool canGoOnAfterAnswer() const;

  void upgrade(const std::shared_ptr<Socket> &socket);
  void linger();

  const std::shared_ptr<FrontCore> front_; // first: the stream's slot counts in it
  const std::shared_ptr<Hub> hub_;
  Stream stream_;
  const std::string peer_;
  std::string in_, out_;
  std::size_t out_at_ = 0, scanned_ = 0, lingered_ = 0;
  std::unique_ptr<Request> request_;
  Clock::time_point deadline_{}, progress_{};
  FileSender::Id file_ = 0; // in phase `file`, while stream_ is the sender's
  std::uint32_t watched_ = 0;
  Phase phase_ = Phase::head;
  bool ended_ = false, peer_ended_ = false, proceeding_ = false;
};

} // namespace pinion::core::http
