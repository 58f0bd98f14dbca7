#include "fetch/download.hpp"

#include "fetch/public_address.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/NetException.h>
#include <strings.h>

#include <algorithm>
#include <cctype>

namespace pinion::core::fetch {
namespace {

using outbound::Instant;

constexpr int kMostHeaders = 128;

bool isRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool same(const std::string &a, const char *b) { return ::strcasecmp(a.c_str(), b) == 0; }

// What must not reach another host than the one it was meant for.
bool isSecret(const std::string &name) {
  return same(name, "Authorization") || same(name, "Proxy-Authorization") || same(name, "Cookie") ||
         same(name, "X-Api-Key") || same(name, "Private-Token");
}

Result<void> checkRequest(const Request &request) {
  if (request.method != "GET" && request.method != "HEAD")
    return Error{Code::invalid, "only GET and HEAD can be asked for"};
  for (const auto &[name, value] : request.headers) {
    const auto bad = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    const auto not_token = [&](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == ':'; };
    if (name.empty() || std::any_of(name.begin(), name.end(), not_token) ||
        std::any_of(value.begin(), value.end(), bad))
      return Error{Code::invalid, "a header's name or value is malformed"};
    for (const char *ours : {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade"})
      if (same(name, ours)) return Error{Code::invalid, "the header " + name + " is the daemon's to set"};
  }
  return {};
}

Error cancelled() { return {Code::cancelled, "the download was cancelled"}; }

bool mentions(const Fields &headers, const char *name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto &field) { return same(field.first, name); });
}

} // namespace

Download::Download(TlsSource tls, Resolver resolver) : tls_source_(std::move(tls)), resolver_(std::move(resolver)) {}

void Download::extendDeadline() {
  connection_->setDeadline(std::min(deadline_, std::chrono::steady_clock::now() + stall_));
}

Result<Head> Download::open(const Request &request) {
  if (auto checked = checkRequest(request); !checked) return checked.error();
  auto url = parseUrl(request.url);
  if (!url) return url.error();
  deadline_ = std::chrono::steady_clock::now() + request.deadline;
  stall_ = request.stall;
  Fields headers = request.headers;
  for (std::uint32_t hops = 0;; ++hops) {
    if (stop_.raised()) return cancelled();
    Head head;
    auto asked = connect(*url, request);
    if (asked) asked = ask(*url, request, headers, head);
    if (!asked) {
      if (stop_.raised()) return cancelled();
      Error error = asked.error();
      error.text = url->address.origin() + ": " + error.text;
      return error;
    }
    const auto location = std::find_if(head.headers.begin(), head.headers.end(),
                                       [](const auto &field) { return field.first == "location"; });
    if (request.max_redirects == 0 || !isRedirect(head.status) || location == head.headers.end()) {
      head.url = url->text();
      return head;
    }
    if (hops == request.max_redirects) return Error{Code::io, url->address.origin() + ": it redirects too many times"};
    auto next = url->resolve(location->second);
    if (!next) return Error{Code::io, url->address.origin() + ": it redirects to no proper address"};
    const auto &from = url->address, &to = next->address;
    if (from.host != to.host || from.port != to.port || (from.https && !to.https))
      std::erase_if(headers, [](const auto &field) { return isSecret(field.first); });
    url = std::move(next);
    body_.reset();
    connection_.reset();
  }
}

// The addresses that were checked are the ones connected to: the name is not asked for again.
Result<void> Download::connect(const Url &url, const Request &request) {
  const auto until = std::min(deadline_, std::chrono::steady_clock::now() + request.connect);
  if (url.address.https && !tls_) tls_ = tls_source_();
  if (request.to_private) {
    auto proxy = outbound::proxyFor(url.address);
    if (!proxy) return proxy.error();
    if (*proxy) {
      static const outbound::TlsContext plain(true); // never used: dial() wants one
      auto dialled = outbound::dial(url.address, tls_ ? *tls_ : plain, until, stop_);
      if (!dialled) return dialled.error();
      connection_ = std::move(*dialled);
      return {};
    }
  }
  const auto targets = resolver_(url.address.host, url.address.port);
  if (!targets) return targets.error();
  if (stop_.raised()) return cancelled(); // the resolver did not hear of it
  if (!request.to_private)
    for (const auto &target : *targets)
      if (!isPublic(target.address))
        return Error{Code::denied, "it is an address of this machine or of a private network"};
  auto fd = outbound::connectTo(*targets, until, stop_);
  if (!fd) return fd.error();
  auto connection = outbound::establish(std::move(*fd), url.address, tls_.get(), until, stop_);
  if (!connection) return connection.error();
  connection_ = std::move(*connection);
  return {};
}

Result<void> Download::ask(const Url &url, const Request &request, const Fields &headers, Head &head) {
  try {
    Poco::Net::HTTPRequest asked(request.method, connection_->requestPrefix() + url.address.path,
                                 Poco::Net::HTTPMessage::HTTP_1_1);
    asked.set("Host", url.address.hostHeader());
    for (const auto &[name, value] : headers) asked.set(name, value);
    if (!url.user_info.empty() && !mentions(headers, "Authorization"))
      asked.set("Authorization", outbound::basicAuthorization(url.user_info));
    if (!connection_->proxyAuthorization().empty()) asked.set("Proxy-Authorization", connection_->proxyAuthorization());
    if (!mentions(headers, "Accept-Encoding")) asked.set("Accept-Encoding", "identity");
    connection_->setKeepAlive(false);
    extendDeadline();
    connection_->sendRequest(asked).flush();
    if (const auto *failed = connection_->networkException()) failed->rethrow();
    Poco::Net::HTTPResponse response;
    response.setFieldLimit(kMostHeaders);
    connection_->receiveResponse(response);
    head.status = response.getStatus();
    for (const auto &[name, value] : response) {
      std::string lower = name;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      const auto known = std::find_if(head.headers.begin(), head.headers.end(),
                                      [&](const auto &field) { return field.first == lower; });
      if (known == head.headers.end())
        head.headers.emplace_back(lower, value);
      else
        known->second += ", " + value;
    }
    auto body = outbound::BodyReader::of(*connection_, response, request.method == "HEAD");
    if (!body) return body.error();
    body_ = std::move(*body);
    return {};
  } catch (const Poco::TimeoutException &) {
    return Error{Code::timeout, "it did not answer in time"};
  } catch (const Poco::Exception &failed) {
    return Error{Code::io, "the answer cannot be read: " + failed.displayText()};
  } catch (const std::exception &failed) {
    return Error{Code::io, std::string("the answer cannot be read: ") + failed.what()};
  }
}

Result<std::size_t> Download::read(char *buffer, std::size_t capacity) {
  if (stop_.raised()) return cancelled();
  if (!body_) return Error{Code::invalid, "the download is not open"};
  try {
    extendDeadline();
    return body_->read(buffer, capacity);
  } catch (const Poco::TimeoutException &) {
    return Error{Code::timeout, "the download does not go on"};
  } catch (const std::exception &failed) {
    if (stop_.raised()) return cancelled();
    return Error{Code::io, std::string("the download broke off: ") + failed.what()};
  }
}

} // namespace pinion::core::fetch
