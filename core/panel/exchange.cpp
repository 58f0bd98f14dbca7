#include "panel/exchange.hpp"

#include "outbound/body_reader.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/URI.h>

#include <algorithm>
#include <strings.h>

namespace pinion::core::panel {

namespace {

bool isRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The request as it goes to where the answer points, as browsers and Go rewrite it.
void redirect(Request &request, int status, bool trusted) {
  const bool to_get = status == 303 || ((status == 301 || status == 302) && request.method == "POST");
  if (to_get) {
    request.method = "GET";
    request.body.clear();
  }
  if (!trusted) // the node's credentials are for the Panel alone, and never in the clear
    std::erase_if(request.headers,
                  [](const auto &header) { return ::strcasecmp(header.first.c_str(), "Authorization") == 0; });
}

} // namespace

Exchanger::Exchanger(bool verify_certificates, std::size_t largest_body, const StopSignal &stop)
    : tls_(verify_certificates), largest_body_(largest_body), stop_(stop) {}

std::unique_ptr<Connection> Exchanger::takeIdle(const std::string &origin) {
  const auto oldest = std::chrono::steady_clock::now() - kLongestIdle;
  std::vector<Idle> closed; // goes after the lock
  return idle_.with([&](std::vector<Idle> &idle) -> std::unique_ptr<Connection> {
    const auto old =
        std::stable_partition(idle.begin(), idle.end(), [&](const Idle &one) { return one.since >= oldest; });
    closed.assign(std::make_move_iterator(old), std::make_move_iterator(idle.end()));
    idle.erase(old, idle.end());
    while (true) {
      const auto found =
          std::find_if(idle.rbegin(), idle.rend(), [&](const Idle &one) { return one.origin == origin; });
      if (found == idle.rend()) return nullptr;
      auto connection = std::move(found->connection);
      idle.erase(std::next(found).base());
      if (!connection->isStale()) return connection;
    }
  });
}

void Exchanger::keepIdle(const std::string &origin, std::unique_ptr<Connection> connection) {
  idle_.with([&](std::vector<Idle> &idle) {
    if (idle.size() >= kMostIdle) idle.erase(idle.begin());
    idle.push_back({origin, std::move(connection), std::chrono::steady_clock::now()});
  });
}

// `unheard`: the connection ended before the first byte of an answer.
Result<Exchanger::Raw> Exchanger::send(Connection &connection, const Request &request, const Address &address,
                                       bool *keep, bool *unheard) {
  try {
    Poco::Net::HTTPRequest head(request.method,
                                connection.requestPrefix() + (address.path.empty() ? "/" : address.path),
                                Poco::Net::HTTPMessage::HTTP_1_1);
    head.set("Host", address.hostHeader());
    for (const auto &[name, value] : request.headers) head.set(name, value);
    if (!connection.proxyAuthorization().empty()) head.set("Proxy-Authorization", connection.proxyAuthorization());
    if (!request.body.empty() || request.method != "GET")
      head.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
    *unheard = true;
    auto &out = connection.sendRequest(head);
    out.write(request.body.data(), static_cast<std::streamsize>(request.body.size()));
    out.flush();
    if (const auto *failed = connection.networkException()) failed->rethrow();
    Poco::Net::HTTPResponse response;
    connection.receiveResponse(response);
    *unheard = false;
    auto reader = outbound::BodyReader::of(connection, response);
    if (!reader) return reader.error();
    auto body = reader->readWhole(largest_body_);
    if (!body) return body.error();
    *keep = response.getKeepAlive() && reader->atNextAnswer();
    Raw raw;
    raw.answer.status = response.getStatus();
    raw.answer.body = std::move(*body);
    raw.location = response.get("Location", "");
    return raw;
  } catch (const Poco::TimeoutException &) {
    *unheard = false;
    return Error{Code::timeout, "it did not answer in time"};
  } catch (const Poco::Net::NoMessageException &) {
    return Error{Code::io, "it closed the connection without an answer"};
  } catch (const Poco::Net::ConnectionResetException &failed) {
    return Error{Code::io, "the connection broke: " + failed.message()};
  } catch (const Poco::Exception &failed) {
    *unheard = false;
    return Error{stop_.raised() ? Code::stopping : Code::io, "the answer cannot be read: " + failed.message()};
  } catch (const std::exception &failed) {
    *unheard = false;
    return Error{Code::io, std::string("the answer cannot be read: ") + failed.what()};
  }
}

Result<Exchanger::Raw> Exchanger::once(const Request &request, const Address &address, Instant deadline) {
  const std::string origin = address.origin();
  for (;;) {
    auto connection = takeIdle(origin);
    const bool reused = connection != nullptr;
    if (!reused) {
      auto dialled = dial(address, tls_, deadline, stop_);
      if (!dialled) return dialled.error();
      connection = std::move(*dialled);
    }
    connection->setDeadline(deadline);
    bool keep = false, unheard = false;
    auto raw = send(*connection, request, address, &keep, &unheard);
    // The server closed a kept connection just then: that is no failure of the Panel.
    if (!raw && reused && unheard && !stop_.raised()) continue;
    if (raw && keep) keepIdle(origin, std::move(connection));
    return raw;
  }
}

Result<Answer> Exchanger::run(const Request &original, Instant deadline) {
  Request request = original;
  for (int hops = 0;; ++hops) {
    if (stop_.raised()) return Error{Code::stopping, "the daemon is stopping"};
    const auto address = Address::parse(request.url);
    if (!address) return address.error();
    auto raw = once(request, *address, deadline);
    if (!raw) {
      Error error = raw.error();
      if (stop_.raised()) error.code = Code::stopping;
      error.text = address->origin() + ": " + error.text;
      return error;
    }
    if (!isRedirect(raw->answer.status) || raw->location.empty()) return std::move(raw->answer);
    if (hops == kMostRedirects) return Error{Code::io, address->origin() + ": it redirects too many times"};
    try {
      Poco::URI next(request.url);
      next.resolve(raw->location);
      request.url = next.toString();
    } catch (const Poco::Exception &) {
      return Error{Code::io, address->origin() + ": it redirects to no proper address"};
    }
    const auto target = Address::parse(request.url);
    if (!target) return target.error();
    redirect(request, raw->answer.status, target->host == address->host && (target->https || !address->https));
  }
}

} // namespace pinion::core::panel
