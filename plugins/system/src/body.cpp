#include "body.hpp"

#include <pinion/cpp/json_text.hpp>

#include <cctype>
#include <sstream>

namespace pinion::system {

namespace {

bool isKey(std::string_view key, std::string_view lower) {
  if (key.size() != lower.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(key[i])) != lower[i]) return false;
  return true;
}

} // namespace

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
