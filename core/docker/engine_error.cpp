#include "docker/engine_error.hpp"

#include "docker/json.hpp"

namespace pinion::core {

std::string engineMessage(int status, const std::string &body) {
  std::string message;
  if (const auto answer = json::parseObject(body)) message = json::text(*answer, "message");
  if (message.empty()) message = body.substr(0, 500);
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
  if (message.empty()) message = "status " + std::to_string(status);
  return "Error response from daemon: " + message;
}

Error engineError(const std::string &what, int status, const std::string &body) {
  const Code code = status == 404   ? Code::notFound
                    : status == 409 ? Code::busy
                    : status == 400 ? Code::invalid
                                    : Code::io;
  return {code, what + ": " + engineMessage(status, body)};
}

Error during(const std::string &what, const Error &problem) { return {problem.code, what + ": " + problem.text}; }

std::string urlEncoded(const std::string &text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
  }
  return out;
}

} // namespace pinion::core
