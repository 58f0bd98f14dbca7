// The service tables of the fake host: each slot finds the fake through host->impl. Included by fake_host.hpp.
#pragma once

namespace pinion::testing {

struct FakeHost::Tables {
  static FakeHost &of(const pinion_host *host) { return *static_cast<FakeHost *>(host->impl); }
  static std::string text(const char *name) { return name != nullptr ? name : ""; }

  static const void *service(const pinion_host *host, const char *id) {
    static const std::map<std::string, const void *, std::less<>> all = {
        {"pinion.bus/1", &bus},          {"pinion.reply/1", &reply},
        {"pinion.log/1", &log},          {"pinion.config/1", &config},
        {"pinion.timers/1", &timers},    {"pinion.tasks/1", &tasks},
        {"pinion.routes/1", &routes},    {"pinion.servers/1", &servers},
        {"pinion.files/1", &files},      {"pinion.fetch/1", &fetch},
        {"pinion.panel/1", &panel},      {"pinion.tokens/1", &tokens},
        {"pinion.store/1", &store},      {"pinion.environment/1", &environment},
        {"pinion.archives/1", &archives}};
    const auto it = all.find(id);
    return it == all.end() || of(host).missing_.count(id) != 0 ? nullptr : it->second;
  }

  // True when the test wants this slot to fail now.
  static bool failing(const pinion_host *host, const char *slot, pinion_error *error, pinion_status &status) {
    auto &failures = of(host).failures_;
    const auto it = failures.find(slot);
    if (it == failures.end()) return false;
    status = detail::refuse(error, it->second, std::string(slot) + ": the test let it fail");
    failures.erase(it);
    return true;
  }

  static inline const pinion_bus_v1 bus = {
      sizeof(pinion_bus_v1),
      0,
      [](const pinion_host *host, const pinion_event *event, pinion_error *error) {
        pinion_status status = PINION_OK;
        return failing(host, "bus.publish", error, status) ? status : of(host).bus_.publishAsPlugin(event, error);
      },
      [](const pinion_host *host, const char *pattern, uint32_t policy, pinion_event_fn fn, void *user, uint64_t *id,
         pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "bus.subscribe", error, status)) return status;
        return of(host).bus_.subscribe(pattern, policy, fn, user, id, error);
      },
      [](const pinion_host *host, const char *address, pinion_span about, pinion_call_fn fn, void *user, uint64_t *id,
         pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "bus.offer", error, status)) return status;
        return of(host).bus_.offer(text(address), std::string(view(about)), of(host).plugin_, fn, user, nullptr, id,
                                   error);
      },
      [](const pinion_host *host, const char *address, const pinion_event *event, uint32_t deadline_ms,
         pinion_done_fn done, void *user, uint64_t *id, pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "bus.call", error, status)) return status;
        if (deadline_ms == 0)
          return detail::refuse(error, PINION_E_INVALID, "a call of \"" + text(address) + "\" needs a deadline");
        auto call = std::make_shared<detail::CallState>();
        call->address = text(address);
        call->server = text(event->server);
        call->payload = std::string(view(event->payload));
        call->source = of(host).plugin_;
        call->flags = event->flags;
        call->deadline_ms = deadline_ms;
        call->done = [done, user](pinion_status result, const std::string &answer) {
          done(user, result, span(answer));
        };
        *id = of(host).bus_.call(std::move(call));
        return PINION_OK;
      },
      [](const pinion_host *host, const char *prefix, const pinion_sink *out) {
        return detail::put(out, of(host).bus_.list(text(prefix)));
      },
      [](const pinion_host *host, uint64_t id) { return of(host).cancel(id); }};

  static inline const pinion_reply_v1 reply = {
      sizeof(pinion_reply_v1), 0,
      [](pinion_reply *raw, pinion_status status, pinion_span body) {
        return detail::FakeReply::of(raw).answer(status, view(body));
      },
      [](pinion_reply *raw) { return detail::FakeReply::of(raw).keep(); },
      [](const pinion_reply *raw) -> int32_t { return detail::FakeReply::of(raw).cancelled() ? 1 : 0; }};

  static inline const pinion_log_v1 log = {
      sizeof(pinion_log_v1), 0,
      [](const pinion_host *host, uint32_t level) -> int32_t { return level >= of(host).log_level ? 1 : 0; },
      [](const pinion_host *host, uint32_t level, pinion_span message, pinion_span fields) {
        of(host).logs.push_back({level, std::string(view(message)),
                                 fields.size == 0 ? Json::object() : Json::parse(view(fields), nullptr, false)});
      }};

  static inline const pinion_config_v1 config = {
      sizeof(pinion_config_v1), 0,
      [](const pinion_host *host, const char *pointer, const pinion_sink *out, pinion_error *error) {
        return detail::FakeServers::readAt(of(host).config, text(pointer), out, error);
      },
      [](const pinion_host *host, const char *pointer, const pinion_sink *out, pinion_error *error) {
        return detail::FakeServers::readAt(of(host).node, text(pointer), out, error);
      }};

  static inline const pinion_timers_v1 timers = {sizeof(pinion_timers_v1), 0,
                                                 [](const pinion_host *host, uint32_t after_ms, uint32_t every_ms,
                                                    pinion_timer_fn fn, void *user, uint64_t *id, pinion_error *error) {
                                                   pinion_status status = PINION_OK;
                                                   if (failing(host, "timers.after", error, status)) return status;
                                                   *id = of(host).lane_.after(after_ms, every_ms,
                                                                              [fn, user] { fn(user); });
                                                   return PINION_OK;
                                                 }};

  static pinion_status runTask(const pinion_host *host, pinion_work_fn work, pinion_done_fn done, void *user,
                               uint64_t *id, pinion_error *error) {
    pinion_status status = PINION_OK;
    if (failing(host, "tasks.run", error, status)) return status;
    *id = of(host).lane_.run(work, done, user);
    return PINION_OK;
  }
  static inline const pinion_tasks_v1 tasks = {sizeof(pinion_tasks_v1), 0, &runTask, &runTask};

  static inline const pinion_routes_v1 routes = {
      sizeof(pinion_routes_v1),
      0,
      [](const pinion_host *host, const pinion_route *route, pinion_route_fn fn, void *user, uint64_t *id,
         pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "routes.add", error, status)) return status;
        return of(host).http_.add(route, fn, user, id, error);
      },
      &detail::FakeHttp::field,
      &detail::FakeHttp::readBody,
      [](pinion_reply *raw, uint32_t status, pinion_span headers) {
        return detail::FakeHttp::head(raw, status, view(headers));
      },
      [](pinion_reply *raw, pinion_span bytes) { return detail::FakeHttp::send(raw, view(bytes)); },
      &detail::FakeHttp::sendFile,
      &detail::FakeHttp::accept,
      [](const pinion_host *host, uint64_t socket, uint32_t opcode, pinion_span message) {
        return of(host).http_.frame(socket, opcode, view(message));
      },
      [](const pinion_host *host, const uint64_t *sockets, size_t count, uint32_t opcode, uint32_t flags,
         pinion_span message) -> pinion_status {
        of(host).http_.broadcast(sockets, count, opcode, flags, view(message));
        return PINION_OK;
      },
      [](const pinion_host *host, uint64_t socket, uint16_t code, pinion_span reason) {
        return of(host).http_.close(socket, code, view(reason));
      }};

  static inline const pinion_servers_v1 servers = {
      sizeof(pinion_servers_v1),
      0,
      [](const pinion_host *host, const pinion_sink *out) { return detail::put(out, of(host).servers_.list()); },
      [](const pinion_host *host, const char *server, const char *pointer, const pinion_sink *out,
         pinion_error *error) { return of(host).servers_.read(text(server), text(pointer), out, error); },
      [](const pinion_host *host, const char *server, const char *why, uint64_t *id, pinion_error *error) {
        return of(host).servers_.hold(text(server), text(why), id, error);
      },
      [](const pinion_host *host, const char *server, const char *state, pinion_error *error) {
        return of(host).servers_.setState(text(server), text(state), error);
      }};

  static bool known(const pinion_host *host, const char *server, pinion_error *error) {
    if (of(host).servers_.documents.count(text(server)) != 0) return true;
    detail::refuse(error, PINION_E_NOT_FOUND, "server \"" + text(server) + "\" is not known");
    return false;
  }

  // The fake's disk, for a server that is known.
  template <typename F> static int32_t onDisk(const pinion_host *host, const char *server, pinion_error *error, F f) {
    if (!known(host, server, error)) return PINION_E_NOT_FOUND;
    return f(of(host).files_);
  }
  using Disk = detail::FakeFiles;
  using Place = const std::filesystem::path;

  static inline const pinion_files_v1 files = {
      sizeof(pinion_files_v1),
      0,
      [](const pinion_host *h, const char *s, const char *path, uint32_t flags, uint32_t mode, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.open(s, text(path), flags, mode == 0 ? 0644 : mode, e); });
      },
      [](const pinion_host *h, int32_t folder, const char *name, uint32_t flags, pinion_error *e) {
        return of(h).files_.openIn(folder, text(name), flags, e);
      },
      [](const pinion_host *h, const char *s, const char *path, pinion_file_info *out, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.stat(s, text(path), out, e); });
      },
      [](const pinion_host *h, const char *s, const char *path, pinion_file_fn fn, void *user, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.entries(s, text(path), fn, user, e); });
      },
      [](const pinion_host *h, const char *s, const char *path, uint32_t, uint32_t flags, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) {
          return d.change(s, text(path), flags, e,
                          [](Place &at, std::error_code &p) { std::filesystem::create_directories(at, p); });
        });
      },
      [](const pinion_host *h, const char *s, const char *from, const char *to, uint32_t flags, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.move(s, text(from), text(to), flags, false, e); });
      },
      [](const pinion_host *h, const char *s, const char *path, uint32_t flags, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.remove(s, text(path), flags, e); });
      },
      [](const pinion_host *h, const char *s, const char *from, const char *to, uint32_t flags, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.move(s, text(from), text(to), flags, true, e); });
      },
      [](const pinion_host *h, const char *s, const char *target, const char *path, uint32_t flags, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) {
          return d.change(s, text(path), flags, e,
                          [&](Place &at, std::error_code &p) { std::filesystem::create_symlink(text(target), at, p); });
        });
      },
      [](const pinion_host *h, const char *s, const char *path, uint32_t mode, uint32_t flags, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) {
          return d.change(s, text(path), flags, e, [&](Place &at, std::error_code &p) {
            Disk::refuseLink(at, p);
            if (!p) std::filesystem::permissions(at, static_cast<std::filesystem::perms>(mode), p);
          });
        });
      },
      [](const pinion_host *h, const char *s, const char *path, int64_t accessed, int64_t modified, uint32_t flags,
         pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) {
          return d.change(s, text(path), flags, e, [&](Place &at, std::error_code &p) {
            Disk::refuseLink(at, p);
            if (p) return;
            const timespec times[2] = {{accessed, 0}, {modified, 0}};
            if (::utimensat(AT_FDCWD, at.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
              p = std::error_code(errno, std::generic_category());
          });
        });
      },
      [](const pinion_host *h, const char *s, const char *path, pinion_error *e) { // the node's user runs the test
        return onDisk(h, s, e, [&](Disk &d) {
          pinion_file_info ignored{};
          return d.stat(s, text(path), &ignored, e);
        });
      },
      [](const pinion_host *h, const char *s, int32_t unnamed, const char *path, uint32_t flags, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.place(s, unnamed, text(path), flags, e); });
      },
      [](const pinion_host *h, const char *s, const char *path) {
        return onDisk(h, s, nullptr, [&](Disk &d) { return d.isDenied(s, text(path)) ? 1 : 0; });
      },
      [](const pinion_host *h, const char *s, int32_t, const pinion_sink *out, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.usage(s, out); });
      },
      [](const pinion_host *h, const char *s, int64_t bytes, pinion_error *e) {
        return onDisk(h, s, e, [&](Disk &d) { return d.reserve(s, bytes, e); });
      },
      [](const pinion_host *h, const char *name, pinion_error *e) { return of(h).files_.folder(text(name), e); },
      [](const pinion_host *h, const char *folder, const char *path, pinion_error *e) {
        return of(h).files_.removeIn(text(folder), text(path), e);
      }};

  static inline const pinion_fetch_v1 fetch = {
      sizeof(pinion_fetch_v1),
      0,
      [](const pinion_host *host, pinion_span request, pinion_error *error) -> pinion_fetch * {
        pinion_status status = PINION_OK;
        if (failing(host, "fetch.open", error, status)) return nullptr;
        return of(host).fetch_.open(request, error);
      },
      &detail::FakeFetch::head,
      &detail::FakeFetch::read,
      &detail::FakeFetch::cancel,
      &detail::FakeFetch::close};

  template <bool kPack> static pinion_status archive(const pinion_host *host, const char *server, int32_t file,
                                                     pinion_span options, pinion_progress_fn progress,
                                                     pinion_done_fn done, void *user, uint64_t *id,
                                                     pinion_error *error) {
    pinion_status status = PINION_OK;
    if (failing(host, kPack ? "archives.pack" : "archives.unpack", error, status)) return status;
    if (!known(host, server, error)) return PINION_E_NOT_FOUND;
    return of(host).archives_.begin(kPack, text(server), file, options, progress, done, user, id, error);
  }
  static inline const pinion_archives_v1 archives = {sizeof(pinion_archives_v1), 0, &archive<true>, &archive<false>};

  static inline const pinion_environment_v1 environment = {
      sizeof(pinion_environment_v1), 0,
      [](const pinion_host *host, const char *server, const char *verb, pinion_span args, uint32_t deadline_ms,
         pinion_done_fn done, void *user, uint64_t *id, pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "environment.act", error, status)) return status;
        if (!known(host, server, error)) return PINION_E_NOT_FOUND;
        std::shared_ptr<detail::AskedState> state;
        FakeAsked question = of(host).environment_.make(done, user, state);
        question.server = text(server);
        question.verb = text(verb);
        question.args = std::string(view(args));
        question.deadline_ms = deadline_ms;
        *id = of(host).environment_.ask(question, state, question.verb);
        return PINION_OK;
      },
      [](const pinion_host *host, const char *server, pinion_span bytes, pinion_error *error) {
        return of(host).servers_.input(text(server), view(bytes), error);
      }};

  static inline const pinion_panel_v1 panel = {
      sizeof(pinion_panel_v1), 0,
      [](const pinion_host *host, const char *method, const char *path, pinion_span body, pinion_done_fn done,
         void *user, uint64_t *id, pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "panel.call", error, status)) return status;
        std::shared_ptr<detail::AskedState> state;
        FakeAsked question = of(host).panel_.make(done, user, state);
        question.verb = text(method);
        question.path = text(path);
        question.args = std::string(view(body));
        *id = of(host).panel_.ask(question, state, question.verb + " " + question.path);
        return PINION_OK;
      }};

  static inline const pinion_tokens_v1 tokens = {
      sizeof(pinion_tokens_v1), 0,
      [](const pinion_host *host, pinion_span jwt, const char *scope, const pinion_sink *claims, pinion_error *error) {
        return of(host).tokens_.verify(view(jwt), text(scope), claims, error);
      },
      [](const pinion_host *host, const char *id, int64_t expiry, pinion_error *error) {
        return of(host).tokens_.useOnce(text(id), expiry, error);
      },
      [](const pinion_host *host, pinion_span what, pinion_error *error) -> pinion_status {
        const Json parsed = Json::parse(view(what), nullptr, false);
        if (!parsed.is_object()) return detail::refuse(error, PINION_E_INVALID, "what to deny is a JSON object");
        of(host).tokens_.denied.push_back(parsed);
        of(host).publish("tokens.denied", "", std::string(view(what)));
        return PINION_OK;
      }};

  static inline const pinion_store_v1 store = {
      sizeof(pinion_store_v1),
      0,
      [](const pinion_host *host, const char *key, const pinion_sink *out) -> pinion_status {
        const auto it = of(host).store.find(text(key));
        return it == of(host).store.end() ? PINION_E_NOT_FOUND : detail::put(out, it->second);
      },
      [](const pinion_host *host, const char *key, pinion_span value, pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "store.put", error, status)) return status;
        if (value.size == 0)
          of(host).store.erase(text(key));
        else
          of(host).store[text(key)] = std::string(view(value));
        return PINION_OK;
      },
      [](const pinion_host *host, const char *prefix, const pinion_sink *out) -> pinion_status {
        const std::string begin = text(prefix);
        for (auto it = of(host).store.lower_bound(begin); it != of(host).store.end() && it->first.rfind(begin, 0) == 0;
             ++it)
          if (const pinion_status status = detail::put(out, it->first + "\n"); status != PINION_OK) return status;
        return PINION_OK;
      },
      [](const pinion_host *host, const pinion_store_change *changes, size_t count, pinion_error *error) {
        pinion_status status = PINION_OK;
        if (failing(host, "store.apply", error, status)) return status;
        for (size_t i = 0; i < count; ++i)
          if (changes[i].value.size == 0)
            of(host).store.erase(text(changes[i].key));
          else
            of(host).store[text(changes[i].key)] = std::string(view(changes[i].value));
        return PINION_OK;
      },
      [](const pinion_host *host, const char *prefix, const char *after, uint32_t limit, const pinion_sink *out,
         pinion_error *) {
        const std::string begin = text(prefix);
        auto it = after == nullptr ? of(host).store.lower_bound(begin)
                                   : of(host).store.upper_bound(std::max(begin, text(after)));
        Json rows = Json::array();
        for (; it != of(host).store.end() && it->first.rfind(begin, 0) == 0 && rows.size() < limit; ++it)
          rows.push_back(Json::array({it->first, it->second}));
        return detail::put(out, rows.dump());
      }};
};

} // namespace pinion::testing
