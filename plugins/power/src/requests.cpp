#include "requests.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

namespace power {

namespace {

using pinion::Json;

constexpr const char *generic_text = "An unexpected error was encountered while processing this request";

// The first JSON value of the body; what follows it does not matter.
BodyFault parse(std::string_view body, Json &out) {
  if (std::all_of(body.begin(), body.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }))
    return BodyFault::empty;
  std::istringstream in{std::string(body)};
  try {
    in >> out;
  } catch (const Json::exception &) {
    return BodyFault::malformed;
  }
  if (!out.is_object() && !out.is_null()) return BodyFault::malformed;
  return BodyFault::none;
}

bool sameName(std::string_view key, std::string_view name) {
  return key.size() == name.size() && std::equal(key.begin(), key.end(), name.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

// Calls `take(value)` for each member of that name that is not null, in order; false when one is refused.
template <typename Take> bool members(const Json &object, std::string_view name, Take take) {
  if (!object.is_object()) return true;
  for (const auto &[key, value] : object.items())
    if (sameName(key, name) && !value.is_null() && !take(value)) return false;
  return true;
}

std::string genericBody(const pinion::Exchange &exchange) {
  Json body;
  body["error"] = generic_text;
  body["request_id"] = exchange.field("request-id").value_or("");
  return body.dump();
}

} // namespace

BodyFault readPowerRequest(std::string_view body, PowerRequest &out) {
  Json document;
  if (const auto fault = parse(body, document); fault != BodyFault::none) return fault;
  const bool good = members(document, "action",
                            [&](const Json &value) {
                              if (!value.is_string()) return false;
                              out.action = value.get<std::string>();
                              return true;
                            }) &&
                    members(document, "wait_seconds", [&](const Json &value) {
                      if (!value.is_number_integer()) return false;
                      out.wait_seconds = value.get<std::int64_t>();
                      return true;
                    });
  return good ? BodyFault::none : BodyFault::malformed;
}

BodyFault readCommands(std::string_view body, std::vector<std::string> &out) {
  Json document;
  if (const auto fault = parse(body, document); fault != BodyFault::none) return fault;
  const bool good = members(document, "commands", [&](const Json &value) {
    if (!value.is_array()) return false;
    out.clear();
    for (const auto &one : value) {
      if (!one.is_string() && !one.is_null()) return false;
      out.push_back(one.is_null() ? std::string() : one.get<std::string>());
    }
    return true;
  });
  return good ? BodyFault::none : BodyFault::malformed;
}

bool knownAction(std::string_view action) {
  return action == "start" || action == "stop" || action == "restart" || action == "kill";
}

std::uint32_t lockWaitSeconds(std::int64_t asked) {
  return asked < 0 || asked > 300 ? 30 : static_cast<std::uint32_t>(asked);
}

int logSize(std::string_view text) {
  int size = 0;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (fault != std::errc() || end != text.data() + text.size() || size <= 0 || size > 100) return 100;
  return size;
}

void answerFault(pinion::Exchange &exchange, BodyFault fault) {
  if (fault == BodyFault::empty) {
    Json body;
    body["error"] = "The data passed in the request was not in a parsable format. Please try again.";
    exchange.answer(400, body.dump(), "text/plain; charset=utf-8");
    return;
  }
  exchange.answer(400, genericBody(exchange), "text/plain; charset=utf-8");
}

void answerInternal(pinion::Exchange &exchange) { exchange.answer(500, genericBody(exchange)); }

} // namespace power
