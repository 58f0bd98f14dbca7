#include "environment.hpp"

#include <cctype>
#include <set>

namespace install {

namespace {

using pinion::Json;

const Json &at(const Json &document, const char *pointer) {
  static const Json none;
  const Json::json_pointer where(pointer);
  return document.is_object() && document.contains(where) ? document.at(where) : none;
}

std::string valueText(const Json &value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  return {};
}

std::string orZero(const Json &value) { return value.is_number_integer() ? value.dump() : "0"; }

std::string capitals(std::string text) {
  for (char &c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

} // namespace

std::vector<std::string> environmentList(const Json &configuration, const std::string &timezone) {
  std::vector<std::string> list;
  std::set<std::string> keys;
  const auto add = [&](const std::string &key, const std::string &value) {
    if (keys.insert(key).second) list.push_back(key + "=" + value);
  };
  add("TZ", timezone);
  add("STARTUP", valueText(at(configuration, "/invocation")));
  add("SERVER_MEMORY", orZero(at(configuration, "/build/memory_limit")));
  add("SERVER_IP", valueText(at(configuration, "/allocations/default/ip")));
  add("SERVER_PORT", orZero(at(configuration, "/allocations/default/port")));
  if (const Json &own = at(configuration, "/environment"); own.is_object())
    for (const auto &[key, value] : own.items()) add(capitals(key), valueText(value));
  return list;
}

} // namespace install
