// The C++ wrapper of the plugin ABI: header-only, nothing in it has external linkage across the border.
//
// A plugin is a class with a constructor that takes a `pinion::Host`, and `Result<void> start()` and `void stop()`.
// PINION_PLUGIN emits the entry. Everything that outlives a call is coroutine code on the plugin's lane: handlers and
// event functions run one after another there, so members need no locks (see docs/sdk/rules.md).
#pragma once

#include <pinion/services.h>

#include <nlohmann/json.hpp>

#include <atomic>
#include <coroutine>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pinion {
inline namespace v0 {

using Json = nlohmann::ordered_json;

// ---- values ---------------------------------------------------------------------------------------------------

// A refusal or failure: the ABI's status and a sentence for people.
struct Error {
  pinion_status code = PINION_E_INTERNAL;
  std::string text;
};

// A value or an Error. `Result<void>` is success or an Error.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : data_(std::move(value)) {}
  Result(Error error) : data_(std::move(error)) {}
  explicit operator bool() const { return data_.index() == 0; }
  T &operator*() { return std::get<0>(data_); }
  const T &operator*() const { return std::get<0>(data_); }
  T *operator->() { return &std::get<0>(data_); }
  const Error &error() const { return std::get<1>(data_); }

private:
  std::variant<T, Error> data_;
};

template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return !error_; }
  const Error &error() const { return *error_; }

private:
  std::optional<Error> error_;
};

inline pinion_span span(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(pinion_span bytes) { return {static_cast<const char *>(bytes.data), bytes.size}; }

namespace detail {

inline void setError(pinion_error *out, const Error &error) noexcept {
  if (out == nullptr) return;
  out->code = error.code;
  const std::size_t length = std::min(error.text.size(), sizeof(out->message) - 1);
  std::memcpy(out->message, error.text.data(), length);
  out->message[length] = '\0';
}

// A pinion_error to pass down, turned into an Error when the call failed.
class ErrorSlot {
public:
  ErrorSlot() { error_.size = sizeof(error_); }
  pinion_error *get() { return &error_; }
  Error take(pinion_status status) const { return Error{status, error_.message}; }

private:
  pinion_error error_{};
};

inline pinion_status appendTo(void *ctx, pinion_span chunk) noexcept {
  try {
    static_cast<std::string *>(ctx)->append(view(chunk));
    return PINION_OK;
  } catch (...) {
    return PINION_E_INTERNAL;
  }
}

} // namespace detail

// ---- coroutines on the lane -----------------------------------------------------------------------------------

// A lazily started coroutine with a result; awaited once, by another Task or handed to Host::spawn.
template <typename T = void> class [[nodiscard]] Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> waiter;
  std::exception_ptr failure;
  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <typename P> std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      return done.promise().waiter ? done.promise().waiter : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

} // namespace detail

template <typename T> class [[nodiscard]] Task {
public:
  struct promise_type : detail::PromiseBase {
    std::optional<T> value;
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    template <typename U> void return_value(U &&given) { value.emplace(std::forward<U>(given)); }
  };
  Task(Task &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task &operator=(Task &&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    handle_.promise().waiter = waiter;
    return handle_;
  }
  T await_resume() {
    if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
    return std::move(*handle_.promise().value);
  }

private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

template <> class [[nodiscard]] Task<void> {
public:
  struct promise_type : detail::PromiseBase {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    void return_void() {}
  };
  Task(Task &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task &operator=(Task &&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    handle_.promise().waiter = waiter;
    return handle_;
  }
  void await_resume() {
    if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
  }

private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// What an asynchronous host function answered: on success the answer's bytes, else status and text.
using Answer = Result<std::string>;

namespace detail {

// Suspends until a pinion_done_fn comes. `begin(done, user, &id, error)` starts the operation.
class DoneAwaiter {
public:
  using Begin = std::function<pinion_status(pinion_done_fn, void *, uint64_t *, pinion_error *)>;
  explicit DoneAwaiter(Begin begin, uint64_t *id = nullptr) : begin_(std::move(begin)), id_(id) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    ErrorSlot slot;
    uint64_t id = 0;
    // On the lane, `done` can only come after this function returned to the lane: no race with the lines below.
    const pinion_status status = begin_(&DoneAwaiter::done, this, &id, slot.get());
    if (status != PINION_OK) {
      answer_ = slot.take(status);
      return false;
    }
    if (id_ != nullptr) *id_ = id;
    return true;
  }
  Answer await_resume() {
    if (id_ != nullptr) *id_ = 0;
    return std::move(*answer_);
  }

private:
  static void done(void *user, pinion_status status, pinion_span answer) noexcept {
    auto *self = static_cast<DoneAwaiter *>(user);
    if (status == PINION_OK)
      self->answer_ = Answer(std::string(view(answer)));
    else
      self->answer_ = Answer(Error{status, std::string(view(answer))});
    self->waiter_.resume();
  }
  Begin begin_;
  uint64_t *id_;
  std::coroutine_handle<> waiter_;
  std::optional<Answer> answer_;
};

} // namespace detail

// ---- requests, replies, events --------------------------------------------------------------------------------

// An event in a callback: views, valid until the callback returns.
struct EventView {
  std::string_view topic, server, source, payload;
  uint32_t flags = 0;
  int64_t time_ms = 0;
  Json json() const { return Json::parse(payload, nullptr, false); }
};

// A pending answer to a call on an offer. Move-only; destroyed without an answer it answers INTERNAL.
class CallReply {
public:
  CallReply(const pinion_reply_v1 *table, pinion_reply *raw) : table_(table), raw_(raw) { table_->keep(raw_); }
  CallReply(CallReply &&other) noexcept : table_(other.table_), raw_(std::exchange(other.raw_, nullptr)) {}
  CallReply &operator=(CallReply &&) = delete;
  ~CallReply() {
    if (raw_ != nullptr) table_->answer(raw_, PINION_E_INTERNAL, span("the plugin gave no answer"));
  }
  void ok(std::string_view answer = {}) { finish(PINION_OK, answer); }
  void fail(const Error &error) { finish(error.code, error.text); }

private:
  void finish(pinion_status status, std::string_view body) {
    if (raw_ != nullptr) table_->answer(std::exchange(raw_, nullptr), status, span(body));
  }
  const pinion_reply_v1 *table_;
  pinion_reply *raw_;
};

// A request and its pending answer. Move-only; destroyed without an answer it answers 500.
class Exchange {
public:
  Exchange(const pinion_routes_v1 *routes, const pinion_reply_v1 *replies, pinion_request *request, pinion_reply *reply)
      : routes_(routes), replies_(replies), request_(request), reply_(reply) {
    replies_->keep(reply_);
  }
  Exchange(Exchange &&other) noexcept
      : routes_(other.routes_), replies_(other.replies_), request_(other.request_),
        reply_(std::exchange(other.reply_, nullptr)) {}
  Exchange &operator=(Exchange &&) = delete;
  ~Exchange() {
    if (reply_ != nullptr) replies_->answer(reply_, PINION_E_INTERNAL, span(""));
  }

  // nullopt when it was not sent; names as in pinion_routes_v1::field.
  std::optional<std::string> field(const std::string &name) const {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    if (routes_->field(request_, name.c_str(), &sink) != PINION_OK) return std::nullopt;
    return out;
  }
  std::string server() const { return field("path:server").value_or(""); }
  std::string query(const std::string &name) const { return field("query:" + name).value_or(""); }

  // The whole (buffered) body.
  std::string body() {
    std::string out;
    char buffer[4096];
    for (int64_t n; (n = routes_->read_body(request_, buffer, sizeof buffer)) > 0;)
      out.append(buffer, static_cast<std::size_t>(n));
    return out;
  }
  int64_t readBody(void *buffer, std::size_t capacity) { return routes_->read_body(request_, buffer, capacity); }
  bool cancelled() const { return replies_->cancelled(reply_) != 0; }

  void head(uint32_t status, const Json &headers = {}) {
    routes_->head(reply_, status, headers.is_object() ? span(headers.dump()) : span(""));
  }
  Result<void> send(std::string_view bytes) {
    const pinion_status status = routes_->send(reply_, span(bytes));
    if (status != PINION_OK) return Error{status, "the client is gone"};
    return {};
  }
  // Status and whole body. JSON text gets its content type; an empty body gets none.
  void answer(uint32_t status, std::string_view body = {}, const char *type = "application/json; charset=utf-8") {
    Json headers = Json::object();
    if (!body.empty()) headers["Content-Type"] = type;
    head(status, headers);
    finish(body);
  }
  // {"error": text} with no request_id, the shape of an error a handler itself gives.
  void error(uint32_t status, std::string_view text) { answer(status, Json{{"error", text}}.dump()); }
  // The daemon's generic answer for a failure (500, or what the code maps to); logs nothing by itself.
  void fail(const Error &error) {
    if (reply_ != nullptr) replies_->answer(std::exchange(reply_, nullptr), error.code, span(error.text));
  }
  void finish(std::string_view rest = {}) {
    if (reply_ != nullptr) replies_->answer(std::exchange(reply_, nullptr), PINION_OK, span(rest));
  }
  pinion_reply *takeReply() { return std::exchange(reply_, nullptr); }
  pinion_reply *reply() const { return reply_; }

private:
  const pinion_routes_v1 *routes_;
  const pinion_reply_v1 *replies_;
  pinion_request *request_;
  pinion_reply *reply_;
};

// ---- the host -------------------------------------------------------------------------------------------------

// Everything a plugin asks of the daemon. Cheap to copy; valid until destroy(). [any] unless said.
class Host;

// Ends what its id stands for when it goes (subscription, offer, timer, hold), and frees its callback. Reset it on the
// lane or in stop().
class Handle {
public:
  Handle() = default;
  explicit Handle(std::function<void()> end) : end_(std::move(end)) {}
  Handle(Handle &&other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  Handle &operator=(Handle &&other) noexcept {
    if (this != &other) {
      reset();
      end_ = std::exchange(other.end_, nullptr);
    }
    return *this;
  }
  ~Handle() { reset(); }
  void reset() {
    if (auto end = std::exchange(end_, nullptr)) end();
  }
  explicit operator bool() const { return static_cast<bool>(end_); }

private:
  std::function<void()> end_;
};

class Host {
  struct SleepAwaiter;
  template <typename F> struct RunAwaiter;

public:
  explicit Host(const pinion_host *raw) : s_(std::make_shared<Shared>(raw)) {}

  const pinion_host *raw() const { return s_->raw; }
  const pinion_routes_v1 *routes() const { return s_->routes; }
  std::string_view version() const { return s_->raw->version; }

  // -- log ------------------------------------------------------------------------------------------------------
  void log(uint32_t level, std::string_view message, const Json &fields = {}) const {
    if (s_->log->enabled(s_->raw, level) == 0) return;
    s_->log->write(s_->raw, level, span(message), fields.is_object() ? span(fields.dump()) : span(""));
  }
  void debug(std::string_view m, const Json &f = {}) const { log(PINION_LOG_DEBUG, m, f); }
  void info(std::string_view m, const Json &f = {}) const { log(PINION_LOG_INFO, m, f); }
  void warn(std::string_view m, const Json &f = {}) const { log(PINION_LOG_WARN, m, f); }
  void error(std::string_view m, const Json &f = {}) const { log(PINION_LOG_ERROR, m, f); }

  // -- configuration --------------------------------------------------------------------------------------------
  // null when there is no such value.
  Json config(const char *pointer = "") const { return readJson(s_->config->read, pointer); }
  Json node(const char *pointer) const { return readJson(s_->config->node, pointer); }

  // -- bus ------------------------------------------------------------------------------------------------------
  // `payload` is JSON text, or bytes with PINION_EVENT_RAW.
  Result<void> publish(const char *topic, const std::string &server, std::string_view payload,
                       uint32_t flags = 0) const {
    pinion_event event{};
    event.size = sizeof event;
    event.flags = flags;
    event.topic = topic;
    event.server = server.empty() ? nullptr : server.c_str();
    event.payload = span(payload);
    detail::ErrorSlot slot;
    const pinion_status status = s_->bus->publish(s_->raw, &event, slot.get());
    if (status != PINION_OK) return slot.take(status);
    return {};
  }
  // Calls `fn(const EventView&)` on the lane until stop.
  template <typename F> Result<Handle> subscribe(const std::string &pattern, uint32_t policy, F fn) const {
    auto *kept = keep(std::function<void(const EventView &)>(std::move(fn)));
    detail::ErrorSlot slot;
    uint64_t id = 0;
    const pinion_status status = s_->bus->subscribe(
        s_->raw, pattern.c_str(), policy,
        [](void *user, const pinion_event *e) noexcept {
          auto &call = *static_cast<Kept<std::function<void(const EventView &)>> *>(user);
          call.guard([&] { call.fn(viewOf(e)); });
        },
        kept, &id, slot.get());
    if (status != PINION_OK) {
      s_->drop(kept);
      return slot.take(status);
    }
    return handle(id, kept);
  }
  // `fn(const EventView&, CallReply)` on the lane.
  template <typename F> Result<Handle> offer(const std::string &address, const Json &about, F fn) const {
    using Fn = std::function<void(const EventView &, CallReply)>;
    auto *kept = keep(Fn(std::move(fn)));
    detail::ErrorSlot slot;
    uint64_t id = 0;
    const std::string text = about.dump();
    const pinion_status status = s_->bus->offer(
        s_->raw, address.c_str(), span(text),
        [](void *user, const pinion_event *e, pinion_reply *reply) noexcept {
          auto &call = *static_cast<Kept<Fn> *>(user);
          call.guard([&] { call.fn(viewOf(e), CallReply(call.owner->reply, reply)); });
        },
        kept, &id, slot.get());
    if (status != PINION_OK) {
      s_->drop(kept);
      return slot.take(status);
    }
    return handle(id, kept);
  }
  // co_await host.call(...): the answer of the address' owner. [lane]
  auto call(std::string address, std::string server, std::string payload, uint32_t deadline_ms,
            uint64_t *id = nullptr) const {
    return detail::DoneAwaiter(
        [this_ = *this, address, server, payload, deadline_ms](pinion_done_fn done, void *user, uint64_t *out,
                                                               pinion_error *error) {
          pinion_event event{};
          event.size = sizeof event;
          event.server = server.empty() ? nullptr : server.c_str();
          event.payload = span(payload);
          return this_.s_->bus->call(this_.s_->raw, address.c_str(), &event, deadline_ms, done, user, out, error);
        },
        id);
  }
  Json listOffers(const char *prefix) const {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    if (s_->bus->list(s_->raw, prefix, &sink) != PINION_OK) return Json::array();
    return Json::parse(out, nullptr, false);
  }
  void cancel(uint64_t id) const {
    if (id != 0) s_->bus->cancel(s_->raw, id);
  }

  // -- timers, tasks --------------------------------------------------------------------------------------------
  template <typename F> Result<Handle> timer(uint32_t after_ms, uint32_t every_ms, F fn) const {
    using Fn = std::function<void()>;
    auto *kept = keep(Fn(std::move(fn)));
    detail::ErrorSlot slot;
    uint64_t id = 0;
    const pinion_status status = s_->timers->after(
        s_->raw, after_ms, every_ms,
        [](void *user) noexcept {
          auto &call = *static_cast<Kept<Fn> *>(user);
          call.guard([&] { call.fn(); });
        },
        kept, &id, slot.get());
    if (status != PINION_OK) {
      s_->drop(kept);
      return slot.take(status);
    }
    return handle(id, kept);
  }
  // co_await host.sleep(ms): resumes on the lane. [lane]
  SleepAwaiter sleep(uint32_t ms) const;
  // co_await host.run(fn): `Result<T> fn()` or `T fn()` on the pool, its result on the lane. [lane]
  template <typename F> auto run(F fn) const { return RunAwaiter<F>(*this, std::move(fn)); }
  // Starts a coroutine at once; its frame is kept until it ends or the plugin was stopped. [lane]
  // (In start(), which is on main, begin with a timer of 0 ms.)
  void spawn(Task<void> task) const;

  // -- routes ---------------------------------------------------------------------------------------------------
  // `fn(Exchange)` on the pool, or on the lane with PINION_ROUTE_LANE. Only inside start().
  template <typename F>
  Result<void> route(const char *method, const char *path, const char *auth, uint32_t flags, F fn) const {
    using Fn = std::function<void(Exchange)>;
    auto *kept = keep(Fn(std::move(fn)));
    pinion_route route{};
    route.size = sizeof route;
    route.flags = flags;
    route.method = method;
    route.path = path;
    route.auth = auth;
    detail::ErrorSlot slot;
    uint64_t id = 0;
    const pinion_status status = s_->routes->add(
        s_->raw, &route,
        [](void *user, pinion_request *request, pinion_reply *reply) noexcept {
          auto &call = *static_cast<Kept<Fn> *>(user);
          call.guard([&] { call.fn(Exchange(call.owner->routes, call.owner->reply, request, reply)); });
        },
        kept, &id, slot.get());
    if (status != PINION_OK) return slot.take(status);
    return {};
  }
  // Turns the exchange into a WebSocket: `fn(socket, kind, bytes)` on the lane until kind is PINION_FRAME_CLOSED.
  template <typename F> Result<uint64_t> accept(Exchange exchange, pinion_socket_options options, F fn) const {
    using Fn = std::function<void(uint64_t, uint32_t, std::string_view)>;
    auto *kept = keep(Fn(std::move(fn)));
    options.size = sizeof options;
    detail::ErrorSlot slot;
    uint64_t socket = 0;
    const pinion_status status = s_->routes->accept(
        exchange.takeReply(), &options,
        [](void *user, uint64_t id, uint32_t kind, pinion_span data) noexcept {
          auto *call = static_cast<Kept<Fn> *>(user);
          call->guard([&] {
            call->fn(id, kind, view(data));
            if (kind == PINION_FRAME_CLOSED) call->owner->drop(call);
          });
        },
        kept, &socket, slot.get());
    if (status != PINION_OK) {
      s_->drop(kept);
      return slot.take(status);
    }
    return socket;
  }
  bool frame(uint64_t socket, std::string_view text) const {
    return s_->routes->frame(s_->raw, socket, PINION_FRAME_TEXT, span(text)) == PINION_OK;
  }
  void broadcast(const std::vector<uint64_t> &sockets, std::string_view text, uint32_t flags = 0) const {
    s_->routes->broadcast(s_->raw, sockets.data(), sockets.size(), PINION_FRAME_TEXT, flags, span(text));
  }
  void closeSocket(uint64_t socket, uint16_t code, std::string_view reason) const {
    s_->routes->close(s_->raw, socket, code, span(reason));
  }

  // -- servers --------------------------------------------------------------------------------------------------
  std::vector<std::string> servers() const {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    s_->servers->list(s_->raw, &sink);
    return Json::parse(out, nullptr, false).get<std::vector<std::string>>();
  }
  // The JSON text at the pointer (see pinion_servers_v1::read).
  Result<std::string> readServer(const std::string &server, const char *pointer) const {
    return readText([&](const pinion_sink *sink, pinion_error *error) {
      return s_->servers->read(s_->raw, server.c_str(), pointer, sink, error);
    });
  }
  // The JSON at the pointer; null when there is none.
  Json server(const std::string &server, const char *pointer) const {
    const auto text = readServer(server, pointer);
    return text ? Json::parse(*text, nullptr, false) : Json();
  }
  Result<Handle> hold(const std::string &server, const char *why) const {
    detail::ErrorSlot slot;
    uint64_t id = 0;
    const pinion_status status = s_->servers->hold(s_->raw, server.c_str(), why, &id, slot.get());
    if (status != PINION_OK) return slot.take(status);
    return handle(id, nullptr);
  }
  Result<void> setState(const std::string &server, const char *state) const {
    detail::ErrorSlot slot;
    const pinion_status status = s_->servers->set_state(s_->raw, server.c_str(), state, slot.get());
    if (status != PINION_OK) return slot.take(status);
    return {};
  }

  // -- environment, panel ---------------------------------------------------------------------------------------
  // co_await host.act(...): the verb's JSON answer. [lane]
  auto act(std::string server, std::string verb, std::string args, uint32_t deadline_ms, uint64_t *id = nullptr) const {
    return detail::DoneAwaiter(
        [this_ = *this, server, verb, args, deadline_ms](pinion_done_fn done, void *user, uint64_t *out,
                                                         pinion_error *error) {
          return this_.s_->environment->act(this_.s_->raw, server.c_str(), verb.c_str(), span(args), deadline_ms, done,
                                            user, out, error);
        },
        id);
  }
  Result<void> input(const std::string &server, std::string_view bytes) const {
    detail::ErrorSlot slot;
    const pinion_status status = s_->environment->input(s_->raw, server.c_str(), span(bytes), slot.get());
    if (status != PINION_OK) return slot.take(status);
    return {};
  }
  // co_await host.panel(...): the body of the Panel's 2xx answer. [lane]
  auto panel(std::string method, std::string path, std::string body = {}) const {
    return detail::DoneAwaiter(
        [this_ = *this, method, path, body](pinion_done_fn done, void *user, uint64_t *out, pinion_error *error) {
          return this_.s_->panel->call(this_.s_->raw, method.c_str(), path.c_str(), span(body), done, user, out, error);
        });
  }

  // -- files, tokens, store (files: [pool]) ---------------------------------------------------------------------
  const pinion_files_v1 *files() const { return s_->files; }
  Result<void> change(const std::string &server, const Json &op) const {
    detail::ErrorSlot slot;
    const std::string text = op.dump();
    const pinion_status status = s_->files->change(s_->raw, server.c_str(), span(text), slot.get());
    if (status != PINION_OK) return slot.take(status);
    return {};
  }
  Result<Json> usage(const std::string &server, bool fresh) const {
    auto text = readText([&](const pinion_sink *sink, pinion_error *error) {
      return s_->files->usage(s_->raw, server.c_str(), fresh ? 1 : 0, sink, error);
    });
    if (!text) return text.error();
    return Json::parse(*text, nullptr, false);
  }
  // A descriptor the caller closes.
  Result<int> folder(const char *name) const {
    detail::ErrorSlot slot;
    const int32_t fd = s_->files->folder(s_->raw, name, slot.get());
    if (fd < 0) return slot.take(fd);
    return fd;
  }
  // The claims of a good token, as JSON text.
  Result<std::string> verify(std::string_view jwt, const char *scope) const {
    return readText([&](const pinion_sink *sink, pinion_error *error) {
      return s_->tokens->verify(s_->raw, span(jwt), scope, sink, error);
    });
  }
  Result<void> deny(const Json &what) const {
    detail::ErrorSlot slot;
    const std::string text = what.dump();
    const pinion_status status = s_->tokens->deny(s_->raw, span(text), slot.get());
    if (status != PINION_OK) return slot.take(status);
    return {};
  }
  const pinion_tokens_v1 *tokens() const { return s_->tokens; }
  const pinion_store_v1 *store() const { return s_->store; }

  // Frees coroutine frames and callbacks; called by the trampoline after stop(), when no callback runs any more.
  void release() const { s_->release(); }

private:
  struct Shared;
  struct KeptBase {
    virtual ~KeptBase() = default;
    // Runs a callback; what it throws becomes a log line, never an exception across the border. A callback that ends
    // its own handle is freed after it returned.
    template <typename F> void guard(F f) noexcept;
    Shared *owner = nullptr;
    std::size_t index = 0; // in the owner's list
    std::atomic<int> running = 0;
    bool dropped = false;
  };
  template <typename Fn> struct Kept : KeptBase {
    explicit Kept(Fn f) : fn(std::move(f)) {}
    Fn fn;
  };
  struct Shared {
    explicit Shared(const pinion_host *host) : raw(host) {
      get(bus, "pinion.bus/1");
      get(reply, "pinion.reply/1");
      get(log, "pinion.log/1");
      get(config, "pinion.config/1");
      get(timers, "pinion.timers/1");
      get(tasks, "pinion.tasks/1");
      get(routes, "pinion.routes/1");
      get(servers, "pinion.servers/1");
      get(files, "pinion.files/1");
      get(environment, "pinion.environment/1");
      get(panel, "pinion.panel/1");
      get(tokens, "pinion.tokens/1");
      get(store, "pinion.store/1");
    }
    template <typename T> void get(const T *&table, const char *id) {
      table = static_cast<const T *>(raw->service(raw, id));
    }
    void complain(const char *what) noexcept {
      try {
        const std::string fields = Json{{"error", what}}.dump();
        if (log != nullptr) log->write(raw, PINION_LOG_ERROR, span("a callback threw"), span(fields));
      } catch (...) { // out of memory while logging: nothing more can be said
      }
    }
    void add(KeptBase *one);
    void drop(KeptBase *one);
    void release();
    const pinion_host *raw;
    const pinion_bus_v1 *bus = nullptr;
    const pinion_reply_v1 *reply = nullptr;
    const pinion_log_v1 *log = nullptr;
    const pinion_config_v1 *config = nullptr;
    const pinion_timers_v1 *timers = nullptr;
    const pinion_tasks_v1 *tasks = nullptr;
    const pinion_routes_v1 *routes = nullptr;
    const pinion_servers_v1 *servers = nullptr;
    const pinion_files_v1 *files = nullptr;
    const pinion_environment_v1 *environment = nullptr;
    const pinion_panel_v1 *panel = nullptr;
    const pinion_tokens_v1 *tokens = nullptr;
    const pinion_store_v1 *store = nullptr;
    std::mutex mutex; // of the two lists: routes and timers may be made on main, the rest on the lane
    std::vector<KeptBase *> kept;
    std::vector<std::coroutine_handle<>> roots;
  };

  struct Root;
  template <typename Fn> Kept<Fn> *keep(Fn fn) const {
    auto *kept = new Kept<Fn>(std::move(fn));
    kept->owner = s_.get();
    s_->add(kept);
    return kept;
  }
  Handle handle(uint64_t id, KeptBase *kept) const {
    return Handle([s = s_, id, kept] {
      s->bus->cancel(s->raw, id);
      if (kept != nullptr) s->drop(kept);
    });
  }
  static EventView viewOf(const pinion_event *e) {
    EventView v;
    v.topic = e->topic != nullptr ? e->topic : "";
    v.server = e->server != nullptr ? e->server : "";
    v.source = e->source != nullptr ? e->source : "";
    v.payload = view(e->payload);
    v.flags = e->flags;
    v.time_ms = e->time_ms;
    return v;
  }
  template <typename F> Result<std::string> readText(F f) const {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    detail::ErrorSlot slot;
    const pinion_status status = f(&sink, slot.get());
    if (status != PINION_OK) return slot.take(status);
    return out;
  }
  template <typename F> Json readJson(F f, const char *pointer) const {
    const auto text =
        readText([&](const pinion_sink *sink, pinion_error *error) { return f(s_->raw, pointer, sink, error); });
    return text ? Json::parse(*text, nullptr, false) : Json();
  }
  std::shared_ptr<Shared> s_;
};

} // namespace v0
} // namespace pinion

#include <pinion/cpp/detail/entry.hpp>
#include <pinion/cpp/detail/host_impl.hpp>
