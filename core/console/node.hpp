// Reaching the daemon that a configuration file belongs to: where it listens, with what rights, and its servers.
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"

#include <Poco/Net/HTTPClientSession.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace pinion::core {

struct ServerName {
  std::string uuid, name;
};

class Node {
public:
  // Code::invalid when the configuration does not let a console in; the error says what to add.
  static Result<Node> of(const Config &config);

  // [main] The servers that the daemon knows now. Errors name host and port and what to do.
  [[nodiscard]] Result<std::vector<ServerName>> servers() const;
  // A connected session; TLS is trusted when the peer shows the certificate that the configuration names. Throws Poco's
  // exceptions.
  [[nodiscard]] std::unique_ptr<Poco::Net::HTTPClientSession> connect() const;
  // A token for the websocket of one server, good for ten minutes from `now`.
  [[nodiscard]] std::string websocketToken(const std::string &uuid, std::chrono::system_clock::time_point now) const;
  [[nodiscard]] const std::string &origin() const { return origin_; }
  [[nodiscard]] std::string address() const; // "127.0.0.1:8080"

private:
  std::string host_, token_, origin_, certificate_;
  int port_ = 0;
  bool tls_ = false;
};

// The one that `wanted` means: a UUID, its first eight characters, or a name. The error lists what there is.
Result<ServerName> pickServer(const std::vector<ServerName> &servers, const std::string &wanted);

Result<std::vector<ServerName>> decodeServers(const std::string &json);

// The origin that a console sends; also what a standalone configuration allows.
inline constexpr const char *console_origin = "pinion://console";

} // namespace pinion::core
