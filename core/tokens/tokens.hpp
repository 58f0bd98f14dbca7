// Signed tokens, the node token, one-time ids and denylists (contract http.md 7, websocket.md 3). Thread-safe.
#pragma once

#include "base/result.hpp"
#include "store/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

class Tokens {
public:
  using Now = std::function<double()>; // Unix seconds
  // `boot` is the instant before which a websocket token's iat is refused. `store` keeps one-time ids and denials
  // over restarts; null keeps them in memory.
  Tokens(std::string secret, double boot, Store *store, Now now = {});
  ~Tokens();

  void setSecret(std::string secret); // the token changed: inbound auth and JWT key at once
  // Constant time. False when no secret is configured.
  [[nodiscard]] bool nodeTokenMatches(std::string_view given) const;

  // Claims as JSON text. Order: readable and HS256 signature (Code::invalid) -> exp -> denylist/boot -> purpose
  // (Code::denied, with the texts of websocket.md 3 for scope "websocket": "jwt: exp claim is invalid",
  // "jwt: created too far in past (denylist)", "jwt: missing connect permission").
  // `scope`: websocket, file-download, backup-download, file-upload, transfer. Enforced where the claim is there; else
  // the purpose is inferred from the claims' shape (demands-and-cves.md row 16).
  [[nodiscard]] Result<std::string> verify(std::string_view jwt, std::string_view scope) const;
  Result<void> useOnce(const std::string &id, std::int64_t expiry);
  // Denials hold at once, and are in the store when the call returns (one flush: [lane] or [pool]); where they cannot
  // be stored the log says so, and they hold until the daemon ends.
  void denyIds(const std::vector<std::string> &jtis);
  // Every server when `servers` is empty.
  void denyUser(const std::string &user, const std::vector<std::string> &servers);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace pinion::core
