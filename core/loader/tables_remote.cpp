// "pinion.environment/1" and "pinion.panel/1"
#include "loader/arguments.hpp"
#include "loader/operation.hpp"
#include "loader/panel_calls.hpp"
#include "loader/tables.hpp"

#include <algorithm>
#include <exception>

namespace pinion::core {

namespace {

pinion_status act(const pinion_host *raw, const char *uuid, const char *verb, pinion_span args,
                  std::uint32_t deadline_ms, pinion_done_fn done, void *user, std::uint64_t *id,
                  pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    const auto name = nameArgument(verb, "verb", 64);
    if (!name) return name.error();
    const auto json = spanArgument(args, "arguments");
    if (!json) return json.error();
    if (done == nullptr || id == nullptr) return Error{Code::invalid, "the done function or the id is NULL"};
    const auto made =
        std::make_shared<Operation>(host.shared_from_this(), "the end of act", std::string(*name), done, user);
    if (auto kept = host.keep(made); !kept) return kept;
    *id = made->id();
    Runtime &runtime = host.services().runtime;
    const auto act_id = runtime.act(*server, std::string(*name), json->empty() ? "{}" : std::string(*json),
                                    std::chrono::milliseconds(deadline_ms),
                                    [made](Result<std::string> r) { made->complete(std::move(r)); });
    made->onCancel([&runtime, act_id] { runtime.cancel(act_id); });
    return {};
  });
}

pinion_status input(const pinion_host *raw, const char *uuid, pinion_span bytes, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    const auto text = spanArgument(bytes, "console input");
    if (!text) return text.error();
    return host.services().runtime.input(*server, std::string(*text));
  });
}

pinion_status callPanel(const pinion_host *raw, const char *method, const char *path, pinion_span body,
                        pinion_done_fn done, void *user, std::uint64_t *id, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto verb = nameArgument(method, "method", 16);
    if (!verb) return verb.error();
    if (!std::all_of(verb->begin(), verb->end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
      return Error{Code::invalid, "the method is not in upper case"};
    const auto where = nameArgument(path, "path", kMaxPath);
    if (!where) return where.error();
    if (where->front() != '/') return Error{Code::invalid, "the path does not begin with /"};
    const auto text = spanArgument(body, "body");
    if (!text) return text.error();
    if (done == nullptr || id == nullptr) return Error{Code::invalid, "the done function or the id is NULL"};
    const auto made =
        std::make_shared<Operation>(host.shared_from_this(), "the Panel's answer to", std::string(*where), done, user);
    if (auto kept = host.keep(made); !kept) return kept;
    *id = made->id();
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    made->onCancel([cancelled] { *cancelled = true; });
    const bool posted =
        host.shared().panel->post([made, cancelled, &source = host.services().source, verb = std::string(*verb),
                                   where = std::string(*where), text = std::string(*text)] {
          if (*cancelled) return; // nobody waits, and it was not begun
          try {
            made->complete(source.call(verb, where, text));
          } catch (const std::exception &e) {
            made->complete(Error{Code::internal, e.what()});
          }
        });
    if (posted) return {};
    host.forget(made->id());
    return Error{Code::busy, "too many calls to the Panel wait already"};
  });
}

} // namespace

const pinion_environment_v1 *environmentTable() {
  static constexpr pinion_environment_v1 table{sizeof(pinion_environment_v1), 0, &act, &input};
  return &table;
}

const pinion_panel_v1 *panelTable() {
  static constexpr pinion_panel_v1 table{sizeof(pinion_panel_v1), 0, &callPanel};
  return &table;
}

} // namespace pinion::core
