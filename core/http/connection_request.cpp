// What a request means: redirect, preflight, route, auth, server, body, handler; in the order of contract http.md 1.
#include "http/connection.hpp"

#include "base/ids.hpp"
#include "http/route_exchange.hpp"
#include "http/socket.hpp"
#include "log/log.hpp"

#include <cstring>

namespace pinion::core::http {
namespace {

constexpr std::uint64_t kSkippable = 256 * 1024; // of an unread body: read and thrown away rather than closed upon

} // namespace

void Connection::beginRequest(RequestHead head) {
  front_->requests.begin();
  request_ = std::make_unique<Request>();
  request_->decoder = BodyDecoder(head);
  request_->expects_continue = head.expects_continue && !request_->decoder.done();
  request_->head = std::move(head);
  phase_ = Phase::running;
  route();
}

void Connection::route() {
  auto &request = *request_;
  const auto &head = request.head;
  const auto router = front_->router.with([](const auto &current) { return current; });
  auto match = router->match(head.method, head.target.path);
  if (!match && router->matchesOtherSlash(head.method, head.target.path)) {
    auto to = head.target.raw_path;
    if (to.ends_with('/'))
      to.pop_back();
    else
      to += '/';
    if (!head.target.query.empty()) to += "?" + head.target.query;
    answer(head.method == "GET" ? 301 : 307, "", "", {{"Location", to}});
    return;
  }
  request.request_id = randomUuid();
  const auto *origin = head.find("Origin");
  request.common = "X-Request-Id: " + request.request_id + "\r\n";
  front_->cors.append(request.common, origin == nullptr ? std::string_view() : std::string_view(*origin));
  if (head.method == "OPTIONS") {
    answer(204, "", "");
    return;
  }
  const auto auth = match ? match->entry->route.auth : AuthKind::node;
  std::optional<Refusal> refusal;
  if (auth == AuthKind::node) refusal = checkNodeToken(head, front_->hooks);
  if (auth == AuthKind::token)
    refusal = checkSignedToken(head, match->entry->route.scope, front_->hooks, request.claims);
  if (refusal) {
    answerRefusal(*refusal);
    return;
  }
  if (!match) {
    answer(404, kPlainText, "404 page not found");
    return;
  }
  if (const auto *server = match->parameter("server");
      server != nullptr && !(front_->hooks.server_exists && front_->hooks.server_exists(*server))) {
    answerRefusal({404, "The requested resource does not exist on this instance."});
    return;
  }
  request.match = std::move(*match);
  request.streams = request.match.entry->route.stream_body;
  if (request.streams || request.decoder.done()) {
    dispatch();
  } else if (bodyFits()) {
    phase_ = Phase::body;
    request.body_began = Clock::now();
    deadline_ = request.body_began + front_->options.body_timeout;
  }
}

bool Connection::bodyFits() {
  if (request_->decoder.left().value_or(0) <= front_->options.max_buffered_body) return true;
  answerFailure(413);
  return false;
}

void Connection::sendContinue() {
  request_->expects_continue = false;
  out_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

void Connection::dispatch() {
  auto &request = *request_;
  phase_ = Phase::running;
  auto pass = RouteEntry::enter(request.match.entry);
  if (!pass) { // removed a moment ago
    answer(404, kPlainText, "404 page not found");
    return;
  }
  const std::weak_ptr<Endpoint> weak = weak_from_this();
  request.transaction = std::make_shared<Transaction>([weak, hub = hub_] {
    hub->post([weak] {
      if (const auto self = std::static_pointer_cast<Connection>(weak.lock()); self && !self->ended_) self->proceed();
    });
  });
  if (request.decoder.done()) {
    request.transaction->feed([&](std::string &body) { body = std::move(request.body); });
    request.transaction->endBody();
  }
  if (peer_ended_) request.transaction->peerEnded();
  RequestFacts facts;
  facts.ip = front_->proxies.clientOf(request.head, peer_);
  facts.head = std::move(request.head);
  facts.parameters = std::move(request.match.parameters);
  facts.claims = std::move(request.claims);
  facts.request_id = request.request_id;
  facts.common = request.common;
  const auto entry = std::move(request.match.entry);
  runHandler(entry, std::move(pass), std::move(facts));
}

void Connection::runHandler(const std::shared_ptr<RouteEntry> &entry, RouteEntry::Pass pass, RequestFacts facts) {
  const std::weak_ptr<Endpoint> weak = weak_from_this();
  auto exchange = std::make_shared<RouteExchange>(
      front_, hub_, request_->transaction, std::move(facts), [weak, hub = hub_](std::shared_ptr<Socket> socket) {
        return hub->post([weak, socket = std::move(socket)] {
          if (const auto self = std::static_pointer_cast<Connection>(weak.lock()))
            self->upgrade(socket);
          else
            socket->drop();
        });
      });
  // What the job holds goes when the handler has returned, not when the pool forgets the job.
  auto job = [exchange, entry, pass = std::move(pass)]() mutable {
    const auto mine = std::move(exchange);
    try {
      entry->route.handler(mine);
    } catch (const std::exception &error) {
      log::error("a route's handler threw: " + std::string(error.what()),
                 {{"route", entry->route.method + " " + entry->route.path}});
      mine->handlerFailed();
    } catch (...) {
      log::error("a route's handler threw what is no std::exception",
                 {{"route", entry->route.method + " " + entry->route.path}});
      mine->handlerFailed();
    }
    pass.reset();
  };
  bool taken = false;
  if (entry->route.run) {
    taken = entry->route.run(std::move(job));
  } else if (entry->route.long_transfer) {
    auto server = exchange->field("path:server");
    if (!server) server = exchange->field("claim:server_uuid");
    taken = front_->long_transfers.post(server.value_or(""), std::move(job));
  } else {
    taken = front_->workers.post(std::move(job));
  }
  if (!taken) (void)exchange->fail(static_cast<Code>(503), "");
}

bool Connection::canGoOnAfterAnswer() const {
  const auto &request = *request_;
  if (request.close || !request.head.keep_alive || front_->stopping.load()) return false;
  if (request.decoder.done()) return true;
  // A client that waits for "100 Continue" may send its body or not: nobody knows where the next request begins.
  return !request.expects_continue && request.decoder.left().value_or(kSkippable + 1) <= kSkippable;
}

void Connection::refuse(int status) {
  front_->requests.begin();
  request_ = std::make_unique<Request>();
  request_->close = true;
  phase_ = Phase::running;
  answer(status, kText, std::to_string(status) + " " + std::string(reasonPhrase(status)));
}

void Connection::answer(int status, std::string_view content_type, std::string_view body, const Headers &headers) {
  auto &request = *request_;
  phase_ = Phase::running;
  request.close = !canGoOnAfterAnswer();
  AnswerHead head;
  head.status = status;
  head.common = request.common;
  head.headers = &headers;
  head.content_type = content_type;
  if (statusHasBody(status)) head.content_length = body.size();
  head.close = request.close;
  head.keep_alive_1_0 = request.head.minor == 0;
  appendHead(out_, head);
  if (request.head.method != "HEAD") out_ += body;
  request.answered = true;
  std::string().swap(request.body);
}

void Connection::answerRefusal(const Refusal &refusal) {
  Headers headers;
  if (refusal.asks_for_token) headers.emplace_back("WWW-Authenticate", "Bearer");
  answer(refusal.status, kJson,
         refusal.with_request_id ? errorBody(refusal.error, request_->request_id) : errorBody(refusal.error), headers);
}

void Connection::answerFailure(int status) {
  const auto text = status == 413   ? "The body of the request is larger than this node takes."
                    : status == 408 ? "The body of the request did not come in time."
                                    : std::string(kGenericError);
  answer(status, kJson, errorBody(text, request_->request_id));
}

} // namespace pinion::core::http
