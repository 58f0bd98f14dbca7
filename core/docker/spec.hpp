// Bodies of POST /containers/create (contract docker.md 3 and 12) and of the live update. Pure: what they need of the
// machine is handed in.
#pragma once

#include "config/config.hpp"
#include "docker/mounts.hpp"
#include "docker/resources.hpp"
#include "servers/settings.hpp"

#include <string>
#include <vector>

namespace pinion::core {

struct ServerSpec {
  const Settings &settings;
  const Config &config;
  std::vector<Mount> mounts; // serverMounts()
  bool io_weight = true;     // ioWeightSupported()
};
// Warnings name environment variables that cannot be shown.
std::string serverBody(const ServerSpec &spec, std::vector<std::string> &warnings);

struct OnceSpec {
  const Settings &settings;
  const Config &config;
  std::string image, hostname, label;
  std::vector<std::string> command;
  std::vector<Mount> mounts;
  Minimum minimum;
  bool has_minimum = false;
  bool io_weight = true;
};
std::string onceBody(const OnceSpec &spec, std::vector<std::string> &warnings);

// Body of POST /containers/<id>/update.
std::string updateBody(const Settings &settings, const Config &config, bool io_weight);

std::string imageName(const std::string &image); // without the leading "~"
// The network of a server whose outgoing address is forced; empty when it is not.
std::string forcedNetwork(const Settings &settings);

} // namespace pinion::core
