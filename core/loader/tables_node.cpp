// "pinion.log/1", "pinion.config/1" and "pinion.store/1"
#include "base/json_text.hpp"
#include "loader/arguments.hpp"
#include "loader/tables.hpp"
#include "log/log.hpp"
#include "servers/json_cursor.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

log::Level levelOf(std::uint32_t level) {
  switch (level) {
  case PINION_LOG_DEBUG: return log::Level::debug;
  case PINION_LOG_INFO: return log::Level::info;
  case PINION_LOG_WARN: return log::Level::warn;
  default: return log::Level::error;
  }
}

std::int32_t enabled(const pinion_host *, std::uint32_t level) noexcept {
  try {
    return log::enabled(levelOf(level)) ? 1 : 0;
  } catch (...) {
    return 0;
  }
}

void write(const pinion_host *raw, std::uint32_t level, pinion_span message, pinion_span fields) noexcept {
  (void)hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = spanArgument(message, "message", 65536);
    if (!text) return text.error();
    const auto json = spanArgument(fields, "fields", 65536);
    if (!json) return json.error();
    log::Fields out{{"plugin", host.id()}};
    if (!json->empty()) {
      JsonCursor cursor(*json);
      cursor.object([&](std::string_view key) {
        if (key == "plugin") return; // the host's
        std::string value;
        if (cursor.kind() == JsonCursor::Kind::string)
          cursor.read(value);
        else
          value = cursor.compact();
        out.emplace_back(key, std::move(value));
      });
    }
    log::write(levelOf(level), *text, std::move(out));
    return {};
  });
}

// Both readers of the configuration.
template <typename F> pinion_status readConfig(const pinion_host *raw, const char *pointer, const pinion_sink *out,
                                               pinion_error *error, F &&f) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = pathArgument(pointer, "JSON pointer");
    if (!text) return text.error();
    const Result<std::string> value = f(host, std::string(*text));
    if (!value) return value.error();
    return emit(out, *value);
  });
}

pinion_status read(const pinion_host *raw, const char *pointer, const pinion_sink *out, pinion_error *error) noexcept {
  return readConfig(raw, pointer, out, error,
                    [](Host &host, const std::string &at) { return host.services().config.section(host.id(), at); });
}

pinion_status node(const pinion_host *raw, const char *pointer, const pinion_sink *out, pinion_error *error) noexcept {
  return readConfig(raw, pointer, out, error,
                    [](Host &host, const std::string &at) { return host.services().config.node(at); });
}

constexpr std::size_t kMostValue = std::size_t{1} << 20u; // bytes

Result<Store *> storeOf(Host &host) {
  if (host.services().store == nullptr) return Error{Code::unsupported, "this daemon has no store"};
  return host.services().store;
}

pinion_status get(const pinion_host *raw, const char *key, const pinion_sink *out) noexcept {
  return hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = nameArgument(key, "key");
    if (!text) return text.error();
    const auto store = storeOf(host);
    if (!store) return store.error();
    const auto value = (*store)->get(host.id(), std::string(*text));
    if (!value) return value.error();
    if (!*value) return Error{Code::notFound, "there is no such key"};
    return emit(out, **value);
  });
}

pinion_status put(const pinion_host *raw, const char *key, pinion_span value, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto text = nameArgument(key, "key");
    if (!text) return text.error();
    const auto bytes = spanArgument(value, "value", kMostValue);
    if (!bytes) return bytes.error();
    const auto store = storeOf(host);
    if (!store) return store.error();
    if (bytes->empty()) return (*store)->remove(host.id(), std::string(*text));
    return (*store)->put(host.id(), std::string(*text), *bytes);
  });
}

pinion_status scan(const pinion_host *raw, const char *prefix, const pinion_sink *out) noexcept {
  return hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = pathArgument(prefix, "prefix");
    if (!text) return text.error();
    const auto store = storeOf(host);
    if (!store) return store.error();
    const auto keys = (*store)->keys(host.id(), std::string(*text));
    if (!keys) return keys.error();
    std::string lines;
    for (const auto &key : *keys) lines += key + "\n";
    return emit(out, lines);
  });
}

pinion_status apply(const pinion_host *raw, const pinion_store_change *changes, std::size_t count,
                    pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    if (changes == nullptr && count > 0) return Error{Code::invalid, "the changes are NULL"};
    if (count > Store::kMostChanges) return Error{Code::invalid, "too many changes for one transaction; make several"};
    std::vector<Store::Change> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = nameArgument(changes[i].key, "key");
      if (!key) return key.error();
      const auto value = spanArgument(changes[i].value, "value", kMostValue);
      if (!value) return value.error();
      all.push_back({*key, *value});
    }
    const auto store = storeOf(host);
    if (!store) return store.error();
    return (*store)->apply(host.id(), all);
  });
}

pinion_status page(const pinion_host *raw, const char *prefix, const char *after, std::uint32_t limit,
                   const pinion_sink *out, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    const auto begin = pathArgument(prefix, "prefix");
    if (!begin) return begin.error();
    std::optional<std::string_view> behind;
    if (after != nullptr) {
      const auto key = pathArgument(after, "key");
      if (!key) return key.error();
      behind = *key;
    }
    const auto store = storeOf(host);
    if (!store) return store.error();
    std::string rows = "[";
    const auto append = [&](std::string_view key, std::string_view value) {
      rows += rows.size() > 1 ? ",[" : "[";
      appendJsonString(rows, key);
      rows += ',';
      appendJsonString(rows, value);
      rows += ']';
    };
    if (auto read = (*store)->page(host.id(), *begin, behind, limit, append); !read) return read.error();
    return emit(out, rows + "]");
  });
}

} // namespace

const pinion_log_v1 *logTable() {
  static constexpr pinion_log_v1 table{sizeof(pinion_log_v1), 0, &enabled, &write};
  return &table;
}

const pinion_config_v1 *configTable() {
  static constexpr pinion_config_v1 table{sizeof(pinion_config_v1), 0, &read, &node};
  return &table;
}

const pinion_store_v1 *storeTable() {
  static constexpr pinion_store_v1 table{sizeof(pinion_store_v1), 0, &get, &put, &scan, &apply, &page};
  return &table;
}

} // namespace pinion::core
