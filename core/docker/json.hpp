// What this room reads from the engine's answers and from verbs' arguments, over Poco::JSON. Nothing here throws:
// missing or of another type is the default.
#pragma once

#include "base/result.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <cstdint>
#include <string>
#include <vector>

namespace pinion::core::json {

using Object = Poco::JSON::Object::Ptr;
using Array = Poco::JSON::Array::Ptr;

Result<Object> parseObject(const std::string &text); // Code::invalid
Result<Array> parseArray(const std::string &text);
std::string text(const Object &object, const std::string &key, const std::string &otherwise = {});
std::int64_t number(const Object &object, const std::string &key, std::int64_t otherwise = 0);
std::uint64_t unsignedNumber(const Object &object, const std::string &key);
bool flag(const Object &object, const std::string &key);
Object object(const Object &object, const std::string &key); // null when there is none
Array array(const Object &object, const std::string &key);   // null when there is none
std::vector<std::string> texts(const Array &array);          // entries that are no text are left out
// Milliseconds since 1970 of "2024-03-01T10:20:30.123456789Z"; 0 for what is none and for Go's zero time.
std::int64_t moment(const std::string &rfc3339);

} // namespace pinion::core::json
