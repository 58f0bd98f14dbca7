#include "settings.hpp"

namespace sftp {

using pinion::Error;
using pinion::Host;
using pinion::Json;
using pinion::Result;

Result<Settings> readSettings(const Host &host) {
  Settings out;
  if (const Json value = host.node("/system/sftp/bind_address"); value.is_string())
    out.bind_address = value.get<std::string>();
  if (const Json value = host.node("/system/sftp/bind_port"); value.is_number_integer()) out.bind_port = value;
  if (const Json value = host.node("/system/sftp/read_only"); value.is_boolean()) out.read_only = value;
  if (const Json value = host.node("/system/sftp/key_only"); value.is_boolean()) out.key_only = value;
  const Json section = host.config();
  std::string wrong;
  const auto number = [&](const char *name, auto &to, std::int64_t least, std::int64_t most) {
    if (!section.is_object() || !section.contains(name)) return;
    const Json &value = section[name];
    if (value.is_number_integer() && value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most)
      to = static_cast<std::remove_reference_t<decltype(to)>>(value.get<std::int64_t>());
    else if (wrong.empty())
      wrong = std::string("plugins.sftp.") + name + " must be a number from " + std::to_string(least) + " to " +
              std::to_string(most);
  };
  number("max_connections", out.max_connections, 1, 10'000);
  number("max_per_address", out.max_per_address, 1, 10'000);
  number("max_logging_in", out.max_logging_in, 1, 10'000);
  number("max_logging_in_per_address", out.max_logging_in_per_address, 1, 10'000);
  number("max_per_user", out.max_per_user, 1, 10'000);
  number("login_seconds", out.login_seconds, 5, 600);
  number("idle_minutes", out.idle_minutes, 0, 100'000);
  if (!wrong.empty()) return Error{PINION_E_INVALID, wrong};
  return out;
}

} // namespace sftp
