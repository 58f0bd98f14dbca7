// One request and its answer over pooled connections, redirects followed. No retries: that is the client's business.
#pragma once

#include "base/guarded.hpp"
#include "outbound/dial.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pinion::core::panel {

using outbound::Address;
using outbound::Connection;
using outbound::Instant;
using outbound::StopSignal;
using outbound::TlsContext;

struct Request {
  std::string method, url, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Answer {
  int status = 0;
  std::string body;
};

// Thread-safe.
class Exchanger {
public:
  static constexpr std::size_t kMostIdle = 8;
  static constexpr std::chrono::seconds kLongestIdle{4}; // shorter than any server's own patience
  static constexpr int kMostRedirects = 10;

  Exchanger(bool verify_certificates, std::size_t largest_body, const StopSignal &stop);

  // Blocks until answered or `deadline`. Code::io: worth another try; Code::timeout, Code::invalid (too large, no
  // proper address), Code::stopping: not.
  Result<Answer> run(const Request &request, Instant deadline);

private:
  struct Idle {
    std::string origin;
    std::unique_ptr<Connection> connection;
    Instant since;
  };
  struct Raw {
    Answer answer;
    std::string location;
  };
  Result<Raw> once(const Request &request, const Address &address, Instant deadline);
  Result<Raw> send(Connection &connection, const Request &request, const Address &address, bool *keep, bool *unheard);
  std::unique_ptr<Connection> takeIdle(const std::string &origin);
  void keepIdle(const std::string &origin, std::unique_ptr<Connection> connection);

  TlsContext tls_;
  std::size_t largest_body_;
  const StopSignal &stop_;
  Guarded<std::vector<Idle>> idle_;
};

} // namespace pinion::core::panel
