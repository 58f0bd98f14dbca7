#include "config/value.hpp"

#include "base/json_text.hpp"
#include "config/scalar.hpp"

#include <array>
#include <charconv>

namespace pinion::core {

namespace {

// Undoes "~1" and "~0" of a JSON pointer's token.
std::string pointerToken(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1'))
      out.push_back(token[++i] == '0' ? '~' : '/');
    else
      out.push_back(token[i]);
  }
  return out;
}

const Value *item(const Value &list, std::string_view token) {
  std::size_t index = 0;
  const auto [at, failed] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool whole = failed == std::errc{} && at == token.data() + token.size();
  return whole && index < list.items.size() ? &list.items[index] : nullptr;
}

void appendJsonNumber(std::string &out, double number) { out += Value::number(number).text; }

void appendJsonPlain(std::string &out, const std::string &text) {
  if (isNullText(text)) {
    out += "null";
  } else if (const auto on = boolFromText(text)) {
    out += *on ? "true" : "false";
  } else if (const auto whole = integerFromText(text)) {
    out += std::to_string(*whole);
  } else if (const auto large = unsignedFromText(text)) {
    out += std::to_string(*large);
  } else if (const auto number = numberFromText(text)) {
    appendJsonNumber(out, *number);
  } else {
    appendJsonString(out, text);
  }
}

} // namespace

Value Value::string(std::string text) {
  Value value;
  value.kind = Kind::text;
  value.text = std::move(text);
  return value;
}

Value Value::plainText(std::string text) {
  Value value;
  value.kind = Kind::plain;
  value.text = std::move(text);
  return value;
}

Value Value::number(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return plainText(std::string(text.data(), end));
}

Value Value::map() {
  Value value;
  value.kind = Kind::map;
  return value;
}

Value Value::list() {
  Value value;
  value.kind = Kind::list;
  return value;
}

const Value *Value::find(std::string_view key) const {
  if (kind != Kind::map) return nullptr;
  for (const auto &[name, value] : members)
    if (name == key) return &value;
  return nullptr;
}

Value &Value::at(const std::string &key) {
  kind = Kind::map;
  for (auto &[name, value] : members)
    if (name == key) return value;
  return members.emplace_back(key, Value{}).second;
}

const Value *Value::findPath(std::string_view path) const {
  const Value *here = this;
  while (here) {
    const auto dot = path.find('.');
    here = here->find(path.substr(0, dot));
    if (dot == std::string_view::npos) return here;
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

Result<const Value *> Value::pointer(std::string_view pointer) const {
  const Value *here = this;
  std::string_view rest = pointer;
  if (!rest.empty() && rest[0] != '/')
    return Error{Code::invalid, "\"" + std::string(pointer) + "\" is no JSON pointer: it must begin with \"/\""};
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto slash = rest.find('/');
    const auto token = pointerToken(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    here = here->kind == Kind::list ? item(*here, token) : here->find(token);
    if (!here) return Error{Code::notFound, "there is nothing at \"" + std::string(pointer) + "\""};
  }
  return here;
}

void appendJson(std::string &out, const Value &value) {
  bool first = true;
  const auto separate = [&] {
    if (!first) out.push_back(',');
    first = false;
  };
  switch (value.kind) {
  case Value::Kind::null: out += "null"; return;
  case Value::Kind::plain: appendJsonPlain(out, value.text); return;
  case Value::Kind::text: appendJsonString(out, value.text); return;
  case Value::Kind::list:
    out.push_back('[');
    for (const auto &entry : value.items) {
      separate();
      appendJson(out, entry);
    }
    out.push_back(']');
    return;
  case Value::Kind::map:
    out.push_back('{');
    for (const auto &[key, entry] : value.members) {
      separate();
      appendJsonString(out, key);
      out.push_back(':');
      appendJson(out, entry);
    }
    out.push_back('}');
    return;
  }
}

} // namespace pinion::core
