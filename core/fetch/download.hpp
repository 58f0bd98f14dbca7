// One answer of another host, read as it comes: resolved once, connected to checked addresses only, redirects followed
// under the same rules, whole or an error. Blocks its thread; cancel() ends any wait but the resolver's.
#pragma once

#include "fetch/url.hpp"
#include "outbound/body_reader.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pinion::core::fetch {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET"; // or "HEAD"
  std::string url;
  Fields headers;
  std::uint32_t max_redirects = 0; // 0: a redirect is the answer
  bool to_private = false;         // addresses that are not public too; only then the environment's proxies
  std::chrono::milliseconds connect{10'000}, stall{30'000}, deadline{43'200'000};
};

struct Head {
  int status = 0;
  std::string url; // that answered
  Fields headers;  // names in lower case; those that came twice are joined with ", "
};

using Resolver = std::function<Result<std::vector<outbound::Target>>(const std::string &host, int port)>;
using TlsSource = std::function<std::shared_ptr<const outbound::TlsContext>()>; // asked for https only

class Download {
public:
  explicit Download(TlsSource tls, Resolver resolver = outbound::resolve);

  // [one thread at a time] Once. Code::invalid: no proper URL or request; Code::denied: an address is not public;
  // Code::io, Code::timeout, Code::cancelled.
  Result<Head> open(const Request &request);
  // [one thread at a time] Bytes, 0 at the true end. Code::io when it was cut short; Code::timeout; Code::cancelled.
  Result<std::size_t> read(char *buffer, std::size_t capacity);
  void cancel() { stop_.raise(); } // [any]

private:
  Result<void> connect(const Url &url, const Request &request);
  Result<void> ask(const Url &url, const Request &request, const Fields &headers, Head &head);
  void extendDeadline();

  const TlsSource tls_source_;
  const Resolver resolver_;
  outbound::StopSignal stop_;
  std::shared_ptr<const outbound::TlsContext> tls_;
  std::unique_ptr<outbound::Connection> connection_;
  outbound::Instant deadline_{};
  std::chrono::milliseconds stall_{};
  std::optional<outbound::BodyReader> body_; // of connection_
};

} // namespace pinion::core::fetch
