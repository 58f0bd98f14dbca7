// "pinion.routes/1": requests. The sockets that they turn into are in sockets.cpp.
#include "base/json_text.hpp"
#include "loader/arguments.hpp"
#include "loader/replies.hpp"
#include "loader/sockets.hpp"
#include "loader/tables.hpp"
#include "servers/json_cursor.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

constexpr std::size_t kMaxWaiting = 1024; // requests that wait for one lane route's turn; over it the answer is 503

thread_local const RouteBase *current_route = nullptr; // whose handler this thread runs

class PluginRoute final : public RouteBase {
public:
  PluginRoute(std::shared_ptr<Host> owner, std::string name, std::uint32_t flags, pinion_route_fn fn, void *user)
      : RouteBase(std::move(owner)), name_(std::move(name)), flags_(flags), fn_(fn), user_(user) {}
  std::atomic<std::uint64_t> front_id = 0;

  // [any] Brings a handler to the lane.
  bool runOnLane(std::function<void()> job) {
    if (waiting_ >= kMaxWaiting) return false;
    ++waiting_;
    const auto self = std::static_pointer_cast<PluginRoute>(shared_from_this());
    if (host().lane().post([self, run = std::move(job)] {
          --self->waiting_;
          run();
        }))
      return true;
    --waiting_;
    return false;
  }

  void handle(ExchangePtr exchange) { // [pool or lane]
    if (host().phase() != Host::Phase::running || host().ended(*this)) {
      exchange->fail(Code::stopping, host().name() + " does not run");
      return;
    }
    auto pending = std::make_shared<PendingReply>();
    pending->host = host().shared_from_this();
    pending->name = name_;
    pending->exchange = std::move(exchange);
    pending->long_transfer = (flags_ & PINION_ROUTE_LONG) != 0;
    const auto token = Replies::all().add(std::move(pending));
    const auto handler = [&] { fn_(user_, Replies::request(token), Replies::reply(token)); };
    bool ran = true;
    if ((flags_ & PINION_ROUTE_LANE) != 0) {
      ran = host().call(*this, "route", name_, handler);
    } else {
      const auto *const before = std::exchange(current_route, this);
      ran = host().work(handler);
      current_route = before;
    }
    if (ran)
      Replies::all().returned(token);
    else if (const auto unasked = Replies::all().take(Replies::reply(token)))
      Replies::answer(*unasked, PINION_E_STOPPING, "the route has ended");
  }

  void cancel() override {
    // removeRoute waits for running handlers. From the handler itself, or from the lane that one waits for, that would
    // be for ever: then it is another thread's work, and none begins meanwhile because the route has ended.
    const bool itself = current_route == this;
    const bool lane = (flags_ & PINION_ROUTE_LANE) != 0 && host().exclusive();
    host().silence(*this);
    Front &front = host().services().front;
    if ((itself || lane) && host().services().workers.post([&front, id = front_id.load()] { front.removeRoute(id); }))
      return;
    if (!itself && !lane) front.removeRoute(front_id);
  }
  // Handlers that run are waited for as other work is (Host::quiet); none begins, as the plugin is stopping.
  void drop() override { host().services().front.abandonRoute(front_id); }

private:
  const std::string name_;
  const std::uint32_t flags_;
  const pinion_route_fn fn_;
  void *const user_;
  std::atomic<std::size_t> waiting_ = 0;
};

Result<Route> routeArgument(const pinion_route *given) {
  if (given == nullptr || given->size < sizeof(pinion_route))
    return Error{Code::invalid, "the route is NULL or its size is not set"};
  const auto method = nameArgument(given->method, "route's method", 16);
  if (!method) return method.error();
  if (!std::all_of(method->begin(), method->end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
    return Error{Code::invalid, "the route's method is not in upper case"};
  const auto path = nameArgument(given->path, "route's path");
  if (!path) return path.error();
  if (path->front() != '/') return Error{Code::invalid, "the route's path does not begin with /"};
  const auto auth = nameArgument(given->auth, "route's auth");
  if (!auth) return auth.error();
  Route out;
  out.method = *method;
  out.path = *path;
  constexpr std::string_view kToken = "token:";
  if (*auth == "node")
    out.auth = AuthKind::node;
  else if (*auth == "none")
    out.auth = AuthKind::none;
  else if (auth->starts_with(kToken) && auth->size() > kToken.size()) {
    out.auth = AuthKind::token;
    out.scope = auth->substr(kToken.size());
  } else {
    return Error{Code::invalid, "the route's auth is none of \"node\", \"none\" and \"token:SCOPE\""};
  }
  out.stream_body = (given->flags & PINION_ROUTE_STREAM_BODY) != 0;
  out.long_transfer = (given->flags & PINION_ROUTE_LONG) != 0;
  if ((given->flags & PINION_ROUTE_LANE) != 0 && (out.stream_body || out.long_transfer))
    return Error{Code::invalid, "a route on the lane must not block, so it has no streamed body and no long transfer"};
  return out;
}

pinion_status add(const pinion_host *raw, const pinion_route *route, pinion_route_fn fn, void *user, std::uint64_t *id,
                  pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    if (fn == nullptr || id == nullptr) return Error{Code::invalid, "the route function or the id is NULL"};
    if (host.phase() != Host::Phase::starting || !host.onMain())
      return Error{Code::invalid, "routes are added inside start()"};
    auto out = routeArgument(route);
    if (!out) return out.error();
    const auto made =
        std::make_shared<PluginRoute>(host.shared_from_this(), out->method + " " + out->path, route->flags, fn, user);
    if ((route->flags & PINION_ROUTE_LANE) != 0)
      out->run = [made](std::function<void()> job) { return made->runOnLane(std::move(job)); };
    out->handler = [made](ExchangePtr exchange) { made->handle(std::move(exchange)); };
    if (auto kept = host.keep(made); !kept) return kept;
    const auto front_id = host.services().front.addRoute(*std::move(out));
    if (!front_id) {
      host.forget(made->id());
      return front_id.error();
    }
    made->front_id = *front_id;
    *id = made->id();
    return {};
  });
}

// The pending request behind a token; a call's reply is none.
Result<PendingReplyPtr> routeReply(const void *token) {
  if (token == nullptr) return Error{Code::invalid, "the request or reply is NULL"};
  auto found = Replies::all().find(token);
  if (!found) return Error{Code::cancelled, "the reply is used up"};
  if (!found->exchange) return Error{Code::invalid, "the reply is one to a call"};
  return found;
}

pinion_status field(const pinion_request *request, const char *name, const pinion_sink *out) noexcept {
  return guarded(nullptr, [&]() -> Result<void> {
    const auto text = nameArgument(name, "field's name");
    if (!text) return text.error();
    const auto pending = routeReply(request);
    if (!pending) return pending.error();
    const auto value = (*pending)->exchange->field(*text);
    if (!value) return Error{Code::notFound, "it was not sent"};
    return emit(out, *value);
  });
}

std::int64_t readBody(pinion_request *request, void *buffer, std::size_t capacity) noexcept {
  std::int64_t got = 0;
  const pinion_status status = guarded(nullptr, [&]() -> Result<void> {
    if (buffer == nullptr || capacity == 0) return Error{Code::invalid, "the buffer is NULL or empty"};
    const auto pending = routeReply(request);
    if (!pending) return pending.error();
    got = (*pending)->exchange->readBody(buffer, capacity);
    return {};
  });
  return status == PINION_OK ? got : status;
}

Result<void> outcome(Code code, const char *what) {
  if (code == Code::ok) return {};
  return Error{code, what};
}

pinion_status head(pinion_reply *reply, std::uint32_t status, pinion_span headers) noexcept {
  return guarded(nullptr, [&]() -> Result<void> {
    if (status < 200 || status > 599) return Error{Code::invalid, "the status is no final HTTP status"};
    const auto json = spanArgument(headers, "headers", 65536);
    if (!json) return json.error();
    Headers out;
    if (!json->empty()) {
      JsonCursor cursor(*json);
      bool good = cursor.kind() == JsonCursor::Kind::object;
      cursor.object([&](std::string_view name) {
        std::string value;
        cursor.read(value);
        // What could end a header line, or begin another, never reaches the wire.
        const auto bad = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
        good =
            good && !name.empty() &&
            std::none_of(name.begin(), name.end(), [&](unsigned char c) { return bad(c) || c == ' ' || c == ':'; }) &&
            std::none_of(value.begin(), value.end(), bad);
        out.emplace_back(name, std::move(value));
      });
      cursor.finish();
      if (!good || cursor.failed()) return Error{Code::invalid, "the headers are no JSON object of header strings"};
    }
    const auto pending = routeReply(reply);
    if (!pending) return pending.error();
    const Code code = (*pending)->exchange->head(status, out);
    if (code == Code::ok) (*pending)->headed = true;
    return outcome(code, "the head could not be sent");
  });
}

pinion_status send(pinion_reply *reply, pinion_span bytes) noexcept {
  return guarded(nullptr, [&]() -> Result<void> {
    const auto text = spanArgument(bytes, "piece of the body", SIZE_MAX);
    if (!text) return text.error();
    const auto pending = routeReply(reply);
    if (!pending) return pending.error();
    return outcome((*pending)->exchange->send(*text), "the client is gone");
  });
}

pinion_status sendFile(pinion_reply *reply, std::int32_t file, std::uint64_t offset, std::uint64_t length) noexcept {
  return guarded(nullptr, [&]() -> Result<void> {
    if (const auto pending = routeReply(reply); !pending) return pending.error();
    const auto taken = Replies::all().take(reply);
    if (!taken) return Error{Code::cancelled, "the reply is used up"};
    const Code code = taken->exchange->sendFile(file, offset, length);
    if (code != Code::ok && code != Code::cancelled) (void)taken->exchange->fail(Code::internal, "");
    return outcome(code, "the file cannot be sent");
  });
}

} // namespace

const pinion_routes_v1 *routesTable() {
  static constexpr pinion_routes_v1 table{sizeof(pinion_routes_v1),
                                          0,
                                          &add,
                                          &field,
                                          &readBody,
                                          &head,
                                          &send,
                                          &sendFile,
                                          &acceptSocket,
                                          &frameSocket,
                                          &broadcastSockets,
                                          &closeSocket};
  return &table;
}

} // namespace pinion::core
