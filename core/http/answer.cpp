#include "http/answer.hpp"

#include "base/json_text.hpp"

#include <array>
#include <ctime>

namespace pinion::core::http {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second a thread.
std::string_view httpDate() {
  thread_local std::time_t made = 0;
  thread_local std::array<char, 32> text{};
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    static constexpr std::array<const char *, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char *, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    const std::string pattern = std::string(kDays.at(static_cast<std::size_t>(utc.tm_wday))) + ", %d " +
                                kMonths.at(static_cast<std::size_t>(utc.tm_mon)) + " %Y %H:%M:%S GMT";
    std::strftime(text.data(), text.size(), pattern.c_str(), &utc);
    made = now;
  }
  return text.data();
}

} // namespace

std::string_view reasonPhrase(int status) {
  switch (status) {
  case 100: return "Continue";
  case 101: return "Switching Protocols";
  case 200: return "OK";
  case 201: return "Created";
  case 202: return "Accepted";
  case 204: return "No Content";
  case 206: return "Partial Content";
  case 301: return "Moved Permanently";
  case 302: return "Found";
  case 304: return "Not Modified";
  case 307: return "Temporary Redirect";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 408: return "Request Timeout";
  case 409: return "Conflict";
  case 413: return "Request Entity Too Large";
  case 416: return "Requested Range Not Satisfiable";
  case 417: return "Expectation Failed";
  case 418: return "I'm a teapot";
  case 422: return "Unprocessable Entity";
  case 429: return "Too Many Requests";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 501: return "Not Implemented";
  case 502: return "Bad Gateway";
  case 503: return "Service Unavailable";
  case 504: return "Gateway Timeout";
  case 505: return "HTTP Version Not Supported";
  case 507: return "Insufficient Storage";
  default: return "Status";
  }
}

bool statusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

void appendHead(std::string &out, const AnswerHead &head) {
  out += "HTTP/1.1 ";
  out += std::to_string(head.status);
  out += ' ';
  out += reasonPhrase(head.status);
  out += "\r\n";
  out += head.common;
  if (head.headers != nullptr)
    for (const auto &[name, value] : *head.headers) out.append(name).append(": ").append(value).append("\r\n");
  if (!head.content_type.empty()) out.append("Content-Type: ").append(head.content_type).append("\r\n");
  if (head.content_length) out.append("Content-Length: ").append(std::to_string(*head.content_length)).append("\r\n");
  if (head.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (head.close)
    out += "Connection: close\r\n";
  else if (head.keep_alive_1_0)
    out += "Connection: keep-alive\r\n";
  out.append("Date: ").append(httpDate()).append("\r\n\r\n");
}

Failure failureOf(Code code, std::string_view text) {
  const int number = static_cast<int>(code);
  const auto failure = [&](int status, std::string_view generic) {
    return Failure{status, std::string(text.empty() ? generic : text), kJson};
  };
  if (number >= 400 && number <= 599) return failure(number, kGenericError);
  switch (code) {
  case Code::invalid: {
    auto out = failure(400, kGenericError);
    // A body that is not the JSON expected: the contract has this one answer as text.
    if (text.empty()) out.content_type = kText;
    return out;
  }
  case Code::notFound: return failure(404, "The requested resources was not found on the system.");
  case Code::denied: return failure(403, "You are not authorized to access this endpoint.");
  case Code::busy: return failure(409, kGenericError);
  case Code::full: return failure(400, "There is not enough disk space available to perform that action.");
  case Code::stopping: return failure(503, kGenericError);
  case Code::timeout: // 500, not 504: so it is on the wire
    return failure(500, "The server could not process this request in time, please try again.");
  case Code::cancelled: return failure(500, "Request aborted by client.");
  case Code::ok:
  case Code::io:
  case Code::unsupported:
  case Code::internal: break;
  }
  return failure(500, kGenericError);
}

std::string errorBody(std::string_view text) {
  std::string out = R"({"error":)";
  appendJsonString(out, text);
  out += '}';
  return out;
}

std::string errorBody(std::string_view text, std::string_view request_id) {
  std::string out = R"({"error":)";
  appendJsonString(out, text);
  out += R"(,"request_id":)";
  appendJsonString(out, request_id);
  out += '}';
  return out;
}

} // namespace pinion::core::http
