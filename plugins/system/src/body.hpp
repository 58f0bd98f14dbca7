// Bodies of the HTTP API, decoded as leniently as ever, and the errors they are answered with (contract http.md 1.4).
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pinion::system {

// What is wrong with a body: `empty` and `malformed` have texts of their own.
enum class BodyFault { empty, malformed };

// The object of a body, or why there is none. Keys are matched without regard to case, the last of several wins, null
// leaves the default, what follows the object is ignored. A body of `null` is an object without members.
class Body {
public:
  static std::variant<Body, BodyFault> parse(std::string_view text);

  // False when the member is there with another type. `out` stays as it is when there is none.
  bool read(std::string_view lower_case_key, std::string &out) const;
  bool read(std::string_view lower_case_key, bool &out) const;
  bool read(std::string_view lower_case_key, std::vector<std::string> &out) const;
  // The object as JSON text, without what followed it.
  [[nodiscard]] std::string text() const;

private:
  explicit Body(nlohmann::json object) : object_(std::move(object)) {}
  [[nodiscard]] const nlohmann::json *find(std::string_view lower_case_key) const;
  nlohmann::json object_;
};

// A UUID of version 4 as the Panel writes it: lower-case, with dashes, nothing around it.
bool isServerUuid(std::string_view text);

} // namespace pinion::system
