#include "inbound.hpp"

#include <pinion/cpp/request_body.hpp>

namespace pinion::websocket {

namespace {

// The Panel sends "args":[null] with events that need none: null counts as an empty string.
bool joinArguments(const nlohmann::json &arguments, std::string &out) {
  out.clear();
  if (arguments.is_null()) return true;
  if (!arguments.is_array()) return false;
  for (const auto &one : arguments) {
    if (one.is_string())
      out += one.get_ref<const std::string &>();
    else if (!one.is_null())
      return false;
  }
  return true;
}

} // namespace

std::optional<Inbound> parseInbound(std::string_view text) {
  const auto document = nlohmann::json::parse(validUtf8(text), nullptr, false);
  if (document.is_null()) return Inbound{};
  if (!document.is_object()) return std::nullopt;
  Inbound message;
  for (const auto &[key, value] : document.items()) {
    if (isKey(key, "event")) {
      if (value.is_null()) continue;
      if (!value.is_string()) return std::nullopt;
      message.event = value.get<std::string>();
    } else if (isKey(key, "args")) {
      if (!joinArguments(value, message.argument)) return std::nullopt;
    }
  }
  return message;
}

} // namespace pinion::websocket
