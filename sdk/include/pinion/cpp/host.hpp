// Host: everything a plugin asks of the daemon. Include plugin.hpp.
#pragma once

#include <pinion/cpp/detail/awaiters.hpp>
#include <pinion/cpp/detail/host_state.hpp>
#include <pinion/cpp/exchange.hpp>
#include <pinion/cpp/result.hpp>
#include <pinion/cpp/task.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pinion {
inline namespace v0 {

// Ends what its id stands for when it goes (subscription, offer, timer, hold), and frees its callback. Reset it on the
// lane (its own callback included) or in stop().
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

// Cheap to copy; valid until destroy(). [any] unless said. A service that this daemon does not have gives
// PINION_E_UNSUPPORTED, or nothing where nothing can be told.
class Host {
  struct SleepAwaiter;

public:
  explicit Host(const pinion_host *raw) : s_(std::make_shared<detail::HostState>(raw)) {}

  const pinion_host *raw() const { return s_->raw; }
  const pinion_routes_v1 *routes() const { return s_->routes; }
  std::string_view version() const { return s_->raw->version; }
  // Is there such a service? For plugins that do more where there is more.
  bool has(const char *service) const { return s_->raw->service(s_->raw, service) != nullptr; }

  // -- log ------------------------------------------------------------------------------------------------------
  void log(uint32_t level, std::string_view message, const Json &fields = {}) const {
    if (!PINION_HAS(s_->log, write) || s_->log->enabled(s_->raw, level) == 0) return;
    s_->log->write(s_->raw, level, span(message), fields.is_object() ? span(detail::dump(fields)) : span(""));
  }
  void debug(std::string_view m, const Json &f = {}) const { log(PINION_LOG_DEBUG, m, f); }
  void info(std::string_view m, const Json &f = {}) const { log(PINION_LOG_INFO, m, f); }
  void warn(std::string_view m, const Json &f = {}) const { log(PINION_LOG_WARN, m, f); }
  void error(std::string_view m, const Json &f = {}) const { log(PINION_LOG_ERROR, m, f); }

  // -- configuration --------------------------------------------------------------------------------------------
  // null when there is no such value.
  Json config(const char *pointer = "") const {
    return PINION_HAS(s_->config, read) ? readJson(s_->config->read, pointer) : Json();
  }
  Json node(const char *pointer) const {
    return PINION_HAS(s_->config, node) ? readJson(s_->config->node, pointer) : Json();
  }

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
    if (!PINION_HAS(s_->bus, publish)) return slot.absent("pinion.bus/1");
    return check(s_->bus->publish(s_->raw, &event, slot.get()), slot);
  }
  // Calls `fn(const EventView&)` on the lane until stop.
  template <typename F> Result<Handle> subscribe(const std::string &pattern, uint32_t policy, F fn) const {
    using Function = detail::KeptFunction<std::function<void(const EventView &)>>;
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->bus, subscribe)) return slot.absent("pinion.bus/1");
    const auto kept = keep<Function>(std::move(fn));
    uint64_t id = 0;
    const pinion_status status = s_->bus->subscribe(
        s_->raw, pattern.c_str(), policy,
        [](void *user, const pinion_event *e) noexcept {
          auto *call = static_cast<Function *>(user);
          call->guard([&] { call->fn(viewOf(e)); });
        },
        kept.get(), &id, slot.get());
    return handle(status, slot, id, kept);
  }
  // `fn(const EventView&, CallReply)` on the lane.
  template <typename F> Result<Handle> offer(const std::string &address, const Json &about, F fn) const {
    using Function = detail::KeptFunction<std::function<void(const EventView &, CallReply)>>;
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->bus, offer)) return slot.absent("pinion.bus/1");
    if (!PINION_HAS(s_->reply, keep)) return slot.absent("pinion.reply/1");
    const auto kept = keep<Function>(std::move(fn));
    uint64_t id = 0;
    const std::string text = detail::dump(about);
    const pinion_status status = s_->bus->offer(
        s_->raw, address.c_str(), span(text),
        [](void *user, const pinion_event *e, pinion_reply *reply) noexcept {
          auto *call = static_cast<Function *>(user);
          call->guard([&] { call->fn(viewOf(e), CallReply(call->owner->reply, reply)); });
        },
        kept.get(), &id, slot.get());
    return handle(status, slot, id, kept);
  }
  // co_await host.call(...): the answer of the address' owner. `id`, when given, holds the number for cancel() while
  // the answer is awaited, else 0. [lane]
  detail::DoneAwaiter call(std::string address, std::string server, std::string payload, uint32_t deadline_ms,
                           uint64_t *id = nullptr) const {
    return {s_,
            [s = s_.get(), address = std::move(address), server = std::move(server), payload = std::move(payload),
             deadline_ms](pinion_done_fn done, void *user, uint64_t *out, pinion_error *error) {
              if (!PINION_HAS(s->bus, call)) return absent("pinion.bus/1", error);
              pinion_event event{};
              event.size = sizeof event;
              event.server = server.empty() ? nullptr : server.c_str();
              event.payload = span(payload);
              return s->bus->call(s->raw, address.c_str(), &event, deadline_ms, done, user, out, error);
            },
            id};
  }
  Json listOffers(const char *prefix) const {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    if (!PINION_HAS(s_->bus, list) || s_->bus->list(s_->raw, prefix, &sink) != PINION_OK) return Json::array();
    return Json::parse(out, nullptr, false);
  }
  void cancel(uint64_t id) const {
    if (id != 0) s_->bus->cancel(s_->raw, id);
  }

  // -- timers, tasks --------------------------------------------------------------------------------------------
  // `fn()` on the lane once after `after_ms`, then every `every_ms` unless that is 0.
  template <typename F> Result<Handle> timer(uint32_t after_ms, uint32_t every_ms, F fn) const {
    using Function = detail::KeptFunction<std::function<void()>>;
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->timers, after)) return slot.absent("pinion.timers/1");
    const auto kept = keep<Function>(std::move(fn));
    uint64_t id = 0;
    const pinion_status status = s_->timers->after(
        s_->raw, after_ms, every_ms,
        [](void *user) noexcept {
          auto *call = static_cast<Function *>(user);
          call->guard([&] { call->fn(); });
        },
        kept.get(), &id, slot.get());
    return handle(status, slot, id, kept);
  }
  // co_await host.sleep(ms): resumes on the lane; throws when the daemon gives no timer. [lane]
  SleepAwaiter sleep(uint32_t ms) const;
  // co_await host.run(fn): `Result<T> fn()` or `T fn()` on the pool, its result on the lane. What `fn` throws, and a
  // refusal of the pool, is thrown. `fn` may refer to the coroutine's locals. [lane]
  template <typename F> detail::RunAwaiter<F> run(F fn) const { return {s_, std::move(fn)}; }
  // The same for work of minutes and hours: see pinion_tasks_v1::run_long.
  template <typename F> detail::RunAwaiter<F> runLong(F fn) const { return {s_, std::move(fn), true}; }
  // Starts a coroutine; its frame is kept until it ends or the plugin was stopped. On the lane it starts at once, from
  // anywhere else (start(), a route on the pool) as the lane's next job. What it throws becomes a log line. [any]
  void spawn(Task<void> task) const;
  // The same for a lambda that is a coroutine: `fn()` gives the Task, and its captures live as long as the frame.
  template <typename F>
  requires std::is_same_v<std::invoke_result_t<F &>, Task<void>>
  void spawn(F fn) const { spawn(keepAlive(std::move(fn))); }

  // -- routes ---------------------------------------------------------------------------------------------------
  // `fn(Exchange)` on the pool, or on the lane with PINION_ROUTE_LANE. Only inside start().
  template <typename F>
  Result<void> route(const char *method, const char *path, const char *auth, uint32_t flags, F fn) const {
    using Function = detail::KeptFunction<std::function<void(Exchange)>>;
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->routes, add)) return slot.absent("pinion.routes/1");
    if (!PINION_HAS(s_->reply, keep)) return slot.absent("pinion.reply/1");
    const auto kept = keep<Function>(std::move(fn));
    kept->on_lane = (flags & PINION_ROUTE_LANE) != 0;
    pinion_route route{};
    route.size = sizeof route;
    route.flags = flags;
    route.method = method;
    route.path = path;
    route.auth = auth;
    uint64_t id = 0;
    const pinion_status status = s_->routes->add(
        s_->raw, &route,
        [](void *user, pinion_request *request, pinion_reply *reply) noexcept {
          auto *call = static_cast<Function *>(user);
          call->guard([&] { call->fn(Exchange(call->owner->routes, call->owner->reply, request, reply)); });
        },
        kept.get(), &id, slot.get());
    if (status != PINION_OK) s_->drop(kept.get());
    return check(status, slot);
  }
  // Turns the exchange into a WebSocket: `fn(socket, kind, bytes)` on the lane until kind is PINION_FRAME_CLOSED.
  template <typename F> Result<uint64_t> accept(Exchange exchange, pinion_socket_options options, F fn) const {
    using Function = detail::KeptFunction<std::function<void(uint64_t, uint32_t, std::string_view)>>;
    detail::ErrorSlot slot;
    if (exchange.reply() == nullptr) return Error{PINION_E_INVALID, "the request was answered before"};
    if (!PINION_HAS(s_->routes, accept)) return slot.absent("pinion.routes/1");
    const auto kept = keep<Function>(std::move(fn));
    options.size = sizeof options;
    uint64_t socket = 0;
    const pinion_status status = s_->routes->accept(
        exchange.takeReply(), &options,
        [](void *user, uint64_t id, uint32_t kind, pinion_span data) noexcept {
          auto *call = static_cast<Function *>(user);
          call->guard([&] {
            if (kind == PINION_FRAME_CLOSED) call->owner->drop(call); // guard() holds it until it returned
            call->fn(id, kind, view(data));
          });
        },
        kept.get(), &socket, slot.get());
    if (status == PINION_OK) return socket;
    s_->drop(kept.get());
    return slot.take(status);
  }
  bool frame(uint64_t socket, std::string_view text) const {
    return PINION_HAS(s_->routes, frame) &&
           s_->routes->frame(s_->raw, socket, PINION_FRAME_TEXT, span(text)) == PINION_OK;
  }
  void broadcast(const std::vector<uint64_t> &sockets, std::string_view text, uint32_t flags = 0) const {
    if (PINION_HAS(s_->routes, broadcast))
      s_->routes->broadcast(s_->raw, sockets.data(), sockets.size(), PINION_FRAME_TEXT, flags, span(text));
  }
  void closeSocket(uint64_t socket, uint16_t code, std::string_view reason) const {
    if (PINION_HAS(s_->routes, close)) s_->routes->close(s_->raw, socket, code, span(reason));
  }

  // -- servers --------------------------------------------------------------------------------------------------
  std::vector<std::string> servers() const {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    if (!PINION_HAS(s_->servers, list) || s_->servers->list(s_->raw, &sink) != PINION_OK) return {};
    return Json::parse(out).get<std::vector<std::string>>();
  }
  // The JSON text at the pointer (see pinion_servers_v1::read).
  Result<std::string> readServer(const std::string &server, const char *pointer) const {
    if (!PINION_HAS(s_->servers, read)) return detail::ErrorSlot().absent("pinion.servers/1");
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
    if (!PINION_HAS(s_->servers, hold)) return slot.absent("pinion.servers/1");
    uint64_t id = 0;
    const pinion_status status = s_->servers->hold(s_->raw, server.c_str(), why, &id, slot.get());
    return handle(status, slot, id, nullptr);
  }
  Result<void> setState(const std::string &server, const char *state) const {
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->servers, set_state)) return slot.absent("pinion.servers/1");
    return check(s_->servers->set_state(s_->raw, server.c_str(), state, slot.get()), slot);
  }

  // -- environment, panel ---------------------------------------------------------------------------------------
  // co_await host.act(...): the verb's JSON answer. `id` as for call(). [lane]
  detail::DoneAwaiter act(std::string server, std::string verb, std::string args, uint32_t deadline_ms,
                          uint64_t *id = nullptr) const {
    return {s_,
            [s = s_.get(), server = std::move(server), verb = std::move(verb), args = std::move(args),
             deadline_ms](pinion_done_fn done, void *user, uint64_t *out, pinion_error *error) {
              if (!PINION_HAS(s->environment, act)) return absent("pinion.environment/1", error);
              return s->environment->act(s->raw, server.c_str(), verb.c_str(), span(args), deadline_ms, done, user, out,
                                         error);
            },
            id};
  }
  Result<void> input(const std::string &server, std::string_view bytes) const {
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->environment, input)) return slot.absent("pinion.environment/1");
    return check(s_->environment->input(s_->raw, server.c_str(), span(bytes), slot.get()), slot);
  }
  // co_await host.panel(...): the body of the Panel's 2xx answer. [lane]
  detail::DoneAwaiter panel(std::string method, std::string path, std::string body = {}) const {
    return {s_,
            [s = s_.get(), method = std::move(method), path = std::move(path),
             body = std::move(body)](pinion_done_fn done, void *user, uint64_t *out, pinion_error *error) {
              if (!PINION_HAS(s->panel, call)) return absent("pinion.panel/1", error);
              return s->panel->call(s->raw, method.c_str(), path.c_str(), span(body), done, user, out, error);
            },
            nullptr};
  }

  // -- files, tokens, store (files: [pool]) ---------------------------------------------------------------------
  const pinion_files_v1 *files() const { return s_->files; } // see files.hpp
  const pinion_fetch_v1 *fetch() const { return s_->fetch; }
  // co_await host.pack(...), host.unpack(...): the answer of sdk/contracts/archives.v1.json. `file` stays the caller's,
  // and open until then. `id` as for call(); `progress(const Json&)` on the lane. [lane]
  detail::DoneAwaiter pack(std::string server, int file, Json options, std::function<void(const Json &)> progress = {},
                           uint64_t *id = nullptr) const {
    return archive(true, std::move(server), file, std::move(options), std::move(progress), id);
  }
  detail::DoneAwaiter unpack(std::string server, int file, Json options,
                             std::function<void(const Json &)> progress = {}, uint64_t *id = nullptr) const {
    return archive(false, std::move(server), file, std::move(options), std::move(progress), id);
  }
  Result<Json> usage(const std::string &server, bool fresh) const {
    if (!PINION_HAS(s_->files, usage)) return detail::ErrorSlot().absent("pinion.files/1");
    auto text = readText([&](const pinion_sink *sink, pinion_error *error) {
      return s_->files->usage(s_->raw, server.c_str(), fresh ? 1 : 0, sink, error);
    });
    if (!text) return text.error();
    return Json::parse(*text, nullptr, false);
  }
  // A descriptor the caller closes.
  Result<int> folder(const char *name) const {
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->files, folder)) return slot.absent("pinion.files/1");
    const int32_t fd = s_->files->folder(s_->raw, name, slot.get());
    if (fd < 0) return slot.take(fd);
    return fd;
  }
  // The claims of a good token, as JSON text.
  Result<std::string> verify(std::string_view jwt, const char *scope) const {
    if (!PINION_HAS(s_->tokens, verify)) return detail::ErrorSlot().absent("pinion.tokens/1");
    return readText([&](const pinion_sink *sink, pinion_error *error) {
      return s_->tokens->verify(s_->raw, span(jwt), scope, sink, error);
    });
  }
  Result<void> deny(const Json &what) const {
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->tokens, deny)) return slot.absent("pinion.tokens/1");
    const std::string text = detail::dump(what);
    return check(s_->tokens->deny(s_->raw, span(text), slot.get()), slot);
  }
  const pinion_tokens_v1 *tokens() const { return s_->tokens; }
  const pinion_store_v1 *store() const { return s_->store; }
  // The value of a key; PINION_E_NOT_FOUND when there is none. [pool] or [lane], as the two below.
  Result<std::string> stored(const std::string &key) const {
    if (!PINION_HAS(s_->store, get)) return detail::ErrorSlot().absent("pinion.store/1");
    return readText(
        [&](const pinion_sink *sink, pinion_error *) { return s_->store->get(s_->raw, key.c_str(), sink); });
  }
  // All changes or none, durable when it returns; an empty value removes its key.
  Result<void> store(const std::vector<std::pair<std::string, std::string>> &changes) const {
    detail::ErrorSlot slot;
    if (!PINION_HAS(s_->store, apply)) return slot.absent("pinion.store/1");
    std::vector<pinion_store_change> all;
    all.reserve(changes.size());
    for (const auto &[key, value] : changes) all.push_back({key.c_str(), span(value)});
    return check(s_->store->apply(s_->raw, all.data(), all.size(), slot.get()), slot);
  }
  // Keys and values (UTF-8) in the order of the keys, see pinion_store_v1::page. `after` empty: from the first.
  Result<std::vector<std::pair<std::string, std::string>>> storedPage(const std::string &prefix,
                                                                      const std::string &after, uint32_t limit) const {
    if (!PINION_HAS(s_->store, page)) return detail::ErrorSlot().absent("pinion.store/1");
    auto text = readText([&](const pinion_sink *sink, pinion_error *error) {
      return s_->store->page(s_->raw, prefix.c_str(), after.empty() ? nullptr : after.c_str(), limit, sink, error);
    });
    if (!text) return text.error();
    return Json::parse(*text).get<std::vector<std::pair<std::string, std::string>>>();
  }

  // Frees coroutine frames and callbacks; called by the trampoline after stop(), when no callback runs any more.
  void release() const { s_->release(); }

private:
  struct Root;
  struct Later;

  static pinion_status absent(const char *service, pinion_error *error) {
    const Error refusal = detail::ErrorSlot().absent(service);
    detail::setError(error, refusal);
    return refusal.code;
  }
  detail::DoneAwaiter archive(bool pack, std::string server, int file, Json options,
                              std::function<void(const Json &)> progress, uint64_t *id) const {
    const bool told = static_cast<bool>(progress);
    return {s_,
            [s = s_.get(), pack, told, server = std::move(server), file,
             options = options.dump()](pinion_done_fn done, void *user, uint64_t *out, pinion_error *error) {
              if (pack ? !PINION_HAS(s->archives, pack) : !PINION_HAS(s->archives, unpack))
                return absent("pinion.archives/1", error);
              const auto begin = pack ? s->archives->pack : s->archives->unpack;
              return begin(s->raw, server.c_str(), file, span(options), told ? &detail::DoneAwaiter::progress : nullptr,
                           done, user, out, error);
            },
            id, std::move(progress)};
  }
  static Result<void> check(pinion_status status, const detail::ErrorSlot &slot) {
    if (status != PINION_OK) return slot.take(status);
    return {};
  }
  template <typename Function, typename... Args> std::shared_ptr<Function> keep(Args &&...args) const {
    auto kept = std::make_shared<Function>(std::forward<Args>(args)...);
    s_->add(kept);
    return kept;
  }
  Result<Handle> handle(pinion_status status, const detail::ErrorSlot &slot, uint64_t id,
                        const std::shared_ptr<detail::Kept> &kept) const {
    if (status != PINION_OK) {
      s_->drop(kept.get());
      return slot.take(status);
    }
    return Handle([s = s_, id, weak = std::weak_ptr(kept)] {
      s->bus->cancel(s->raw, id);
      if (const auto still = weak.lock()) s->drop(still.get());
    });
  }
  template <typename F> static Task<void> keepAlive(F fn) { co_await fn(); }
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
  template <typename F> static Result<std::string> readText(F f) {
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
  std::shared_ptr<detail::HostState> s_;
};

} // namespace v0
} // namespace pinion

#include <pinion/cpp/detail/host_impl.hpp>
