#include "request_body.hpp"

#include <pinion/cpp/json_text.hpp>

#include <cctype>
#include <sstream>

namespace pinion::websocket {

namespace {

constexpr std::string_view kGeneric = "An unexpected error was encountered while processing this request";
constexpr std::string_view kUnreadable =
    "The data passed in the request was not in a parsable format. Please try again.";

const Error kEmpty{PINION_E_NOT_FOUND, "the body is empty"};
const Error kWrong{PINION_E_INVALID, "the body does not have the expected form"};

bool isJtis(std::string_view key) {
  constexpr std::string_view wanted = "jtis";
  if (key.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(key[i])) != wanted[i]) return false;
  return true;
}

std::string genericBody(const Exchange &exchange) {
  return "{\"error\":" + jsonString(kGeneric) +
         ",\"request_id\":" + jsonString(exchange.field("request-id").value_or("")) + "}";
}

} // namespace

Result<std::vector<std::string>> parseDeniedIds(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return kEmpty;
  nlohmann::json document;
  try { // what follows the first value is ignored, which only the stream operator can
    std::istringstream(validUtf8(body)) >> document;
  } catch (const nlohmann::json::exception &) {
    return kWrong;
  }
  std::vector<std::string> ids;
  if (document.is_null()) return ids;
  if (!document.is_object()) return kWrong;
  for (const auto &[key, value] : document.items()) {
    if (!isJtis(key)) continue;
    ids.clear();
    if (value.is_null()) continue;
    if (!value.is_array()) return kWrong;
    for (const auto &one : value) {
      if (!one.is_string() && !one.is_null()) return kWrong;
      ids.push_back(one.is_null() ? std::string() : one.get<std::string>());
    }
  }
  return ids;
}

void answerBadBody(Exchange &exchange, const Error &error) {
  constexpr const char *plain = "text/plain; charset=utf-8";
  if (error.code == PINION_E_NOT_FOUND)
    return exchange.answer(400, "{\"error\":" + jsonString(kUnreadable) + "}", plain);
  exchange.answer(400, genericBody(exchange), plain);
}

void answerFailure(Exchange &exchange, const Host &host, const Error &error) {
  host.error("a request failed", Json{{"path", exchange.field("path").value_or("")},
                                      {"request_id", exchange.field("request-id").value_or("")},
                                      {"error", validUtf8(error.text)}});
  exchange.answer(500, genericBody(exchange));
}

} // namespace pinion::websocket
