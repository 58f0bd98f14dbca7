// "pinion.servers/1"
#include "base/json_text.hpp"
#include "loader/arguments.hpp"
#include "loader/json_pointer.hpp"
#include "loader/tables.hpp"

namespace pinion::core {

namespace {

class Hold final : public Resource {
public:
  Hold(std::shared_ptr<Host> owner, std::uint64_t number) : Resource(std::move(owner)), number_(number) {}
  void cancel() override { host().services().registry.release(number_); }
  void drop() override { cancel(); }

private:
  const std::uint64_t number_;
};

// One member of the server's document as JSON text; empty when there is no such member.
std::string member(Host &host, const ServerPtr &server, std::string_view name) {
  std::string out;
  if (name == "uuid") return jsonString(server->text());
  if (name == "state") return jsonString(core::name(server->state()));
  if (name == "suspended") return server->suspended() ? "true" : "false";
  if (name == "held_by") {
    const std::string why = server->heldBy();
    return why.empty() ? "null" : jsonString(why);
  }
  if (name == "utilization") {
    host.services().disk.known(server); // measures again in the background when the figure is old
    server->appendStats(out);
  }
  if (name == "configuration") out = server->definition()->settings.toJson();
  if (name == "process_configuration") {
    out = server->definition()->process_configuration;
    if (out.empty()) out = "null";
  }
  return out;
}

std::string wholeDocument(Host &host, const ServerPtr &server) {
  std::string out = "{";
  for (const char *name :
       {"uuid", "state", "suspended", "held_by", "utilization", "configuration", "process_configuration"}) {
    if (out.size() > 1) out.push_back(',');
    appendJsonString(out, name);
    out.push_back(':');
    out += member(host, server, name);
  }
  out.push_back('}');
  return out;
}

pinion_status list(const pinion_host *raw, const pinion_sink *out) noexcept {
  return hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    std::string json = "[";
    for (const auto &server : host.services().registry.all()) {
      if (json.size() > 1) json.push_back(',');
      appendJsonString(json, server->text());
    }
    json.push_back(']');
    return emit(out, json);
  });
}

pinion_status read(const pinion_host *raw, const char *uuid, const char *pointer, const pinion_sink *out,
                   pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    const auto text = pathArgument(pointer, "JSON pointer");
    if (!text) return text.error();
    const auto segments = pointerSegments(*text);
    if (!segments) return segments.error();
    if (segments->empty()) return emit(out, wholeDocument(host, *server));
    const std::string first = member(host, *server, segments->front());
    if (first.empty()) return Error{Code::notFound, "there is no value at " + jsonString(*text)};
    if (segments->size() == 1) return emit(out, first);
    const auto value = valueAt(first, *segments, 1, *text);
    if (!value) return value.error();
    return emit(out, *value);
  });
}

pinion_status hold(const pinion_host *raw, const char *uuid, const char *why, std::uint64_t *id,
                   pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    const auto reason = nameArgument(why, "reason", 64);
    if (!reason) return reason.error();
    if (id == nullptr) return Error{Code::invalid, "the id is NULL"};
    const auto number = host.services().registry.hold(*server, std::string(*reason));
    if (!number) return number.error();
    const auto made = std::make_shared<Hold>(host.shared_from_this(), *number);
    if (auto kept = host.keep(made); !kept) {
      made->cancel();
      return kept;
    }
    *id = made->id();
    return {};
  });
}

pinion_status setState(const pinion_host *raw, const char *uuid, const char *state, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    const auto text = nameArgument(state, "state");
    if (!text) return text.error();
    const auto parsed = parseState(*text);
    if (!parsed) return Error{Code::invalid, jsonString(*text) + " is no state of a server"};
    host.services().registry.setState(*server, *parsed);
    return {};
  });
}

} // namespace

const pinion_servers_v1 *serversTable() {
  static constexpr pinion_servers_v1 table{sizeof(pinion_servers_v1), 0, &list, &read, &hold, &setState};
  return &table;
}

} // namespace pinion::core
