// Connections to the Panel: resolving, connecting, proxies of the environment, TLS.
#pragma once

#include "panel/socket.hpp"

#include <Poco/Net/HTTPClientSession.h>

#include <optional>
#include <string>
#include <string_view>

namespace pinion::core::panel {

// Scheme, host and port of an address, and what follows them.
struct Address {
  bool https = false;
  std::string host; // an IPv6 address without brackets
  int port = 80;
  std::string path; // with query; "" or begins with "/"

  static Result<Address> parse(const std::string &url); // http and https only
  [[nodiscard]] std::string origin() const;             // "https://panel.example.com", the port where it is unusual
  [[nodiscard]] std::string hostHeader() const;
};

struct Proxy {
  Address address;
  std::string authorization; // value of Proxy-Authorization, or empty
};
// HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case. This machine itself is never reached through a proxy.
Result<std::optional<Proxy>> proxyFor(const Address &address);

// One HTTP connection. Its reader hands out the body's bytes undecoded, which Poco's streams cannot: they take a body
// that is cut short for a whole one.
class Connection : public Poco::Net::HTTPClientSession {
public:
  Connection(Socket *socket, std::string request_prefix, std::string proxy_authorization);
  using HTTPSession::get;
  using HTTPSession::read;

  void setDeadline(Instant deadline) { socket_->setDeadline(deadline); }
  [[nodiscard]] bool isStale() const { return socket_->isStale(); }
  // What stands before the path in the request line: the origin when a proxy forwards plain requests.
  [[nodiscard]] const std::string &requestPrefix() const { return request_prefix_; }
  [[nodiscard]] const std::string &proxyAuthorization() const { return proxy_authorization_; }

private:
  Socket *socket_; // owned by the session
  std::string request_prefix_, proxy_authorization_;
};

// Blocks until connected; the resolver has time limits of its own. Code::io, Code::timeout, Code::stopping.
Result<std::unique_ptr<Connection>> dial(const Address &address, const TlsContext &tls, Instant deadline,
                                         const StopSignal &stop);

} // namespace pinion::core::panel
