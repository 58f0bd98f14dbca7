// JSON bodies of the HTTP API, decoded as leniently as its clients need it, and the answers to what is wrong with them
// or goes wrong afterwards (contract http.md 1.4). Header-only; for routes of plugins. Whoever holds the exchange may
// call it, on any thread.
#pragma once

#include <pinion/cpp/exchange.hpp>
#include <pinion/cpp/host.hpp>
#include <pinion/cpp/json_text.hpp>

#include <cctype>
#include <limits>
#include <sstream>
#include <vector>

namespace pinion {
inline namespace v0 {

// What is wrong with a body: `empty` and `malformed` have texts of their own.
enum class BodyFault { empty, malformed };

// Is `key` that name but for the case of its letters? `lower` is lower-case ASCII.
inline bool isKey(std::string_view key, std::string_view lower) {
  return std::equal(key.begin(), key.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

// The object of a body, or why there is none: what nests deeper than its clients' own libraries allow, or holds more
// values than any of them sends, is malformed, because it would cost far more memory than it is long. Keys are matched
// without regard to case, the last of several wins, null leaves the default, what follows the object is ignored. A body
// of `null` is an object without members.
class RequestBody {
public:
  // What was parsed elsewhere and is known to be an object.
  explicit RequestBody(nlohmann::json object) : object_(std::move(object)) {}

  static std::variant<RequestBody, BodyFault> parse(std::string_view text) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return BodyFault::empty;
    if (!isModest(text)) return BodyFault::malformed;
    if (text.starts_with("\xef\xbb\xbf")) return BodyFault::malformed; // no mark of UTF-8 belongs before JSON
    nlohmann::json document;
    try { // what follows the first value is ignored, which only the stream operator can
      std::istringstream(validUtf8(text)) >> document;
    } catch (const nlohmann::json::exception &) {
      return BodyFault::malformed;
    }
    if (document.is_null()) document = nlohmann::json::object();
    if (!document.is_object()) return BodyFault::malformed;
    return RequestBody(std::move(document));
  }

  // False when the member is there with another type. `out` stays as it is when there is none.
  bool read(std::string_view lower_case_key, std::string &out) const {
    return readEach(lower_case_key, [&](const nlohmann::json &value) {
      if (value.is_string()) out = value.get<std::string>();
      return value.is_string();
    });
  }
  bool read(std::string_view lower_case_key, bool &out) const {
    return readEach(lower_case_key, [&](const nlohmann::json &value) {
      if (value.is_boolean()) out = value.get<bool>();
      return value.is_boolean();
    });
  }
  bool read(std::string_view lower_case_key, std::int64_t &out) const {
    return readEach(lower_case_key, [&](const nlohmann::json &value) {
      constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > most)) return false;
      out = value.get<std::int64_t>();
      return true;
    });
  }
  bool read(std::string_view lower_case_key, std::vector<std::string> &out) const {
    return readArray(lower_case_key, out, [](const nlohmann::json &one, std::vector<std::string> &into) {
      if (!one.is_string() && !one.is_null()) return false;
      into.push_back(one.is_null() ? std::string() : one.get<std::string>());
      return true;
    });
  }
  bool read(std::string_view lower_case_key, std::vector<RequestBody> &out) const {
    return readArray(lower_case_key, out, [](const nlohmann::json &one, std::vector<RequestBody> &into) {
      if (!one.is_object() && !one.is_null()) return false;
      into.push_back(RequestBody(one.is_null() ? nlohmann::json::object() : one));
      return true;
    });
  }
  // The object as JSON text, without what followed it.
  [[nodiscard]] std::string text() const { return object_.dump(); }

private:
  static constexpr std::size_t kDeepest = 10'000, kMostValues = 250'000;
  // Looks at the first value only, and takes it as it comes: whether it is JSON is the parser's business.
  static bool isModest(std::string_view text) {
    std::size_t depth = 0, values = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (quoted) {
        if (c == '\\') ++i;
        if (c == '"') quoted = false;
        continue;
      }
      if (c == '"') quoted = true;
      if ((c == '[' || c == '{') && ++depth > kDeepest) return false;
      if ((c == ']' || c == '}') && (depth == 0 || --depth == 0)) return true;
      if (c == ',' && ++values > kMostValues) return false;
    }
    return true;
  }
  // False when `take` refuses the value of a member of that name; those that are null are passed over.
  template <typename Take> bool readEach(std::string_view lower_case_key, Take take) const {
    for (const auto &[key, value] : object_.items())
      if (isKey(key, lower_case_key) && !value.is_null() && !take(value)) return false;
    return true;
  }
  template <typename T, typename Append>
  bool readArray(std::string_view lower_case_key, std::vector<T> &out, Append append) const {
    return readEach(lower_case_key, [&](const nlohmann::json &value) {
      if (!value.is_array()) return false;
      out.clear();
      return std::all_of(value.begin(), value.end(), [&](const nlohmann::json &one) { return append(one, out); });
    });
  }
  nlohmann::json object_;
};

// A status with a text and the id of the request, as errors that no handler words itself are answered.
inline void answerWithId(Exchange &exchange, uint32_t status, std::string_view text,
                         const char *type = "application/json; charset=utf-8") {
  const Json body = {{"error", text}, {"request_id", exchange.field("request-id").value_or("")}};
  exchange.answer(status, detail::dump(body), type);
}

inline constexpr const char *kGenericFailure = "An unexpected error was encountered while processing this request";
inline constexpr const char *kTooSlow = "The server could not process this request in time, please try again.";

// 400: nothing was sent, or not what was expected. Text with JSON in it: so it always was.
inline void answerBadBody(Exchange &exchange, BodyFault fault) {
  constexpr const char *plain = "text/plain; charset=utf-8";
  constexpr const char *unreadable = "The data passed in the request was not in a parsable format. Please try again.";
  if (fault == BodyFault::empty)
    exchange.answer(400, detail::dump(Json{{"error", unreadable}}), plain);
  else
    answerWithId(exchange, 400, kGenericFailure, plain);
}

// False after it has answered that the body is not what was expected. `read(const RequestBody &) -> bool` says false
// when a member has the wrong type.
template <typename Read> bool readBody(Exchange &exchange, Read read) {
  const auto body = RequestBody::parse(exchange.body());
  if (const auto *fault = std::get_if<BodyFault>(&body)) {
    answerBadBody(exchange, *fault);
    return false;
  }
  if (read(std::get<RequestBody>(body))) return true;
  answerBadBody(exchange, BodyFault::malformed);
  return false;
}

// 500 without detail, with the id of the request; the detail goes to the log under that id.
inline void answerUnexpected(Exchange &exchange, const Host &host, const Error &error) {
  host.error("a request failed", Json{{"method", exchange.field("method").value_or("")},
                                      {"path", validUtf8(exchange.field("path").value_or(""))},
                                      {"request_id", exchange.field("request-id").value_or("")},
                                      {"error", validUtf8(error.text)}});
  answerWithId(exchange, 500, error.code == PINION_E_TIMEOUT ? kTooSlow : kGenericFailure);
}

} // namespace v0
} // namespace pinion
