#include "console/lines.hpp"

#include "base/json_text.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <array>
#include <cstdio>

namespace pinion::core {

namespace {

using Poco::JSON::Object;

Result<Object::Ptr> parseObject(const std::string &text) {
  try {
    Poco::JSON::Parser parser;
    const auto value = parser.parse(text);
    if (value.type() == typeid(Object::Ptr)) return value.extract<Object::Ptr>();
  } catch (const std::exception &) { // told below
  }
  return Error{Code::invalid, "the daemon sent something that is no JSON object"};
}

std::string oneDecimal(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

// The end of the escape sequence that begins at `i` (an ESC).
std::size_t sequenceEnd(std::string_view text, std::size_t i) {
  if (i + 1 >= text.size()) return text.size();
  const char kind = text[i + 1];
  if (kind == '[') { // parameters up to a final byte
    for (i += 2; i < text.size(); ++i)
      if (text[i] >= 0x40 && text[i] <= 0x7e) return i + 1;
    return text.size();
  }
  if (kind == ']' || kind == 'P' || kind == '_' || kind == '^' || kind == 'X') { // a text up to BEL or ESC backslash
    for (i += 2; i < text.size(); ++i) {
      if (text[i] == '\a') return i + 1;
      if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '\\') return i + 2;
    }
    return text.size();
  }
  for (++i; i < text.size() && text[i] >= 0x20 && text[i] <= 0x2f;) ++i; // character sets and the like
  return std::min(i + 1, text.size());
}

} // namespace

Typed readTyped(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.empty()) return {};
  if (line.starts_with("..")) return {Typed::Kind::command, std::string(line.substr(1))};
  if (line.front() != '.') return {Typed::Kind::command, std::string(line)};
  std::string_view word = line.substr(1);
  while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
  for (const std::string_view action : {"start", "stop", "restart", "kill"})
    if (word == action) return {Typed::Kind::power, std::string(action)};
  if (word == "stats") return {Typed::Kind::stats, ""};
  if (word == "help") return {Typed::Kind::help, ""};
  if (word == "quit") return {Typed::Kind::quit, ""};
  return {Typed::Kind::unknown, std::string(line)};
}

const char *typedHelp() {
  return "Lines go to the server's console. The client's own words: .start .stop .restart .kill (power), .stats "
         "(figures), "
         ".help, .quit. A command that begins with a dot is typed with two.";
}

std::string encodeMessage(const Message &message) {
  std::string out = "{\"event\":" + jsonString(message.event);
  if (!message.text.empty()) out += ",\"args\":[" + jsonString(message.text) + "]";
  return out + "}";
}

Result<Message> decodeMessage(const std::string &frame) {
  auto object = parseObject(frame);
  if (!object) return object.error();
  try {
    Message out{(*object)->optValue<std::string>("event", ""), ""};
    if (const auto args = (*object)->getArray("args"))
      for (const auto &arg : *args)
        if (!arg.isEmpty()) out.text += arg.convert<std::string>();
    return out;
  } catch (const std::exception &e) {
    return Error{Code::invalid, std::string("the daemon sent a message that is no event: ") + e.what()};
  }
}

std::string withoutAnsi(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x1b) {
      i = sequenceEnd(text, i);
    } else {
      if (c == '\t' || c == '\n' || (c >= 0x20 && c != 0x7f)) out.push_back(text[i]);
      ++i;
    }
  }
  return out;
}

std::string formatBytes(std::uint64_t bytes) {
  static constexpr std::array<const char *, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return (unit == 0 ? std::to_string(bytes) : oneDecimal(value)) + " " + units[unit];
}

std::string formatDuration(std::int64_t milliseconds) {
  const std::int64_t seconds = milliseconds / 1000, minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  const auto text = [](std::int64_t number, const char *unit) { return std::to_string(number) + unit; };
  if (days > 0) return text(days, "d ") + text(hours % 24, "h");
  if (hours > 0) return text(hours, "h ") + text(minutes % 60, "m");
  if (minutes > 0) return text(minutes, "m ") + text(seconds % 60, "s");
  return text(seconds, "s");
}

Result<std::string> formatFigures(const std::string &stats) {
  auto object = parseObject(stats);
  if (!object) return object.error();
  try {
    const auto number = [](const Object::Ptr &in, const char *key) { return in->optValue<std::uint64_t>(key, 0); };
    const Object::Ptr &all = *object;
    const std::uint64_t limit = number(all, "memory_limit_bytes");
    const auto state = all->optValue<std::string>("state", "unknown");
    std::string out = state;
    if (state != "offline") out += ", up " + formatDuration(all->optValue<std::int64_t>("uptime", 0));
    out += " | memory " + formatBytes(number(all, "memory_bytes"));
    if (limit != 0) out += " of " + formatBytes(limit);
    out += " | cpu " + oneDecimal(all->optValue<double>("cpu_absolute", 0)) + " % | disk " +
           formatBytes(number(all, "disk_bytes"));
    if (const auto network = all->getObject("network"))
      out += " | network in " + formatBytes(number(network, "rx_bytes")) + ", out " +
             formatBytes(number(network, "tx_bytes"));
    return out;
  } catch (const std::exception &e) {
    return Error{Code::invalid, std::string("the daemon sent figures that cannot be read: ") + e.what()};
  }
}

} // namespace pinion::core
