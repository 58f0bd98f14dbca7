#include "docker/environment_list.hpp"

#include "docker/json.hpp"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <set>

namespace pinion::core {

namespace {

std::string upper(std::string text) {
  for (auto &c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string numberText(const std::string &json) {
  if (json.find_first_of(".eE") == std::string::npos) return json;
  double value = 0;
  const auto read = std::from_chars(json.data(), json.data() + json.size(), value);
  if (read.ec != std::errc{}) return json;
  char text[400];
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  const auto end = whole ? std::to_chars(text, text + sizeof text, static_cast<long long>(value)).ptr
                         : std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  return {text, end};
}

std::string zoneOf(const Settings &settings, const std::string &otherwise) {
  const auto own = settings.environment.find("SERVER_TIMEZONE");
  if (own == settings.environment.end()) return otherwise;
  bool shown = false;
  const std::string zone = environmentValue(own->second, shown);
  // Only what the zone database has, and nothing outside of it.
  if (zone.empty() || zone.front() == '/' || zone.find("..") != std::string::npos) return otherwise;
  return ::access(("/usr/share/zoneinfo/" + zone).c_str(), R_OK) == 0 ? zone : otherwise;
}

} // namespace

std::string environmentValue(const std::string &value, bool &shown) {
  shown = true;
  if (value == "true" || value == "false") return value;
  if (!value.empty() && (value.front() == '-' || (value.front() >= '0' && value.front() <= '9')))
    return numberText(value);
  if (!value.empty() && value.front() == '"')
    if (const auto list = json::parseArray("[" + value + "]"))
      if (const auto texts = json::texts(*list); texts.size() == 1) return texts.front();
  shown = false;
  return {};
}

std::vector<std::string> environmentList(const Settings &settings, const EnvironmentRules &rules,
                                         std::vector<std::string> &unclear) {
  std::string address = settings.default_allocation.ip;
  if (address == "127.0.0.1" && !rules.local_address.empty()) address = rules.local_address;
  std::vector<std::string> out{"TZ=" + zoneOf(settings, rules.timezone), "STARTUP=" + settings.invocation,
                               "SERVER_MEMORY=" + std::to_string(settings.build.memory_limit), "SERVER_IP=" + address,
                               "SERVER_PORT=" + std::to_string(settings.default_allocation.port)};
  std::set<std::string> taken{"TZ", "STARTUP", "SERVER_MEMORY", "SERVER_IP", "SERVER_PORT"};
  for (const auto &[key, value] : settings.environment) {
    const std::string name = upper(key);
    if (name.empty() || name.find('\0') != std::string::npos || !taken.insert(name).second) continue;
    bool shown = false;
    out.push_back(name + "=" + environmentValue(value, shown));
    if (!shown) unclear.push_back(name);
  }
  return out;
}

} // namespace pinion::core
