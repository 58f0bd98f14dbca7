// Between a Value and the member of Config that a key names.
#include "config/keys.hpp"

#include "base/json_text.hpp"
#include "config/scalar.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <type_traits>

namespace pinion::core {

namespace {

std::string shown(const Value &value) {
  std::string out;
  switch (value.kind) {
  case Value::Kind::map: return "a mapping";
  case Value::Kind::list: return "a list";
  case Value::Kind::null: return "nothing";
  case Value::Kind::plain:
  case Value::Kind::text: break;
  }
  const auto text = std::string_view(value.text).substr(0, 80);
  return "\"" + std::string(text) + (text.size() < value.text.size() ? "..." : "") + "\"";
}

struct Assignment {
  const Key &key;
  const Value &value;
  Dialect dialect;

  [[nodiscard]] Error wrong(const std::string &what, const Value &found, const std::string &part = "") const {
    const bool secret = key.secrecy == Secrecy::secret && found.isScalar();
    return {Code::invalid, key.path + part + " must be " + what + (secret ? "" : ", not " + shown(found))};
  }
  [[nodiscard]] Error wrong(const std::string &what) const { return wrong(what, value); }

  // In YAML a number may stand in quotes, as the old configurations of some panels have it.
  [[nodiscard]] bool mayBeNumber() const {
    return dialect == Dialect::yaml ? value.isScalar() : value.kind == Value::Kind::plain;
  }
  [[nodiscard]] std::optional<std::string> string(const Value &from) const {
    if (from.kind == Value::Kind::text || (dialect == Dialect::yaml && from.kind == Value::Kind::plain))
      return from.text;
    return std::nullopt;
  }

  Result<void> operator()(bool *slot) const {
    const auto on = value.kind == Value::Kind::plain ? boolFromText(value.text) : std::nullopt;
    if (!on) return wrong("true or false");
    *slot = *on;
    return {};
  }

  template <typename Integer> Result<void> integer(Integer *slot) const {
    using Limits = std::numeric_limits<Integer>;
    const auto least = std::max<std::int64_t>(key.least, std::is_signed_v<Integer> ? Limits::min() : 0);
    std::uint64_t most = static_cast<std::uint64_t>(Limits::max());
    if (key.most >= 0)
      most =
          std::min(most, std::is_same_v<Integer, std::uint64_t> && key.most == std::numeric_limits<std::int64_t>::max()
                             ? most
                             : static_cast<std::uint64_t>(key.most));
    const bool fraction = dialect == Dialect::json && value.text.find_first_of(".eE") != std::string::npos;
    if (mayBeNumber() && !fraction) {
      const auto whole = integerFromText(value.text);
      if (whole && *whole >= least && (*whole < 0 || static_cast<std::uint64_t>(*whole) <= most)) {
        *slot = static_cast<Integer>(*whole);
        return {};
      }
      const auto large = unsignedFromText(value.text);
      if (!whole && large && *large <= most) {
        *slot = static_cast<Integer>(*large);
        return {};
      }
    }
    return wrong("a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  Result<void> operator()(int *slot) const { return integer(slot); }
  Result<void> operator()(std::int64_t *slot) const { return integer(slot); }
  Result<void> operator()(std::uint32_t *slot) const { return integer(slot); }
  Result<void> operator()(std::uint64_t *slot) const { return integer(slot); }

  Result<void> operator()(double *slot) const {
    const auto number = mayBeNumber() ? numberFromText(value.text) : std::nullopt;
    if (!number) return wrong("a number");
    *slot = *number;
    return {};
  }

  Result<void> operator()(std::string *slot) const {
    auto text = string(value);
    if (!text) return wrong("a string");
    *slot = std::move(*text);
    return {};
  }

  Result<void> operator()(Strings *slot) const {
    if (value.kind != Value::Kind::list) return wrong("a list of strings");
    Strings out;
    for (const auto &item : value.items) {
      auto text = string(item);
      if (!text && item.kind != Value::Kind::null)
        return wrong("a list of strings", item, "[" + std::to_string(out.size()) + "]");
      out.push_back(text ? std::move(*text) : "");
    }
    *slot = std::move(out);
    return {};
  }

  Result<void> operator()(StringMap *slot) const {
    if (value.kind != Value::Kind::map) return wrong("a mapping of strings");
    StringMap out = *slot;
    for (const auto &[name, entry] : value.members) {
      auto text = string(entry);
      if (!text && entry.kind != Value::Kind::null) return wrong("a string", entry, "." + name);
      out[name] = text ? std::move(*text) : "";
    }
    *slot = std::move(out);
    return {};
  }

  Result<void> operator()(RegistryMap *slot) const {
    if (value.kind != Value::Kind::map) return wrong("a mapping of registries");
    RegistryMap out = *slot;
    for (const auto &[name, entry] : value.members) {
      if (entry.kind != Value::Kind::map && entry.kind != Value::Kind::null)
        return wrong("a mapping with username and password", entry, "." + name);
      Config::Docker::Registry registry; // an entry is replaced as a whole
      for (const auto &[field, given] : entry.members) {
        auto *target = same(field, "username")   ? &registry.username
                       : same(field, "password") ? &registry.password
                                                 : nullptr;
        if (!target || given.kind == Value::Kind::null) continue;
        auto text = string(given);
        if (!text) return wrong("a string", given, "." + name + "." + field);
        *target = std::move(*text);
      }
      out[name] = std::move(registry);
    }
    *slot = std::move(out);
    return {};
  }

  Result<void> operator()(std::map<int, double> *slot) const {
    if (value.kind != Value::Kind::map) return wrong("a mapping of numbers");
    auto out = *slot;
    for (const auto &[name, entry] : value.members) {
      const auto from = integerFromText(name);
      const auto number = entry.kind == Value::Kind::plain ? numberFromText(entry.text) : std::nullopt;
      if (!from || *from < std::numeric_limits<int>::min() || *from > std::numeric_limits<int>::max())
        return Error{Code::invalid, std::string(key.path) + ": \"" + name + "\" must be a whole number of MiB"};
      if (!number) return wrong("a number", entry, "." + name);
      out[static_cast<int>(*from)] = *number;
    }
    *slot = std::move(out);
    return {};
  }

  [[nodiscard]] bool same(std::string_view given, std::string_view name) const {
    if (dialect == Dialect::yaml) return given == name;
    return std::equal(given.begin(), given.end(), name.begin(), name.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  }
};

struct Spelling {
  Value operator()(const bool *slot) const { return Value::boolean(*slot); }
  Value operator()(const double *slot) const { return Value::number(*slot); }
  Value operator()(const std::string *slot) const { return Value::string(*slot); }
  template <typename Integer> Value operator()(const Integer *slot) const {
    return Value::plainText(std::to_string(*slot));
  }
  Value operator()(const Strings *slot) const {
    Value out = Value::list();
    for (const auto &text : *slot) out.items.push_back(Value::string(text));
    return out;
  }
  Value operator()(const StringMap *slot) const {
    Value out = Value::map();
    out.closed = true;
    for (const auto &[name, text] : *slot) out.members.emplace_back(name, Value::string(text));
    return out;
  }
  Value operator()(const RegistryMap *slot) const {
    Value out = Value::map();
    out.closed = true;
    for (const auto &[name, registry] : *slot) {
      Value &entry = out.at(name);
      entry.at("username") = Value::string(registry.username);
      entry.at("password") = Value::string(registry.password);
    }
    return out;
  }
  Value operator()(const std::map<int, double> *slot) const {
    Value out = Value::map();
    out.closed = true;
    for (const auto &[from, number] : *slot) out.members.emplace_back(std::to_string(from), Value::number(number));
    return out;
  }
};

void empty(const Slot &slot) {
  std::visit(
      [](auto *target) {
        if constexpr (requires { target->clear(); } && !std::is_same_v<decltype(target), std::string *>)
          target->clear();
      },
      slot);
}

} // namespace

Result<void> assign(const Key &key, Config &config, const Value &value, Dialect dialect) {
  const Slot slot = key.slot(config);
  if (value.kind == Value::Kind::null) {
    empty(slot);
    return {};
  }
  return std::visit(Assignment{key, value, dialect}, slot);
}

Value valueOf(const Key &key, const Config &config) {
  // The table hands out writable places; nothing is written here.
  return std::visit(Spelling{}, key.slot(const_cast<Config &>(config)));
}

} // namespace pinion::core
