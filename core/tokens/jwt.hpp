// Reading one signed token: its form, its HS256 signature, its claims. Knows no clock and no list.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

struct Claims {
  std::string json; // as they were signed
  std::optional<double> expires, issued, not_before;
  std::string id, user, server; // jti, user_uuid, server_uuid; empty: absent
  std::optional<std::vector<std::string>> permissions, scopes;
  bool has_file_path = false, has_backup = false, has_subject = false, has_server = false;
};

// Code::invalid for everything that is not exactly what the holder of `secret` signed with HS256. An empty secret
// verifies nothing. The secret is checked before the claims are parsed.
Result<Claims> readToken(std::string_view jwt, std::string_view secret);

// Strict base64url without padding; none for anything else.
std::optional<std::string> base64UrlDecode(std::string_view text);

} // namespace pinion::core
