#include "body.hpp"

#include <cctype>
#include <cstdint>
#include <sstream>

namespace pinion::system {

namespace {

bool isKey(std::string_view key, std::string_view lower) {
  if (key.size() != lower.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(key[i])) != lower[i]) return false;
  return true;
}

// The length of the UTF-8 sequence that starts at `i`, or 0 when it is malformed (overlong, surrogate, out of range).
std::size_t sequenceLength(std::string_view text, std::size_t i) {
  const auto at = [&](std::size_t k) { return static_cast<std::uint8_t>(text[i + k]); };
  const std::uint8_t lead = at(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((at(k) & 0xc0) != 0x80) return 0;
  if (lead == 0xe0 && at(1) < 0xa0) return 0;
  if (lead == 0xed && at(1) > 0x9f) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  if (lead == 0xf4 && at(1) > 0x8f) return 0;
  return length;
}

} // namespace

std::string validUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequenceLength(text, i);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else
      out.append(text.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::variant<Body, BodyFault> Body::parse(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return BodyFault::empty;
  nlohmann::json document;
  try { // what follows the first value is ignored, which only the stream operator can
    std::istringstream(validUtf8(text)) >> document;
  } catch (const nlohmann::json::exception &) {
    return BodyFault::malformed;
  }
  if (document.is_null()) document = nlohmann::json::object();
  if (!document.is_object()) return BodyFault::malformed;
  return Body(std::move(document));
}

const nlohmann::json *Body::find(std::string_view lower_case_key) const {
  const nlohmann::json *found = nullptr;
  for (const auto &[key, value] : object_.items())
    if (isKey(key, lower_case_key) && !value.is_null()) found = &value;
  return found;
}

bool Body::read(std::string_view lower_case_key, std::string &out) const {
  const auto *value = find(lower_case_key);
  if (value == nullptr) return true;
  if (!value->is_string()) return false;
  out = value->get<std::string>();
  return true;
}

bool Body::read(std::string_view lower_case_key, bool &out) const {
  const auto *value = find(lower_case_key);
  if (value == nullptr) return true;
  if (!value->is_boolean()) return false;
  out = value->get<bool>();
  return true;
}

bool Body::read(std::string_view lower_case_key, std::vector<std::string> &out) const {
  const auto *value = find(lower_case_key);
  if (value == nullptr) return true;
  if (!value->is_array()) return false;
  out.clear();
  for (const auto &one : *value) {
    if (!one.is_string() && !one.is_null()) return false;
    out.push_back(one.is_null() ? std::string() : one.get<std::string>());
  }
  return true;
}

std::string Body::text() const { return object_.dump(); }

bool isServerUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  const char variant = text[19];
  return text[14] == '4' && (variant == '8' || variant == '9' || variant == 'a' || variant == 'b');
}

} // namespace pinion::system
