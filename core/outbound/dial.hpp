// Connections to other hosts (the Panel, and what is downloaded from): resolving, connecting, proxies of the
// environment, TLS.
#pragma once

#include "outbound/socket.hpp"

#include <Poco/Net/HTTPClientSession.h>

#include <netinet/in.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core::outbound {

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

// The value of an Authorization header for "name:password"; empty for nothing.
std::string basicAuthorization(const std::string &user_info);

// One of a name's addresses, with the port.
struct Target {
  sockaddr_storage address{};
  socklen_t size = 0;
};
// Blocks; the resolver has time limits of its own. Code::io.
Result<std::vector<Target>> resolve(const std::string &host, int port);
// Tries them in turn; each gets its share of the time that is left. Code::io, Code::timeout, Code::stopping.
Result<UniqueFd> connectTo(const std::vector<Target> &targets, Instant deadline, const StopSignal &stop);
// TLS when the address says so, checked against its host. Code::io, Code::timeout, Code::stopping.
Result<std::unique_ptr<Connection>> establish(UniqueFd fd, const Address &address, const TlsContext *tls,
                                              Instant deadline, const StopSignal &stop);

// Through the environment's proxy where it names one. Blocks until connected; the resolver has time limits of its own.
// Code::io, Code::timeout, Code::stopping.
Result<std::unique_ptr<Connection>> dial(const Address &address, const TlsContext &tls, Instant deadline,
                                         const StopSignal &stop);

} // namespace pinion::core::outbound
