// The cross-origin headers of every routed answer (contract http.md 1.1). Read once at start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pinion::core::http {

class Cors {
public:
  Cors(std::string panel_origin, std::vector<std::string> allowed, bool private_network);
  // The header lines, each with CR LF. `origin` is the request's, empty when it has none.
  void append(std::string &out, std::string_view origin) const;
  [[nodiscard]] std::string_view allowedOrigin(std::string_view origin) const;

private:
  std::string panel_origin_;
  std::vector<std::string> allowed_;
  std::string fixed_;
};

} // namespace pinion::core::http
