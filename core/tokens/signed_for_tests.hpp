// Tokens that are signed as the Panel does, or wrongly. Only for *_test.cpp files.
#pragma once

#include "tokens/tokens.hpp"

#include <catch2/catch.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>

namespace pinion::core::testing {

inline const std::string kSecret = "a-node-secret-0123456789abcdef";
inline constexpr double kBoot = 1'700'000'000.5;

inline std::string encode(std::string_view bytes) {
  static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0, count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out.push_back(alphabet[bits >> (count - 6) & 63]);
    bits &= 0xff;
  }
  if (count) out.push_back(alphabet[bits << (6 - count) & 63]);
  return out;
}

inline std::string sign(const std::string &claims, const std::string &secret = kSecret,
                        const std::string &header = R"({"alg":"HS256","typ":"JWT"})",
                        const EVP_MD *digest = EVP_sha256()) {
  const std::string text = encode(header) + "." + encode(claims);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(digest, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char *>(text.data()),
       text.size(), mac, &length);
  return text + "." + encode({reinterpret_cast<char *>(mac), length});
}

// A token of the Panel: `extra` are further members.
inline std::string claims(const std::string &extra, int issued = 1'700'000'010, int expires = 1'700'000'600) {
  return "{\"iat\":" + std::to_string(issued) + ",\"nbf\":" + std::to_string(issued - 300) +
         ",\"exp\":" + std::to_string(expires) + (extra.empty() ? "" : ",") + extra + "}";
}

struct ClockedTokens {
  double now = 1'700'000'020.25;
  Tokens tokens{kSecret, kBoot, nullptr, [this] { return now; }};
  std::string text(const std::string &jwt, const char *scope = "file-download") const {
    const auto verified = tokens.verify(jwt, scope);
    return verified ? "ok" : verified.error().text;
  }
  Code code(const std::string &jwt, const char *scope = "file-download") const {
    const auto verified = tokens.verify(jwt, scope);
    return verified ? Code::ok : verified.error().code;
  }
};

inline const std::string kWebsocket =
    R"("server_uuid":"s","user_uuid":"u","jti":"j","permissions":["websocket.connect"])";
inline const std::string kFile = R"("server_uuid":"s","user_uuid":"u","jti":"j","unique_id":"x","file_path":"/f")";

} // namespace pinion::core::testing
