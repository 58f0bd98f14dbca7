#include "log/line.hpp"

#include <algorithm>
#include <cstdio>

namespace pinion::core::log {

namespace {

constexpr std::size_t kMessageColumns = 25;
constexpr std::size_t kShortestSecretInText = 8; // a shorter one would blot out ordinary words
constexpr const char *kMask = "***";

void replaceAll(std::string &text, const std::string &what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 3))
    text.replace(at, what.size(), kMask);
}

// The value of a `token` parameter in an address is a credential, whatever it is.
void maskTokenParameters(std::string &text) {
  static constexpr std::string_view name = "token=";
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
    at += name.size();
    const std::size_t end = std::min(text.find_first_of("& \t\n\"'#", at), text.size());
    if (end > at) text.replace(at, end - at, kMask);
  }
}

void mask(std::string &text, const std::vector<std::string> &secrets) {
  for (const auto &secret : secrets) {
    if (text == secret) text = kMask;
    if (secret.size() >= kShortestSecretInText) replaceAll(text, secret);
  }
  maskTokenParameters(text);
}

// One entry stays one line, so that nothing a stranger sends can look like another entry.
void appendEscaped(std::string &out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      out += hex;
    }
  }
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace

std::string lineText(std::string_view message, Fields fields, const std::vector<std::string> &secrets) {
  std::string words(message);
  mask(words, secrets);
  std::string out;
  appendEscaped(out, words);
  if (const auto width = columns(out); width < kMessageColumns) out.append(kMessageColumns - width, ' ');
  std::stable_sort(fields.begin(), fields.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
  for (auto &[key, value] : fields) {
    mask(value, secrets);
    out.push_back(' ');
    appendEscaped(out, key);
    out.push_back('=');
    appendEscaped(out, value);
  }
  return out;
}

std::string linePrefix(Level level, const std::tm &when, int milliseconds) {
  static constexpr const char *months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static constexpr const char *names[] = {"DEBUG", " INFO", " WARN", "ERROR"};
  char text[64];
  std::snprintf(text, sizeof text, "%s: [%s %2d %02d:%02d:%02d.%03d] ", names[static_cast<int>(level)],
                months[when.tm_mon % 12], when.tm_mday, when.tm_hour, when.tm_min, when.tm_sec, milliseconds);
  return text;
}

} // namespace pinion::core::log
