// The installation log: a head in a fixed form, then what the script printed (contract docker.md 12).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace install {

struct LogHead {
  std::string uuid, image, entrypoint;
  std::vector<std::string> environment; // "KEY=value"
};

// Values are escaped as for HTML, as existing daemons do; what the script prints is not.
std::string logHead(const LogHead &head);

// The part after the head, or everything when there is no head.
std::string_view scriptOutput(std::string_view log);

} // namespace install
