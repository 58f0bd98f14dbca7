#include "http/cors.hpp"

namespace pinion::core::http {

Cors::Cors(std::string panel_origin, std::vector<std::string> allowed, bool private_network)
    : panel_origin_(std::move(panel_origin)), allowed_(std::move(allowed)),
      fixed_("Access-Control-Allow-Credentials: true\r\n"
             "Access-Control-Allow-Methods: GET, POST, PATCH, PUT, DELETE, OPTIONS\r\n"
             "Access-Control-Allow-Headers: Accept, Accept-Encoding, Authorization, Cache-Control, Content-Type, "
             "Content-Length, Origin, X-Real-IP, X-CSRF-Token\r\n"
             "Access-Control-Max-Age: 7200\r\n") {
  // The request header's name, as the contract has it.
  if (private_network) fixed_ += "Access-Control-Request-Private-Network: true\r\n";
}

std::string_view Cors::allowedOrigin(std::string_view origin) const {
  if (origin != panel_origin_)
    for (const auto &entry : allowed_)
      if (entry == "*" || entry == origin) return entry;
  return panel_origin_;
}

void Cors::append(std::string &out, std::string_view origin) const {
  out += "Access-Control-Allow-Origin: ";
  out += allowedOrigin(origin);
  out += "\r\n";
  out += fixed_;
}

} // namespace pinion::core::http
