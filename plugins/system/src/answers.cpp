#include "answers.hpp"

#include <pinion/cpp/json_text.hpp>

namespace pinion::system {

namespace {

constexpr const char *kPlain = "text/plain; charset=utf-8"; // with JSON in it: so it always was
constexpr const char *kGeneric = "An unexpected error was encountered while processing this request";
constexpr const char *kUnreadable = "The data passed in the request was not in a parsable format. Please try again.";
constexpr const char *kTooSlow = "The server could not process this request in time, please try again.";

std::string withRequestId(const Exchange &exchange, const char *text) {
  return Json{{"error", text}, {"request_id", exchange.field("request-id").value_or("")}}.dump();
}

} // namespace

void answerBadBody(Exchange &exchange, BodyFault fault) {
  if (fault == BodyFault::empty)
    exchange.answer(400, Json{{"error", kUnreadable}}.dump(), kPlain);
  else
    exchange.answer(400, withRequestId(exchange, kGeneric), kPlain);
}

void answerFailure(Exchange &exchange, const Host &host, const Error &error) {
  host.error("a request failed", Json{{"method", exchange.field("method").value_or("")},
                                      {"path", validUtf8(exchange.field("path").value_or(""))},
                                      {"request_id", exchange.field("request-id").value_or("")},
                                      {"error", validUtf8(error.text)}});
  exchange.answer(500, withRequestId(exchange, error.code == PINION_E_TIMEOUT ? kTooSlow : kGeneric));
}

void answerUnknownServer(Exchange &exchange) {
  exchange.error(404, "The requested resource does not exist on this instance.");
}

} // namespace pinion::system
