// The fake host's HTTP front: routes, requests made by the test, WebSockets that record frames. Included by
// fake_host.hpp.
#pragma once

#include <pinion/testing/detail/fake_lane.hpp>

#include <unistd.h>

#include <memory>
#include <optional>

namespace pinion::testing {

// A request as the test makes it. Authenticated unless said otherwise; a token's claims are what the test says.
struct FakeRequest {
  std::string method = "GET";
  std::string target; // path and query
  std::string body;
  std::map<std::string, std::string> headers;
  Json claims = Json::object();
  std::string ip = "127.0.0.1";
  bool authenticated = true;
};

// What the plugin answered. `done` turns true when the answer is complete.
struct FakeResponse {
  bool done = false;
  uint32_t status = 0;
  Json headers = Json::object();
  std::string body;
  std::optional<std::uint64_t> socket; // set when the request became a WebSocket
  bool client_gone = false;            // the test may set it: the plugin then sees `cancelled`
  Json json() const { return Json::parse(body, nullptr, false); }
};

struct FakeFrame {
  uint32_t opcode = PINION_FRAME_TEXT;
  std::string text;
  Json json() const { return Json::parse(text, nullptr, false); }
};

namespace detail {
class FakeHttp;
}

// One accepted WebSocket, from the peer's side.
class FakeSocket {
public:
  std::vector<FakeFrame> frames; // what the plugin sent, oldest first
  bool slow = false;             // set by the test: the send queue is full from now on
  bool closed = false;           // by either side
  uint16_t close_code = 0;       // what the plugin closed it with
  std::string close_reason;
  pinion_socket_options options{};

  // The peer sends a message; the plugin hears of it in pump().
  void say(const std::string &text, uint32_t kind = PINION_FRAME_TEXT);
  // The peer closes.
  void leave(const std::string &reason = "");
  // The texts of all frames, for comparing.
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const auto &frame : frames) out.push_back(frame.text);
    return out;
  }

private:
  friend class detail::FakeHttp;
  detail::FakeHttp *http_ = nullptr;
  std::uint64_t id_ = 0;
  pinion_frame_fn fn_ = nullptr;
  void *user_ = nullptr;
  std::size_t dropped_ = 0;
};

namespace detail {

// The HTTP code of a failure that a route answered without head().
inline uint32_t httpOf(pinion_status status) {
  switch (status) {
  case PINION_E_INVALID: return 400;
  case PINION_E_NOT_FOUND: return 404;
  case PINION_E_DENIED: return 403;
  case PINION_E_BUSY: return 409;
  case PINION_E_TIMEOUT: return 504;
  case PINION_E_UNSUPPORTED: return 501;
  case PINION_E_STOPPING: return 503;
  default: return 500;
  }
}

inline std::string percentDecoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

inline std::vector<std::string> segments(const std::string &path) {
  std::vector<std::string> out;
  for (std::size_t from = 1; from <= path.size();) {
    const std::size_t to = std::min(path.find('/', from), path.size());
    out.push_back(path.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

inline std::string lower(std::string text) {
  for (char &c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

class FakeHttp {
public:
  explicit FakeHttp(FakeLane &lane) : lane_(lane) {}

  std::function<bool(const std::string &)> server_known;
  bool routes_closed = false; // start() is over

  pinion_status add(const pinion_route *route, pinion_route_fn fn, void *user, std::uint64_t *id, pinion_error *error) {
    if (routes_closed) {
      lane_.misuse.push_back("a route was added outside start()");
      return refuse(error, PINION_E_INVALID, "routes are added inside start() only");
    }
    if (route == nullptr || route->method == nullptr || route->path == nullptr || route->path[0] != '/' ||
        fn == nullptr)
      return refuse(error, PINION_E_INVALID, "a route needs a method, a path that begins with '/', and a function");
    const std::string auth = route->auth != nullptr ? route->auth : "";
    if (auth != "node" && auth != "none" && auth.rfind("token:", 0) != 0)
      return refuse(error, PINION_E_INVALID, "auth is \"node\", \"none\" or \"token:SCOPE\", not \"" + auth + "\"");
    if ((route->flags & PINION_ROUTE_LANE) != 0 && (route->flags & (PINION_ROUTE_STREAM_BODY | PINION_ROUTE_LONG)) != 0)
      return refuse(error, PINION_E_INVALID, "a route on the lane has no streamed body and no long transfer");
    for (const auto &[other_id, other] : routes_)
      if (other.method == route->method && other.path == route->path)
        return refuse(error, PINION_E_BUSY, std::string(route->method) + " " + route->path + " is taken");
    *id = lane_.newId();
    routes_[*id] = Route{route->method, route->path, auth, route->flags, fn, user};
    return PINION_OK;
  }

  bool cancel(std::uint64_t id) { return routes_.erase(id) != 0; }
  void clearPlugin() { routes_.clear(); }

  std::shared_ptr<FakeResponse> request(FakeRequest request) {
    auto response = std::make_shared<FakeResponse>();
    const std::size_t mark = std::min(request.target.find('?'), request.target.size());
    const std::string path = percentDecoded(request.target.substr(0, mark), false);
    std::map<std::string, std::string> parameters;
    const Route *route = find(request.method, path, parameters);
    const auto refused = [&](uint32_t status, const char *text) {
      response->done = true;
      response->status = status;
      response->body = Json{{"error", text}}.dump();
      return response;
    };
    if (route == nullptr) return refused(404, "no route matches");
    if (route->auth != "none" && !request.authenticated) return refused(401, "not authenticated");
    if (parameters.count("server") != 0 && server_known && !server_known(parameters["server"]))
      return refused(404, "the server is not known");

    exchanges_.push_back(std::make_unique<Exchange>(*this, std::move(request), response, *route));
    Exchange &exchange = *exchanges_.back();
    exchange.path = path;
    exchange.parameters = std::move(parameters);
    exchange.readQuery(mark);
    const auto run = [&exchange, fn = route->fn, user = route->user] {
      exchange.during([&] { fn(user, exchange.rawRequest(), exchange.raw()); });
    };
    if ((route->flags & PINION_ROUTE_LANE) != 0)
      lane_.post(run);
    else
      lane_.postPool(run);
    return response;
  }

  FakeSocket *socket(std::uint64_t id) {
    const auto it = sockets_.find(id);
    return it == sockets_.end() ? nullptr : it->second.get();
  }
  std::size_t openSockets() const {
    return static_cast<std::size_t>(
        std::count_if(sockets_.begin(), sockets_.end(), [](const auto &one) { return !one.second->closed; }));
  }

  pinion_status frame(std::uint64_t id, uint32_t opcode, std::string_view message) {
    FakeSocket *to = socket(id);
    if (to == nullptr || to->closed) return PINION_E_NOT_FOUND;
    if (to->slow) return PINION_E_BUSY;
    to->frames.push_back({opcode, std::string(message)});
    return PINION_OK;
  }
  void broadcast(const std::uint64_t *ids, std::size_t count, uint32_t opcode, uint32_t flags,
                 std::string_view message) {
    for (std::size_t i = 0; i < count; ++i) {
      FakeSocket *to = socket(ids[i]);
      if (to == nullptr || to->closed) continue;
      if (!to->slow)
        to->frames.push_back({opcode, std::string(message)});
      else if ((flags & PINION_BROADCAST_DROPPABLE) != 0)
        tell(*to, PINION_FRAME_DROPPED, std::to_string(++to->dropped_));
    }
  }
  pinion_status close(std::uint64_t id, uint16_t code, std::string_view reason) {
    FakeSocket *to = socket(id);
    if (to == nullptr || to->closed) return PINION_E_NOT_FOUND;
    to->close_code = code;
    to->close_reason = std::string(reason);
    end(*to, to->close_reason);
    return PINION_OK;
  }
  void tell(FakeSocket &to, uint32_t kind, const std::string &text) {
    lane_.post([&to, kind, text] { to.fn_(to.user_, to.id_, kind, span(text)); });
  }
  void end(FakeSocket &to, const std::string &reason) {
    if (std::exchange(to.closed, true)) return;
    tell(to, PINION_FRAME_CLOSED, reason);
  }

  // -- what the plugin does with a request and its reply --
  static pinion_status field(const pinion_request *request, const char *name, const pinion_sink *out) {
    const std::optional<std::string> value = Exchange::of(request).field(name != nullptr ? name : "");
    return value ? put(out, *value) : PINION_E_NOT_FOUND;
  }
  static std::int64_t readBody(pinion_request *request, void *buffer, std::size_t capacity) {
    return Exchange::of(request).readBody(buffer, capacity);
  }
  static pinion_status head(pinion_reply *reply, uint32_t status, std::string_view headers) {
    Exchange *exchange = dynamic_cast<Exchange *>(&FakeReply::of(reply));
    return exchange != nullptr ? exchange->head(status, headers) : PINION_E_INVALID;
  }
  static pinion_status sendFile(pinion_reply *raw, int32_t file, uint64_t offset, uint64_t length) {
    Exchange *exchange = dynamic_cast<Exchange *>(&FakeReply::of(raw));
    if (exchange == nullptr) return PINION_E_INVALID;
    std::string bytes(length, '\0');
    const ssize_t got = ::pread(file, bytes.data(), length, static_cast<off_t>(offset));
    return exchange->answer(PINION_OK, std::string_view(bytes).substr(0, got < 0 ? 0 : static_cast<std::size_t>(got)));
  }
  static pinion_status send(pinion_reply *reply, std::string_view bytes) {
    Exchange *exchange = dynamic_cast<Exchange *>(&FakeReply::of(reply));
    return exchange != nullptr ? exchange->send(bytes) : PINION_E_INVALID;
  }
  static pinion_status accept(pinion_reply *reply, const pinion_socket_options *options, pinion_frame_fn fn, void *user,
                              std::uint64_t *socket, pinion_error *error) {
    Exchange *exchange = dynamic_cast<Exchange *>(&FakeReply::of(reply));
    if (exchange == nullptr) return refuse(error, PINION_E_INVALID, "the reply is a call's, not a route's");
    return exchange->accept(options, fn, user, socket, error);
  }

private:
  struct Route {
    std::string method, path, auth;
    uint32_t flags;
    pinion_route_fn fn;
    void *user;
  };

  // The request and the reply in one; raw pointers to either lead here.
  class Exchange : public FakeReply {
  public:
    Exchange(FakeHttp &http, FakeRequest request, std::shared_ptr<FakeResponse> response, const Route &route)
        : FakeReply(http.lane_), http_(http), request_(std::move(request)), response_(std::move(response)),
          flags_(route.flags) {}
    std::string path;
    std::map<std::string, std::string> parameters;

    pinion_request *rawRequest() { return reinterpret_cast<pinion_request *>(this); }
    static Exchange &of(const pinion_request *raw) {
      return *const_cast<Exchange *>(reinterpret_cast<const Exchange *>(raw));
    }
    void readQuery(std::size_t from) {
      for (++from; from < request_.target.size();) {
        const std::size_t to = std::min(request_.target.find('&', from), request_.target.size());
        const std::string pair = request_.target.substr(from, to - from);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        query_.emplace(percentDecoded(pair.substr(0, equals), true),
                       equals < pair.size() ? percentDecoded(pair.substr(equals + 1), true) : "");
        from = to + 1;
      }
    }

    bool cancelled() const override { return response_->client_gone; }
    std::optional<std::string> field(const std::string &name) const {
      if (usedUp()) lane_.misuse.push_back("a field was read after the reply was used up");
      if (name == "method") return request_.method;
      if (name == "path") return path;
      if (name == "ip") return request_.ip;
      if (name == "request-id") return "fake-request";
      if (name == "claims") return request_.claims.dump();
      const std::size_t colon = std::min(name.find(':'), name.size());
      const std::string kind = name.substr(0, colon), key = colon < name.size() ? name.substr(colon + 1) : "";
      if (kind == "path") return at(parameters, key);
      if (kind == "query") return at(query_, key);
      if (kind == "claim" && request_.claims.contains(key)) return request_.claims[key].dump();
      if (kind == "header")
        for (const auto &[header, value] : request_.headers)
          if (lower(header) == lower(key)) return value;
      return std::nullopt;
    }
    std::int64_t readBody(void *buffer, std::size_t capacity) {
      if ((flags_ & PINION_ROUTE_STREAM_BODY) != 0 && lane_.context() != Context::pool)
        lane_.misuse.push_back("read_body() of a streamed body was called off the pool");
      const std::size_t count = std::min(capacity, request_.body.size() - read_);
      std::memcpy(buffer, request_.body.data() + read_, count);
      read_ += count;
      return static_cast<std::int64_t>(count);
    }
    pinion_status head(uint32_t status, std::string_view headers) {
      if (usedUp() || response_->status != 0) {
        lane_.misuse.push_back("head() came twice, or after the reply was used up");
        return PINION_E_INVALID;
      }
      const Json parsed = headers.empty() ? Json::object() : Json::parse(headers, nullptr, false);
      if (!parsed.is_object()) return PINION_E_INVALID;
      response_->status = status;
      response_->headers = parsed;
      return PINION_OK;
    }
    pinion_status send(std::string_view bytes) {
      if (lane_.context() == Context::lane) lane_.misuse.push_back("send() may block and was called on the lane");
      if (usedUp() || response_->status == 0) {
        lane_.misuse.push_back("send() came before head(), or after the reply was used up");
        return PINION_E_INVALID;
      }
      if (cancelled()) return PINION_E_CANCELLED;
      response_->body += bytes;
      return PINION_OK;
    }
    pinion_status accept(const pinion_socket_options *options, pinion_frame_fn fn, void *user, std::uint64_t *socket,
                         pinion_error *error) {
      if (usedUp()) {
        lane_.misuse.push_back("accept() came after the reply was used up");
        return refuse(error, PINION_E_INVALID, "the reply was used up before");
      }
      useUp();
      response_->done = true;
      if (at(request_.headers, "Upgrade").value_or("") != "websocket") {
        response_->status = 400;
        return refuse(error, PINION_E_INVALID, "the request is no WebSocket handshake");
      }
      response_->status = 101;
      *socket = http_.lane_.newId();
      auto made = std::make_unique<FakeSocket>();
      made->http_ = &http_;
      made->id_ = *socket;
      made->fn_ = fn;
      made->user_ = user;
      if (options != nullptr) made->options = *options;
      http_.sockets_[*socket] = std::move(made);
      response_->socket = *socket;
      return PINION_OK;
    }

  protected:
    void finish(pinion_status status, std::string_view body) override {
      response_->done = true;
      if (response_->status != 0) {
        response_->body += body;
        return;
      }
      response_->status = status != PINION_OK ? httpOf(status) : body.empty() ? 204 : 200;
      response_->body = status == PINION_OK ? std::string(body) : Json{{"error", std::string(body)}}.dump();
    }

  private:
    static std::optional<std::string> at(const std::map<std::string, std::string> &map, const std::string &key) {
      const auto it = map.find(key);
      if (it == map.end()) return std::nullopt;
      return it->second;
    }
    FakeHttp &http_;
    FakeRequest request_;
    std::shared_ptr<FakeResponse> response_;
    uint32_t flags_;
    std::map<std::string, std::string> query_;
    std::size_t read_ = 0;
  };

  const Route *find(const std::string &method, const std::string &path,
                    std::map<std::string, std::string> &parameters) const {
    const std::vector<std::string> wanted = segments(path);
    const Route *best = nullptr;
    for (const auto &[id, route] : routes_) {
      const std::vector<std::string> pattern = segments(route.path);
      std::map<std::string, std::string> found;
      bool fits = route.method == method && pattern.size() == wanted.size();
      for (std::size_t i = 0; fits && i < pattern.size(); ++i) {
        if (!pattern[i].empty() && pattern[i][0] == ':')
          found[pattern[i].substr(1)] = wanted[i];
        else
          fits = pattern[i] == wanted[i];
      }
      if (fits && (best == nullptr || found.size() < parameters.size())) { // the one with fewer names is closer
        best = &route;
        parameters = found;
      }
    }
    return best;
  }

  FakeLane &lane_;
  std::map<std::uint64_t, Route> routes_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::map<std::uint64_t, std::unique_ptr<FakeSocket>> sockets_;
};

} // namespace detail

inline void FakeSocket::say(const std::string &text, uint32_t kind) {
  if (closed) throw std::logic_error("the socket is closed: nothing can be said on it");
  const std::size_t wire = options.max_wire_bytes != 0 ? options.max_wire_bytes : 4096;
  const std::size_t message = options.max_message_bytes != 0 ? options.max_message_bytes : 32768;
  if (text.size() > wire) {
    close_code = 1009;
    http_->end(*this, "message too big");
  } else if (text.size() <= message) {
    http_->tell(*this, kind, text);
  }
}

inline void FakeSocket::leave(const std::string &reason) { http_->end(*this, reason); }

} // namespace pinion::testing
