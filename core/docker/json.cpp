#include "docker/json.hpp"

#include <Poco/Exception.h>
#include <Poco/JSON/Parser.h>

#include <cstdio>
#include <ctime>

namespace pinion::core::json {

namespace {

template <typename T> T valueOf(const Object &object, const std::string &key, T otherwise) {
  if (object.isNull()) return otherwise;
  try {
    const auto value = object->get(key);
    if (value.isEmpty()) return otherwise;
    return value.convert<T>();
  } catch (const Poco::Exception &) {
    return otherwise;
  }
}

template <typename T> Result<T> parse(const std::string &text, const char *what) {
  try {
    return Poco::JSON::Parser().parse(text).extract<T>();
  } catch (const std::exception &) {
    return Error{Code::invalid, std::string("this is no JSON ") + what + ": " + text.substr(0, 200)};
  }
}

} // namespace

Result<Object> parseObject(const std::string &text) { return parse<Object>(text, "object"); }
Result<Array> parseArray(const std::string &text) { return parse<Array>(text, "list"); }

std::string text(const Object &object, const std::string &key, const std::string &otherwise) {
  if (object.isNull() || !object->get(key).isString()) return otherwise;
  return valueOf<std::string>(object, key, otherwise);
}

std::int64_t number(const Object &object, const std::string &key, std::int64_t otherwise) {
  return valueOf<Poco::Int64>(object, key, otherwise);
}

std::uint64_t unsignedNumber(const Object &object, const std::string &key) {
  return valueOf<Poco::UInt64>(object, key, 0);
}

bool flag(const Object &object, const std::string &key) {
  if (object.isNull() || !object->get(key).isBoolean()) return false;
  return valueOf<bool>(object, key, false);
}

Object object(const Object &object, const std::string &key) {
  return object.isNull() ? Object() : object->getObject(key);
}

Array array(const Object &object, const std::string &key) { return object.isNull() ? Array() : object->getArray(key); }

std::vector<std::string> texts(const Array &array) {
  std::vector<std::string> out;
  if (array.isNull()) return out;
  for (const auto &value : *array)
    if (value.isString()) out.push_back(value.convert<std::string>());
  return out;
}

std::int64_t moment(const std::string &text) {
  std::tm parts{};
  int consumed = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &consumed) != 6)
    return 0;
  if (parts.tm_year < 1970) return 0;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  std::int64_t out = static_cast<std::int64_t>(::timegm(&parts)) * 1000;
  auto at = static_cast<std::size_t>(consumed);
  if (at < text.size() && text[at] == '.') {
    int scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      out += (text[at] - '0') * scale;
  }
  int hours = 0, minutes = 0;
  char sign = 0;
  if (at < text.size() && std::sscanf(text.c_str() + at, "%c%2d:%2d", &sign, &hours, &minutes) == 3)
    out += (sign == '-' ? 1 : -1) * (hours * 60 + minutes) * 60000LL;
  return out;
}

} // namespace pinion::core::json
