// The text of answers: status line, header lines, and the one table from failures to statuses (contract http.md 1.4).
#pragma once

#include "http/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::core::http {

constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kPlainText = "text/plain"; // of the answer for what is no route (contract http.md 1)
constexpr std::string_view kGenericError = "An unexpected error was encountered while processing this request";

std::string_view reasonPhrase(int status);
[[nodiscard]] bool statusHasBody(int status); // not 1xx, 204, 304

struct AnswerHead {
  int status = 200;
  std::string_view common; // request id and CORS lines; may be empty
  const Headers *headers = nullptr;
  std::string_view content_type; // empty: none, or the one in headers
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;
  bool keep_alive_1_0 = false; // HTTP/1.0 clients must be told
};
void appendHead(std::string &out, const AnswerHead &head);

struct Failure {
  int status;
  std::string text;
  std::string_view content_type;
};
// `code` may also be an HTTP status of 400 or more. An empty text becomes the contract's for that failure.
Failure failureOf(Code code, std::string_view text);

std::string errorBody(std::string_view text);                              // {"error":...}
std::string errorBody(std::string_view text, std::string_view request_id); // with request_id

} // namespace pinion::core::http
