#include "servers/settings.hpp"

#include "base/json_text.hpp"
#include "servers/json_cursor.hpp"

namespace pinion::core {

namespace {

using Kind = JsonCursor::Kind;

// True for a value that is there; a null is read and false.
bool present(JsonCursor &json) {
  if (json.kind() != Kind::null) return true;
  json.skip();
  return false;
}

void readMeta(JsonCursor &json, Settings &out) {
  json.map([&](std::string_view key) {
    if (sameKey(key, "name")) json.read(out.name);
    if (sameKey(key, "description")) json.read(out.description);
  });
}

void readEnvironment(JsonCursor &json, Settings &out) {
  out.environment.clear();
  out.has_environment = present(json);
  if (!out.has_environment) return;
  json.map([&](std::string_view key) { out.environment.insert_or_assign(std::string(key), json.compact()); });
}

void readLabels(JsonCursor &json, Settings &out) {
  out.labels.reset();
  if (!present(json)) return;
  out.labels.emplace();
  json.map([&](std::string_view key) { json.read((*out.labels)[std::string(key)]); });
}

void readAllocations(JsonCursor &json, Settings &out) {
  json.map([&](std::string_view key) {
    if (sameKey(key, "force_outgoing_ip")) json.read(out.force_outgoing_ip);
    if (sameKey(key, "default"))
      json.map([&](std::string_view part) {
        if (sameKey(part, "ip")) json.read(out.default_allocation.ip);
        if (sameKey(part, "port")) json.read(out.default_allocation.port);
      });
    if (sameKey(key, "mappings")) {
      out.mappings.clear();
      out.has_mappings = present(json);
      if (out.has_mappings) json.map([&](std::string_view ip) { json.read(out.mappings[std::string(ip)]); });
    }
  });
}

void readBuild(JsonCursor &json, Build &out) {
  std::optional<bool> disabled, killer;
  const auto read = [&](std::optional<bool> &to) {
    bool value = false;
    if (!present(json)) return;
    json.read(value);
    to = value;
  };
  json.map([&](std::string_view key) {
    if (sameKey(key, "memory_limit")) json.read(out.memory_limit);
    if (sameKey(key, "swap")) json.read(out.swap);
    if (sameKey(key, "io_weight")) json.read(out.io_weight);
    if (sameKey(key, "cpu_limit")) json.read(out.cpu_limit);
    if (sameKey(key, "disk_space")) json.read(out.disk_space);
    if (sameKey(key, "threads")) json.read(out.threads);
    if (sameKey(key, "oom_disabled")) read(disabled);
    if (sameKey(key, "oom_killer")) read(killer);
  });
  // A Panel of either generation sends the one it means; one that sends both means the older by its own name.
  out.oom_disabled = disabled ? *disabled : killer && !*killer;
}

void readMounts(JsonCursor &json, Settings &out) {
  out.mounts.clear();
  out.has_mounts = present(json);
  if (!out.has_mounts) return;
  json.array([&] {
    auto &mount = out.mounts.emplace_back();
    json.map([&](std::string_view key) {
      if (sameKey(key, "source")) json.read(mount.source);
      if (sameKey(key, "target")) json.read(mount.target);
      if (sameKey(key, "read_only")) json.read(mount.read_only);
    });
  });
}

void readEgg(JsonCursor &json, Settings &out) {
  json.map([&](std::string_view key) {
    if (sameKey(key, "id")) json.read(out.egg_id);
    if (sameKey(key, "file_denylist")) {
      out.file_denylist.clear();
      out.has_file_denylist = present(json);
      if (out.has_file_denylist) json.read(out.file_denylist);
    }
  });
}

void readSettings(JsonCursor &json, Settings &out) {
  std::string uuid;
  json.object([&](std::string_view key) {
    if (sameKey(key, "uuid")) json.read(uuid);
    if (sameKey(key, "meta")) readMeta(json, out);
    if (sameKey(key, "suspended")) json.read(out.suspended);
    if (sameKey(key, "invocation")) json.read(out.invocation);
    if (sameKey(key, "skip_egg_scripts")) json.read(out.skip_egg_scripts);
    if (sameKey(key, "environment")) readEnvironment(json, out);
    if (sameKey(key, "labels")) readLabels(json, out);
    if (sameKey(key, "allocations")) readAllocations(json, out);
    if (sameKey(key, "build")) readBuild(json, out.build);
    if (sameKey(key, "crash_detection_enabled")) json.read(out.crash_detection_enabled);
    if (sameKey(key, "mounts")) readMounts(json, out);
    if (sameKey(key, "egg")) readEgg(json, out);
    if (sameKey(key, "container"))
      json.map([&](std::string_view part) {
        if (sameKey(part, "image")) json.read(out.image);
      });
  });
  if (json.failed()) return;
  const auto id = ServerId::parse(uuid);
  if (!id) return json.fail("uuid: expected a server's UUID in lower case, found \"" + uuid.substr(0, 64) + "\"");
  out.id = *id;
}

void checkConfigurationFile(JsonCursor &json) {
  bool has_file = false, has_parser = false;
  std::string text;
  const auto required = [&](bool &has) {
    if (json.kind() != Kind::string) return json.refuse("a string");
    json.read(text);
    has = true;
  };
  json.object([&](std::string_view key) {
    if (key == "file") required(has_file);
    if (key == "parser") required(has_parser);
  });
  if (!has_file) json.fail("\"file\" is missing");
  if (!has_parser) json.fail("\"parser\" is missing");
}

// The types of what plugins will read. A malformed `replace` list is theirs to report: it does not refuse a server.
void checkProcessConfiguration(JsonCursor &json) {
  std::string text;
  std::vector<std::string> list;
  bool flag = false;
  json.object([&](std::string_view key) {
    if (sameKey(key, "startup"))
      json.map([&](std::string_view part) {
        if (sameKey(part, "done") || sameKey(part, "user_interaction")) json.read(list);
        if (sameKey(part, "strip_ansi")) json.read(flag);
      });
    if (sameKey(key, "stop"))
      json.map([&](std::string_view part) {
        if (sameKey(part, "type") || sameKey(part, "value")) json.read(text);
      });
    if (sameKey(key, "configs")) json.array([&] { checkConfigurationFile(json); });
  });
}

void append(std::string &out, std::string_view name, bool value) {
  out += name;
  out += value ? "true" : "false";
}

void append(std::string &out, std::string_view name, std::int64_t value) {
  out += name;
  out += std::to_string(value);
}

void append(std::string &out, std::string_view name, std::string_view value) {
  out += name;
  appendJsonString(out, value);
}

// [a,b,...] or {...}: `one(item)` appends an item.
template <typename List, typename F>
void appendEach(std::string &out, const char *brackets, const List &list, bool has, F &&one) {
  if (!has) {
    out += "null";
    return;
  }
  out.push_back(brackets[0]);
  bool first = true;
  for (const auto &item : list) {
    if (!first) out.push_back(',');
    first = false;
    one(item);
  }
  out.push_back(brackets[1]);
}

} // namespace

std::string Settings::toJson() const {
  std::string out;
  out.reserve(1024);
  append(out, "{\"uuid\":", id.text());
  append(out, ",\"meta\":{\"name\":", name);
  append(out, ",\"description\":", description);
  append(out, "},\"suspended\":", suspended);
  append(out, ",\"invocation\":", invocation);
  append(out, ",\"skip_egg_scripts\":", skip_egg_scripts);
  out += ",\"environment\":";
  appendEach(out, "{}", environment, has_environment || !environment.empty(), [&](const auto &variable) {
    appendJsonString(out, variable.first);
    out += ':';
    out += variable.second;
  });
  out += ",\"labels\":";
  static const std::map<std::string, std::string> none;
  appendEach(out, "{}", labels ? *labels : none, labels.has_value(), [&](const auto &label) {
    appendJsonString(out, label.first);
    append(out, ":", label.second);
  });
  append(out, ",\"allocations\":{\"force_outgoing_ip\":", force_outgoing_ip);
  append(out, ",\"default\":{\"ip\":", default_allocation.ip);
  append(out, ",\"port\":", std::int64_t{default_allocation.port});
  out += "},\"mappings\":";
  appendEach(out, "{}", mappings, has_mappings || !mappings.empty(), [&](const auto &mapping) {
    appendJsonString(out, mapping.first);
    out += ':';
    appendEach(out, "[]", mapping.second, true, [&](int port) { out += std::to_string(port); });
  });
  append(out, "},\"build\":{\"memory_limit\":", build.memory_limit);
  append(out, ",\"swap\":", build.swap);
  append(out, ",\"io_weight\":", std::int64_t{build.io_weight});
  append(out, ",\"cpu_limit\":", build.cpu_limit);
  append(out, ",\"disk_space\":", build.disk_space);
  append(out, ",\"threads\":", build.threads);
  append(out, ",\"oom_disabled\":", build.oom_disabled);
  append(out, "},\"crash_detection_enabled\":", crash_detection_enabled);
  out += ",\"mounts\":";
  appendEach(out, "[]", mounts, has_mounts || !mounts.empty(), [&](const CustomMount &mount) {
    append(out, "{\"target\":", mount.target);
    append(out, ",\"source\":", mount.source);
    append(out, ",\"read_only\":", mount.read_only);
    out += '}';
  });
  append(out, ",\"egg\":{\"id\":", egg_id);
  out += ",\"file_denylist\":";
  appendEach(out, "[]", file_denylist, has_file_denylist || !file_denylist.empty(),
             [&](const std::string &line) { appendJsonString(out, line); });
  out += "},\"container\":{";
  if (!image.empty()) append(out, "\"image\":", image);
  out += "}}";
  return out;
}

Result<DefinitionPtr> parseDefinition(const std::string &document, const SettingsDefaults &defaults) {
  auto definition = std::make_shared<Definition>();
  definition->settings.crash_detection_enabled = defaults.crash_detection_enabled;
  bool has_settings = false;
  JsonCursor json(document);
  if (json.kind() != Kind::object) json.refuse("an object");
  json.object([&](std::string_view key) {
    if (sameKey(key, "settings")) {
      has_settings = present(json);
      if (has_settings) readSettings(json, definition->settings);
    }
    if (sameKey(key, "process_configuration") && present(json)) definition->process_configuration = json.compact();
  });
  json.finish();
  if (!has_settings) json.fail("settings: missing");
  if (definition->process_configuration.empty()) definition->process_configuration = "{}";
  if (!json.failed()) {
    JsonCursor process(definition->process_configuration);
    checkProcessConfiguration(process);
    if (process.failed()) json.fail("process_configuration: " + process.error());
  }
  if (json.failed()) return Error{Code::invalid, "the server's definition does not decode: " + json.error()};
  definition->process_configuration.shrink_to_fit();
  return DefinitionPtr(std::move(definition));
}

} // namespace pinion::core
