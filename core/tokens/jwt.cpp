#include "tokens/jwt.hpp"

#include <Poco/Dynamic/Var.h>
#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <climits>
#include <cmath>

namespace pinion::core {

namespace {

constexpr std::size_t kLongestToken = 64 * 1024;
constexpr std::size_t kDeepest = 32;

using Poco::Dynamic::Var;
using Object = Poco::JSON::Object;

Error invalid(const char *why) { return {Code::invalid, std::string("jwt: ") + why}; }

struct Parts {
  std::string_view signed_text, header, payload, signature;
};

std::optional<Parts> split(std::string_view jwt) {
  const auto first = jwt.find('.');
  const auto second = first == std::string_view::npos ? first : jwt.find('.', first + 1);
  if (second == std::string_view::npos || jwt.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{jwt.substr(0, second), jwt.substr(0, first), jwt.substr(first + 1, second - first - 1),
               jwt.substr(second + 1)};
}

// Poco's JWT class throws on foreign algorithms and checks no times, so OpenSSL is asked directly.
bool signatureMatches(const Parts &parts, std::string_view secret) {
  const auto given = base64UrlDecode(parts.signature);
  if (!given || secret.size() > INT_MAX) return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> wanted{};
  unsigned length = 0;
  if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char *>(parts.signed_text.data()), parts.signed_text.size(), wanted.data(),
            &length))
    return false;
  return given->size() == length && CRYPTO_memcmp(given->data(), wanted.data(), length) == 0;
}

Object::Ptr parseObject(const std::string &text) {
  Poco::JSON::Parser parser;
  parser.setDepth(kDeepest);
  const Var value = parser.parse(text);
  return value.type() == typeid(Object::Ptr) ? value.extract<Object::Ptr>() : Object::Ptr();
}

bool isNumber(const Var &value) {
  return !value.isEmpty() && value.type() != typeid(bool) && !value.isString() && value.isNumeric();
}

// None: absent or null. A time of another type refuses the token.
Result<std::optional<double>> time(const Object &claims, const char *name) {
  const Var value = claims.get(name);
  if (value.isEmpty()) return std::optional<double>();
  if (!isNumber(value)) return invalid("a time among the claims is no number");
  const auto number = value.convert<double>();
  if (!std::isfinite(number)) return invalid("a time among the claims is no number");
  return std::optional(number);
}

Result<std::string> text(const Object &claims, const char *name) {
  const Var value = claims.get(name);
  if (value.isEmpty()) return std::string();
  if (!value.isString()) return invalid("a claim is no string");
  return value.convert<std::string>();
}

// A list of strings, or the words of one string.
std::vector<std::string> words(const Var &value) {
  std::vector<std::string> out;
  if (value.isString()) {
    const auto text = value.convert<std::string>();
    for (std::size_t begin = 0; (begin = text.find_first_not_of(' ', begin)) != std::string::npos;) {
      const auto end = std::min(text.find(' ', begin), text.size());
      out.push_back(text.substr(begin, end - begin));
      begin = end;
    }
  } else if (value.type() == typeid(Poco::JSON::Array::Ptr)) {
    for (const auto &item : *value.extract<Poco::JSON::Array::Ptr>())
      if (item.isString()) out.push_back(item.convert<std::string>());
  }
  return out;
}

bool has(const Object &claims, const char *name) { return !claims.get(name).isEmpty(); }

Result<Claims> readClaims(std::string json) {
  const auto object = parseObject(json);
  if (!object) return invalid("the claims are no object");
  Claims claims;
  for (auto [name, slot] :
       {std::pair{"exp", &claims.expires}, std::pair{"iat", &claims.issued}, std::pair{"nbf", &claims.not_before}}) {
    auto value = time(*object, name);
    if (!value) return value.error();
    *slot = *value;
  }
  for (auto [name, slot] :
       {std::pair{"jti", &claims.id}, std::pair{"user_uuid", &claims.user}, std::pair{"server_uuid", &claims.server}}) {
    auto value = text(*object, name);
    if (!value) return value.error();
    *slot = std::move(*value);
  }
  if (object->has("permissions")) {
    const Var permissions = object->get("permissions");
    claims.permissions = permissions.isString() ? std::vector<std::string>() : words(permissions);
  }
  if (object->has("scope")) claims.scopes = words(object->get("scope"));
  claims.has_file_path = has(*object, "file_path");
  claims.has_backup = has(*object, "backup_uuid");
  claims.has_subject = has(*object, "sub");
  claims.has_server = has(*object, "server_uuid");
  claims.json = std::move(json);
  return claims;
}

Result<Claims> read(const Parts &parts, std::string_view secret) {
  const auto header = base64UrlDecode(parts.header);
  if (!header) return invalid("it cannot be decoded");
  const auto fields = parseObject(*header);
  if (!fields || !fields->get("alg").isString() || fields->get("alg").convert<std::string>() != "HS256" ||
      fields->has("crit"))
    return invalid("it is not signed with HS256");
  if (secret.empty() || !signatureMatches(parts, secret)) return invalid("the signature is wrong");
  auto payload = base64UrlDecode(parts.payload);
  if (!payload) return invalid("it cannot be decoded");
  return readClaims(std::move(*payload));
}

} // namespace

std::optional<std::string> base64UrlDecode(std::string_view text) {
  const auto value = [](char c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '-'             ? 62
           : c == '_'             ? 63
                                  : -1;
  };
  std::string out;
  out.reserve(text.size() * 3 / 4);
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    const int six = value(c);
    if (six < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(six)) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  // Left-over bits must be zero, and never a whole character.
  if (count == 6 || (bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return out;
}

Result<Claims> readToken(std::string_view jwt, std::string_view secret) {
  if (jwt.size() > kLongestToken) return invalid("it is too long");
  const auto parts = split(jwt);
  if (!parts) return invalid("it does not have three parts");
  try {
    return read(*parts, secret);
  } catch (const Poco::Exception &) {
    return invalid("it holds no JSON");
  } catch (const std::exception &) {
    return invalid("it holds no JSON");
  }
}

} // namespace pinion::core
