#include "frame.hpp"

#include <pinion/cpp/json_text.hpp>

#include <nlohmann/json.hpp>

namespace pinion::websocket {

void appendFrame(std::string &out, std::string_view event) {
  out += "{\"event\":";
  appendJsonString(out, event);
  out += "}\n";
}

void appendFrame(std::string &out, std::string_view event, std::string_view argument) {
  out.reserve(out.size() + event.size() + argument.size() + 32);
  out += "{\"event\":";
  appendJsonString(out, event);
  out += ",\"args\":[";
  appendJsonString(out, argument);
  out += "]}\n";
}

std::string daemonLine(std::string_view app_name, std::string_view text) {
  std::string out = "\x1b[33m\x1b[1m[";
  out.append(app_name);
  out += " Daemon]:\x1b[39m ";
  out.append(text);
  out += "\x1b[0m";
  return out;
}

std::string argumentOf(std::string_view json_payload) {
  if (!json_payload.empty() && json_payload.front() == '"') {
    const auto value = nlohmann::json::parse(json_payload, nullptr, false);
    if (value.is_string()) return value.get<std::string>();
  }
  return std::string(json_payload);
}

} // namespace pinion::websocket
