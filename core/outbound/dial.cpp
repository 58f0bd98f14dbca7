#include "outbound/dial.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace pinion::core::outbound {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::string environment(const char *upper, const char *lower) {
  for (const char *name : {upper, lower})
    if (const char *value = std::getenv(name); value && *value) return value;
  return {};
}

bool isThisMachine(const std::string &host) {
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "::1";
}

// An entry of NO_PROXY: "*", a host, a domain with or without its leading dot; each may have a port.
bool matches(std::string_view entry, const Address &address) {
  const auto first = entry.find_first_not_of(" \t");
  if (first == std::string_view::npos) return false;
  entry = entry.substr(first, entry.find_last_not_of(" \t") - first + 1);
  if (entry == "*") return true;
  if (const auto colon = entry.rfind(':'); colon != std::string_view::npos && entry.find(':') == colon) {
    if (entry.substr(colon + 1) != std::to_string(address.port)) return false;
    entry = entry.substr(0, colon);
  }
  const std::string domain = entry.starts_with(".") ? std::string(entry) : "." + std::string(entry);
  return entry == address.host || address.host.ends_with(domain);
}

Result<UniqueFd> connectTo(const Target &target, Instant deadline, const StopSignal &stop) {
  UniqueFd fd(::socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Error{Code::io, std::strerror(errno)};
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&target.address), target.size) != 0) {
    if (errno != EINPROGRESS) return Error{Code::io, std::strerror(errno)};
    if (auto ready = waitFor(fd.get(), POLLOUT, deadline, stop); !ready) return ready.error();
    int number = 0;
    socklen_t size = sizeof number;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) return Error{Code::io, std::strerror(number)};
  }
  return fd;
}

Result<UniqueFd> connectTo(const Address &address, Instant deadline, const StopSignal &stop) {
  const auto targets = resolve(address.host, address.port);
  if (!targets) return targets.error();
  return connectTo(*targets, deadline, stop);
}

// Asks the proxy for a tunnel. Afterwards the socket's bytes are the Panel's.
Result<void> openTunnel(Socket *socket, const Address &address, const Proxy &proxy) {
  std::string request = "CONNECT " + address.hostHeader() + " HTTP/1.1\r\nHost: " + address.hostHeader() + "\r\n";
  if (address.hostHeader().find(':') == std::string::npos) {
    const std::string full = address.host + ":" + std::to_string(address.port);
    request = "CONNECT " + full + " HTTP/1.1\r\nHost: " + full + "\r\n";
  }
  if (!proxy.authorization.empty()) request += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  request += "\r\n";
  socket->sendBytes(request.data(), static_cast<int>(request.size()));
  std::string head; // byte by byte: what follows the head belongs to TLS
  while (!head.ends_with("\r\n\r\n")) {
    char byte = 0;
    if (head.size() > 8192 || socket->receiveBytes(&byte, 1) != 1)
      return Error{Code::io, "the proxy " + proxy.address.origin() + " gave no proper answer"};
    head.push_back(byte);
  }
  if (head.size() > 12 && head.compare(0, 5, "HTTP/") == 0 && head.compare(8, 2, " 2") == 0) return {};
  return Error{Code::io, "the proxy " + proxy.address.origin() + " refused: " + head.substr(0, head.find('\r'))};
}

} // namespace

std::string basicAuthorization(const std::string &user_info) {
  if (user_info.empty()) return {};
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder << user_info;
  encoder.close();
  return "Basic " + out.str();
}

Result<std::vector<Target>> resolve(const std::string &host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo *found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); code != 0)
    return Error{Code::io, "the name " + host + " cannot be resolved: " + ::gai_strerror(code)};
  const AddressList list(found, ::freeaddrinfo);
  std::vector<Target> out;
  for (const addrinfo *entry = found; entry; entry = entry->ai_next) {
    Target &target = out.emplace_back();
    target.size = std::min<socklen_t>(entry->ai_addrlen, sizeof target.address);
    std::memcpy(&target.address, entry->ai_addr, target.size);
  }
  if (out.empty()) return Error{Code::io, "the name " + host + " has no address"};
  return out;
}

Result<UniqueFd> connectTo(const std::vector<Target> &targets, Instant deadline, const StopSignal &stop) {
  Error last{Code::io, "there is no address"};
  auto left = static_cast<int>(targets.size());
  for (const auto &target : targets) {
    const auto now = std::chrono::steady_clock::now();
    auto fd = connectTo(target, now + (deadline - now) / left--, stop);
    if (fd) return fd;
    last = fd.error();
    if (last.code == Code::stopping) break;
  }
  if (last.code == Code::io) last.text = "cannot connect: " + last.text;
  return last;
}

Result<Address> Address::parse(const std::string &url) {
  try {
    const Poco::URI uri(url);
    if ((uri.getScheme() != "http" && uri.getScheme() != "https") || uri.getHost().empty())
      return Error{Code::invalid, "\"" + url.substr(0, 200) + "\" is no http or https address"};
    Address out;
    out.https = uri.getScheme() == "https";
    out.host = uri.getHost();
    if (out.host.front() == '[' && out.host.back() == ']') out.host = out.host.substr(1, out.host.size() - 2);
    out.port = uri.getPort();
    out.path = uri.getPathAndQuery();
    return out;
  } catch (const Poco::Exception &) {
    return Error{Code::invalid, "\"" + url.substr(0, 200) + "\" is no http or https address"};
  }
}

std::string Address::hostHeader() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (https ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string Address::origin() const { return (https ? "https://" : "http://") + hostHeader(); }

Result<std::optional<Proxy>> proxyFor(const Address &address) {
  const std::string url =
      address.https ? environment("HTTPS_PROXY", "https_proxy") : environment("HTTP_PROXY", "http_proxy");
  if (url.empty() || isThisMachine(address.host)) return std::optional<Proxy>();
  std::istringstream exceptions(environment("NO_PROXY", "no_proxy"));
  for (std::string entry; std::getline(exceptions, entry, ',');)
    if (matches(entry, address)) return std::optional<Proxy>();
  auto parsed = Address::parse(url.find("://") == std::string::npos ? "http://" + url : url);
  if (!parsed || parsed->https)
    return Error{Code::io, "the proxy of the environment is no http:// address; other kinds are not supported"};
  const Poco::URI uri(url.find("://") == std::string::npos ? "http://" + url : url);
  return std::optional(Proxy{std::move(*parsed), basicAuthorization(uri.getUserInfo())});
}

Connection::Connection(Socket *socket, std::string request_prefix, std::string proxy_authorization)
    : HTTPClientSession(Poco::Net::StreamSocket(socket)), socket_(socket), request_prefix_(std::move(request_prefix)),
      proxy_authorization_(std::move(proxy_authorization)) {
  setKeepAlive(true);
}

Result<std::unique_ptr<Connection>> dial(const Address &address, const TlsContext &tls, Instant deadline,
                                         const StopSignal &stop) {
  auto proxy = proxyFor(address);
  if (!proxy) return proxy.error();
  auto fd = connectTo(*proxy ? (*proxy)->address : address, deadline, stop);
  if (!fd) {
    Error error = fd.error();
    if (*proxy) error.text = "the proxy " + (*proxy)->address.origin() + ": " + error.text;
    return error;
  }
  if (!*proxy) return establish(std::move(*fd), address, &tls, deadline, stop);
  auto *socket = new Socket(std::move(*fd), stop); // the session below owns it: Poco counts its references
  auto connection = std::make_unique<Connection>(socket, address.https ? "" : address.origin(),
                                                 address.https ? "" : (*proxy)->authorization);
  connection->setDeadline(deadline);
  if (!address.https) return connection;
  try {
    if (auto opened = openTunnel(socket, address, **proxy); !opened) return opened.error();
  } catch (const Poco::TimeoutException &) {
    return Error{Code::timeout, "the proxy " + (*proxy)->address.origin() + " did not answer in time"};
  } catch (const Poco::Exception &failed) {
    return Error{stop.raised() ? Code::stopping : Code::io, failed.message()};
  }
  if (auto started = socket->startTls(tls, address.host); !started) return started.error();
  return connection;
}

Result<std::unique_ptr<Connection>> establish(UniqueFd fd, const Address &address, const TlsContext *tls,
                                              Instant deadline, const StopSignal &stop) {
  auto *socket = new Socket(std::move(fd), stop); // the session below owns it: Poco counts its references
  auto connection = std::make_unique<Connection>(socket, "", "");
  connection->setDeadline(deadline);
  if (!address.https) return connection;
  if (auto started = socket->startTls(*tls, address.host); !started) return started.error();
  return connection;
}

} // namespace pinion::core::outbound
